import { MetadataStorage, UnderscoreNamingStrategy } from '@mikro-orm/core';
import type { Money } from '../../domain/money.ts';
import { memo } from '../request/memo.ts';
import { type Column, column, moneyColumn } from './rows.ts';
import { type Sql, sql } from './sql.ts';

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
}

interface Declared {
  readonly kind?: string;
  readonly persist?: boolean;
  readonly fieldName?: string;
  readonly prefix?: string | boolean;
}

const naming = new UnderscoreNamingStrategy();

const known = new WeakMap<EntityClass, readonly StoredProperty[]>();

/** Returns the stored properties of an entity, inherited ones first. */
export const storedProperties = (entity: EntityClass): readonly StoredProperty[] =>
  memo(known, entity, () => declaredProperties(entity));

function declaredProperties(entity: EntityClass): readonly StoredProperty[] {
  const base = Object.getPrototypeOf(entity.prototype).constructor as EntityClass;
  const inherited = base.name === 'Object' ? [] : storedProperties(base);
  const declared: Record<string, Declared> = metadataOf(entity)?.properties ?? {};
  const own = Object.entries(declared)
    .filter(([, { persist }]) => persist !== false)
    .map(([name, property]) => storedProperty(name, property));
  const byName = new Map([...inherited, ...own].map((property) => [property.name, property])); // a class may redeclare
  return [...byName.values()];
}

const metadataOf = (entity: EntityClass) =>
  Object.getOwnPropertyDescriptor(entity, MetadataStorage.META_SYMBOL)?.value;

function storedProperty(name: string, { kind, fieldName, prefix }: Declared): StoredProperty {
  const isMoney = kind === 'embedded'; // money is the only embeddable
  const stored = fieldName ?? naming.propertyToColumnName(name);
  const start = typeof prefix === 'string' ? prefix : `${stored}_`;
  return {
    name,
    columns: isMoney ? [`${start}minor`, `${start}currency`] : [stored],
    isMoney,
  };
}

/** Returns the columns of each stored property. A `Table` lists by hand only computed columns. */
export function columnsOf(entity: EntityClass, alias: string): Readonly<Record<string, Column>> {
  return Object.fromEntries(
    storedProperties(entity).map(({ name, columns, isMoney }) => {
      const [first, second] = columns.map((each) => `${alias}.${each}`);
      return [name, isMoney ? moneyColumn(first as string, second as string) : column(first as string)];
    }),
  );
}

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);

/** Returns a query that inserts many rows. Columns that no row sets get the default of the database. */
export function insertInto(entity: EntityClass, rows: readonly object[]): Sql {
  const stated = storedProperties(entity).filter(({ name }) =>
    rows.some((row) => (row as Record<string, unknown>)[name] !== undefined),
  );
  const names = sql.raw(stated.flatMap(({ columns }) => columns).join(', '));
  const table = sql.raw(metadataOf(entity).tableName);
  const values = rows.map((row) => Object.fromEntries(stated.flatMap((property) => valuesOf(property, row))));
  return sql`insert into ${table} (${names}) select ${names}
    from jsonb_populate_recordset(null::${table}, ${JSON.stringify(values)}::jsonb)`;
}

function valuesOf(
  { name, columns, isMoney }: StoredProperty,
  row: object,
): [column: string, value: unknown][] {
  const value = (row as Record<string, unknown>)[name];
  if (!isMoney) return [[columns[0] as string, plain(value)]];
  const { minor, currency } = (value ?? {}) as Partial<Money>;
  return [
    [columns[0] as string, plain(minor)],
    [columns[1] as string, currency],
  ];
}
