import { MetadataStorage, UnderscoreNamingStrategy } from '@mikro-orm/core';
import { type Column, column, moneyColumn } from './rows.ts';

/** A class with `@Entity`, or one that such a class extends. */
export interface EntityClass {
  readonly name: string;
  readonly prototype: object;
}

/** A property of an entity, and the columns that store it: one, or two for money. */
export interface StoredProperty {
  readonly name: string;
  readonly columns: readonly string[];
  readonly isMoney: boolean;
  /** Whether the database fills the column of a new row by itself. */
  readonly isGenerated: boolean;
}

interface Declared {
  readonly kind?: string;
  readonly persist?: boolean;
  readonly fieldName?: string;
  readonly prefix?: string | boolean;
  readonly defaultRaw?: string;
}

const naming = new UnderscoreNamingStrategy();

/** What the decorators of an entity say it stores, inherited properties first. */
export function storedProperties(entity: EntityClass): readonly StoredProperty[] {
  const base = Object.getPrototypeOf(entity.prototype).constructor as EntityClass;
  const inherited = base.name === 'Object' ? [] : storedProperties(base);
  const declared: Record<string, Declared> = metadataOf(entity)?.properties ?? {};
  return [
    ...inherited,
    ...Object.entries(declared)
      .filter(([, { persist }]) => persist !== false)
      .map(([name, property]) => storedProperty(name, property)),
  ];
}

export const metadataOf = (entity: EntityClass) =>
  Object.getOwnPropertyDescriptor(entity, MetadataStorage.META_SYMBOL)?.value;

function storedProperty(name: string, { kind, fieldName, prefix, defaultRaw }: Declared): StoredProperty {
  const isMoney = kind === 'embedded'; // money is the only embeddable
  const stored = fieldName ?? naming.propertyToColumnName(name);
  const start = typeof prefix === 'string' ? prefix : `${stored}_`;
  return {
    name,
    columns: isMoney ? [`${start}minor`, `${start}currency`] : [stored],
    isMoney,
    isGenerated: defaultRaw !== undefined,
  };
}

/** How each stored property is read from the entity's table. A `Table` names by hand only what is computed. */
export function columnsOf(entity: EntityClass, alias: string): Readonly<Record<string, Column>> {
  return Object.fromEntries(
    storedProperties(entity).map(({ name, columns, isMoney }) => {
      const [first, second] = columns.map((each) => `${alias}.${each}`);
      return [name, isMoney ? moneyColumn(first as string, second as string) : column(first as string)];
    }),
  );
}
