import { MetadataStorage } from '@mikro-orm/core';
import { type EntityClass, storedProperties } from './columns.ts';

/** The kinds of persons. A visitor without a purchase is not a person in the records. */
export const PersonKind = { PARTNER: 'PARTNER', MEMBER: 'MEMBER', CUSTOMER: 'CUSTOMER' } as const;
export type PersonKind = (typeof PersonKind)[keyof typeof PersonKind];

/** SQL values that an erasure writes into columns. */
export const erased = {
  nothing: 'null',
  notes: `'{}'::jsonb`,
  word: `'erased'`,
  name: `'erased-' || right(id::text, 12)`,
  email: `'erased+' || id || '@invalid'`,
  code: `'ERASED-' || upper(right(id::text, 12))`,
} as const;

interface Rule {
  readonly shownTo?: readonly PersonKind[];
  readonly withheld?: string;
  readonly erasedTo?: string;
}

/** The rules that decorators set for properties of a class, by name; `*` means all properties. */
const rules = new WeakMap<object, Map<string, Rule>>();

function decide(type: object, name: string, rule: Rule): void {
  const decided = rules.get(type) ?? new Map<string, Rule>();
  rules.set(type, decided.set(name, { ...decided.get(name), ...rule }));
}

/** Shows the column in exports for these kinds of persons. */
export const ShownTo =
  (...kinds: PersonKind[]): PropertyDecorator =>
  (target, name) =>
    decide(target.constructor, String(name), { shownTo: kinds });

/** Withholds the column from all exports, for this reason. */
export const Withheld =
  (reason: string): PropertyDecorator =>
  (target, name) =>
    decide(target.constructor, String(name), { withheld: reason });

/** Sets the column to this SQL value when the person is erased. */
export const ErasedTo =
  (sql: string): PropertyDecorator =>
  (target, name) =>
    decide(target.constructor, String(name), { erasedTo: sql });

/** Does the same as `ShownTo` for inherited properties. */
export const Shows =
  (names: readonly string[], ...kinds: PersonKind[]): ClassDecorator =>
  (type) => {
    for (const name of names) decide(type, name, { shownTo: kinds });
  };

/** Withholds all columns of the entity, because they contain no personal data, for this reason. */
export const NotPersonal =
  (reason: string): ClassDecorator =>
  (type) =>
    decide(type, '*', { withheld: reason });

const entities = (): { tableName: string; class: EntityClass }[] =>
  Object.values(MetadataStorage.getMetadata()).filter((each) => each.tableName && each.class) as never;

function columnRules(table: string): [column: string, rule: Rule][] {
  const entity = entities().find(({ tableName }) => tableName === table)?.class;
  if (!entity) throw new Error(`no entity stores ${table}`);
  return storedProperties(entity).flatMap(({ name, columns }) =>
    columns.map((column): [string, Rule] => [column, ruleOf(entity, name)]),
  );
}

/** Returns the rule of the class, or of the class that it extends. */
function ruleOf(type: EntityClass, name: string): Rule {
  const own = rules.get(type)?.get(name);
  if (own) return own;
  const base = Object.getPrototypeOf(type.prototype)?.constructor as EntityClass | undefined;
  return base ? ruleOf(base, name) : {};
}

export const shownColumns = (table: string, kind: PersonKind): string[] =>
  columnRules(table).flatMap(([column, { shownTo }]) => (shownTo?.includes(kind) ? [column] : []));

export const erasedColumns = (table: string): Record<string, string> =>
  Object.fromEntries(
    columnRules(table).flatMap(([column, { erasedTo }]) =>
      erasedTo === undefined ? [] : [[column, erasedTo]],
    ),
  );

/** Returns the withheld columns of each entity's table, with their reasons. */
export const withheldColumns = (): Record<string, Record<string, string>> =>
  Object.fromEntries(
    entities().map(({ tableName, class: type }) => {
      const all = rules.get(type)?.get('*')?.withheld;
      const single = columnRules(tableName).flatMap(([column, { withheld }]) =>
        withheld === undefined ? [] : [[column, withheld]],
      );
      return [tableName, all === undefined ? Object.fromEntries(single) : { '*': all }];
    }),
  );
