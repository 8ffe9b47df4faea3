import { MetadataStorage } from '@mikro-orm/core';
import { type EntityClass, storedProperties } from './columns.ts';

/** Whom a record is about. A visitor who bought nothing is no person of the records. */
export const PersonKind = { PARTNER: 'PARTNER', MEMBER: 'MEMBER', CUSTOMER: 'CUSTOMER' } as const;
export type PersonKind = (typeof PersonKind)[keyof typeof PersonKind];

/** SQL that an erasure puts into a column. */
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

/** What the decorators say of the properties of a class, by name; `*` stands for all of them. */
const rules = new WeakMap<object, Map<string, Rule>>();

function decide(type: object, name: string, rule: Rule): void {
  const decided = rules.get(type) ?? new Map<string, Rule>();
  rules.set(type, decided.set(name, { ...decided.get(name), ...rule }));
}

/** An export of a person's data shows the column to such persons. */
export const ShownTo =
  (...kinds: PersonKind[]): PropertyDecorator =>
  (target, name) =>
    decide(target.constructor, String(name), { shownTo: kinds });

/** An export shows the column to nobody, for this reason. */
export const Withheld =
  (reason: string): PropertyDecorator =>
  (target, name) =>
    decide(target.constructor, String(name), { withheld: reason });

/** An erasure of the person sets the column to this SQL. */
export const ErasedTo =
  (sql: string): PropertyDecorator =>
  (target, name) =>
    decide(target.constructor, String(name), { erasedTo: sql });

/** The same as `ShownTo` for properties that the class inherits. */
export const Shows =
  (names: readonly string[], ...kinds: PersonKind[]): ClassDecorator =>
  (type) => {
    for (const name of names) decide(type, name, { shownTo: kinds });
  };

/** No column of the entity says anything of a person, for this reason. */
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

/** The class's own rule, or the one of the class that it extends. */
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

/** The columns of each entity's table that are withheld, and why. */
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
