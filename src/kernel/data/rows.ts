import type { GraphQLResolveInfo } from 'graphql';
import type { QueryConfig } from 'pg';
import { notFound, unauthenticated } from '../../domain/errors.ts';
import type { Plan } from '../../ports/policy-decision.ts';
import type { Actor, ReadKind } from '../request/actor.ts';
import { boundsOf } from '../request/bounds.ts';
import type { Context } from '../request/context.ts';
import { idOf } from '../request/input.ts';
import { memo } from '../request/memo.ts';
import { askedFields, asksIdOnly, type PerField, perField, type Step } from './asked.ts';
import { MoneyColumn } from './money.column.ts';
import { type AllowList, conditionsOf } from './plan-to-sql.ts';
import { policyImplies } from './policy-implies.ts';
import { prepare, type Sql, sql } from './sql.ts';

/** The SQL expressions of a field over the table's alias, and the function that converts their values. */
export interface Column {
  readonly sql: readonly string[];
  /** Converts the values of the expressions. */
  readonly read?: (...values: never[]) => unknown;
  /** A join needed only by this column. */
  readonly join?: string;
  readonly isMoney?: true;
}

/** The description of a table for reads. All reads use it, so all reads are scoped. */
export interface Table<T extends object> {
  readonly type: { readonly name: string; readonly prototype: T };
  /** Table and alias, e.g. `commissions c`. */
  readonly from: string;
  readonly alias: string;
  /** The column with the id of a row by which pages are ordered. Default: `id` of the alias. */
  readonly order?: string;
  /** The table that has one row for each row of `from`, for counts without a further condition. Default: `from`. */
  readonly counted?: string;
  /** The name of its rows in the policies, and the columns that policies may read. */
  readonly kind: ReadKind;
  readonly attributes: AllowList;
  readonly columns: Readonly<Record<string, Column>>;
  /** Referenced rows: joined if a list selects more than their id. By the foreign keys of the database, a referenced row
   *  has the same tenant and partner. */
  readonly one?: Readonly<Record<string, One>>;
  /** Columns of the row that a field resolver needs. */
  readonly needs?: Readonly<Record<string, readonly string[]>>;
}

/** The description of rows that a policy decides about. */
export type Scoped = Pick<Table<object>, 'kind' | 'attributes'>;

/** Returns the columns that bind a row to its tenant and, for rows of partners, to its partner. */
export const owned = (alias: string, partner?: string): AllowList => ({
  tenantId: { sql: `${alias}.tenant_id`, is: 'string' },
  ...(partner && { partnerId: { sql: partner, is: 'string' } }),
});

interface One {
  /** The column with the id of the referenced row. */
  readonly key: string;
  readonly table: () => Table<{ id: string }>;
}

export const column = (sql: string, join?: string): Column => (join ? { sql: [sql], join } : { sql: [sql] });
export const moneyColumn = (minor: string, currency: string): Column => ({
  sql: [minor, currency],
  isMoney: true,
  read: (value: bigint | null, code: string) =>
    value === null ? null : new MoneyColumn({ minor: value, currency: code }),
});

const translated = new WeakMap<Plan, WeakMap<AllowList, Sql>>();
const all = sql`true`;

/** Returns the condition of the rows that the policies allow the actor to read. Anonymous callers read no row. */
export function scopeOf(actor: Actor, { kind, attributes }: Scoped): Sql {
  if (actor.role === 'SYSTEM') return all;
  if (actor.tenantId === null) throw unauthenticated('This operation needs a credential.');
  const plan = actor.reads.get(kind);
  if (!plan) throw new Error(`the policies were not asked for the visible rows of ${kind}`);
  const conditions = memo(translated, plan, () => new WeakMap<AllowList, Sql>());
  return memo(conditions, attributes, () => sql.and(conditionsOf(plan, attributes)));
}

const parsers: Record<number, (text: string) => unknown> = {
  16: (text) => text === 't',
  20: BigInt,
  21: Number,
  23: Number,
  1082: (text) => text,
  1184: (text) => new Date(text),
  114: (text) => JSON.parse(text),
  3802: (text) => JSON.parse(text),
  1009: (text) => parseTextArray(text),
};
const types = { getTypeParser: (oid: number) => parsers[oid] ?? String } as NonNullable<QueryConfig['types']>;
/** For values that are written as text: bigint and instants stay as PostgreSQL sent them. */
const textTypes = {
  getTypeParser: (oid: number) => (oid === 20 || oid === 1184 ? String : (parsers[oid] ?? String)),
} as NonNullable<QueryConfig['types']>;

function parseTextArray(text: string): string[] {
  if (text === '{}') return [];
  return Array.from(text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g), ([, quoted, bare]) =>
    quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'),
  );
}

/** Runs a query outside any transaction, in the scope of the actor. Values are bigint, Date, text or parsed JSON. */
export function query<Row extends object>(
  { pool, actor }: Pick<Context, 'pool' | 'actor'>,
  statement: Sql<Row>,
): Promise<Row[]> {
  return pool.query(boundsOf(actor), { ...prepare(statement), types });
}

/** The same for a short query of a screen, which goes behind others on a shared connection. */
export function read<Row extends object>(
  { pool, actor }: Pick<Context, 'pool' | 'actor'>,
  statement: Sql<Row>,
): Promise<Row[]> {
  return pool.read(boundsOf(actor), { ...prepare(statement), types });
}

/** Runs a query and returns columns by position. A table has many columns, and reading them by name would be the largest
 *  cost of a row. */
export const queryPositions = (
  { pool, actor }: Pick<Context, 'pool' | 'actor'>,
  statement: Sql,
): Promise<unknown[][]> => pool.read(boundsOf(actor), { ...prepare(statement), rowMode: 'array', types });

/** Returns the columns by position for the writer of a page. */
export const queryWritten = (
  { pool, actor }: Pick<Context, 'pool' | 'actor'>,
  statement: Sql,
  { readsObjects }: { readonly readsObjects: boolean },
): Promise<unknown[][]> =>
  pool.read(boundsOf(actor), {
    ...{ ...prepare(statement), rowMode: 'array', types: readsObjects ? types : textTypes },
  });

/** Returns the rows of a query that selects exactly the columns of the selection. */
export async function readRows<T extends object>(
  ctx: Pick<Context, 'pool' | 'actor'>,
  selection: Pick<Selection<T>, 'read'>,
  statement: Sql,
): Promise<T[]> {
  return (await queryPositions(ctx, statement)).map((values) => selection.read(values));
}

/** Returns the rows of each key, for a query that selects a key before the columns. */
export async function readRowsByKey<T extends object>(
  ctx: Pick<Context, 'pool' | 'actor'>,
  selection: Pick<Selection<T>, 'read'>,
  statement: Sql,
): Promise<Map<unknown, T[]>> {
  const rows = new Map<unknown, T[]>();
  for (const values of await queryPositions(ctx, statement)) {
    const known = rows.get(values[0]);
    const row = selection.read(values, 1);
    if (known) known.push(row);
    else rows.set(values[0], [row]);
  }
  return rows;
}

/** The columns for the answer of a field, computed once per document. */
export interface Selection<T extends object> {
  readonly sql: readonly string[];
  readonly list: Sql;
  readonly joins: Sql;
  /** True if other rows are joined, so that the page must be limited before the joins. */
  readonly wide: boolean;
  /** The joined rows, each with the referencing table. */
  readonly brings: readonly (readonly [row: ReadKind, pointedAt: ReadKind])[];
  /** The place of the first expression of each column, and of each joined row. */
  readonly columns: ReadonlyMap<string, number>;
  readonly joined: ReadonlyMap<string, Joined>;
  readonly read: (values: readonly unknown[], from?: number) => T;
}

interface Joined {
  readonly at: number;
  readonly table: Table<{ id: string }>;
  readonly selection: Selection<object>;
}

const selections: PerField<Selection<object>> = new WeakMap();
const alone: PerField<Selection<object>> = new WeakMap();

/** Returns the selected columns of `table`, plus `always`. `path` leads from the field to the rows.
 *  Referenced rows are joined if the actor may see all of them; otherwise a loader checks each one. */
export function select<T extends object>(
  table: Table<T>,
  info: Selected,
  actor: Actor,
  path: readonly Step[] = [],
  always: readonly string[] = ['id'],
): Selection<T> {
  const selection = selectJoined(table, info, path, always);
  return (
    mayJoin(selection, actor)
      ? selection
      : perField(alone, info, () => selectionOf(table, info, path, always, null))
  ) as Selection<T>;
}

/** Returns the selection with all referenced rows, for a caller that has asked `mayJoin`. */
export const selectJoined = <T extends object>(
  table: Table<T>,
  info: Selected,
  path: readonly Step[] = [],
  always: readonly string[] = ['id'],
): Selection<T> =>
  perField(selections, info, () => selectionOf(table, info, path, always)) as unknown as Selection<T>;

/** True if the actor may see every row that the selection joins. */
export const mayJoin = ({ brings }: Pick<Selection<object>, 'brings'>, { role, reads }: Actor): boolean =>
  role === 'SYSTEM' || brings.every(([row, other]) => policyImplies(reads.get(row), reads.get(other)));

/** The nodes of a field, and the fragments of its document. */
export type Selected = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;

/** Returns a prototype with plain properties. MikroORM defines a setter for each property on an entity's prototype, which
 *  would be the largest cost of a row. */
export function plainPrototype<T extends object>(prototype: T, names: Iterable<string>): T {
  const plain = { value: undefined, writable: true, enumerable: true, configurable: true };
  return Object.create(prototype, Object.fromEntries(Array.from(names, (name) => [name, plain]))) as T;
}

function selectionOf<T extends object>(
  table: Table<T>,
  info: Selected,
  path: readonly Step[],
  always: readonly string[],
  /** The aliases in the query. Each table is joined once; a second selection of it uses a loader. Null: no joins. */
  taken: Set<string> | null = new Set([table.alias]),
): Selection<T> {
  const wanted = new Set(always);
  const others: { field: string; key: string; table: Table<{ id: string }>; selection: Selection<object> }[] =
    [];
  for (const field of askedFields(info, path)) {
    for (const name of table.needs?.[field] ?? [field]) if (table.columns[name]) wanted.add(name);
    const one = table.one?.[field];
    if (!one || !taken) continue;
    const below = [...path, field];
    if (asksIdOnly(askedFields(info, below))) continue;
    const other = one.table();
    if (taken.has(other.alias)) continue;
    taken.add(other.alias);
    others.push({
      field,
      key: one.key,
      table: other,
      selection: selectionOf(other, info, below, ['id'], taken),
    });
  }
  const { sql: own, joins, columns, read } = columnsOf(table, wanted);
  const expressions = [...own];
  const joined = others.map(({ field, key, table: other, selection }) => {
    const at = expressions.length;
    expressions.push(...selection.sql);
    joins.add(`left join ${other.from} on ${other.alias}.id = ${key}${selection.joins.texts}`);
    return { field, at, table: other, selection, read: selection.read };
  });
  return {
    sql: expressions,
    list: sql.raw(expressions.join(', ')),
    joins: sql.raw([...joins].map((join) => ` ${join}`).join('')),
    wide: joined.length > 0,
    columns,
    joined: new Map(joined.map(({ field, ...each }) => [field, each])),
    brings: others.flatMap(({ table: other, selection }) => [
      [table.kind, other.kind] as const,
      ...selection.brings,
    ]),
    read(values, from = 0) {
      const row = read(values, from);
      for (const { field, at, read: readOther } of joined) {
        const found = values[from + at] !== null; // the joined row's id comes first
        Object.defineProperty(row, field, { value: found ? readOther(values, from + at) : null });
      }
      return row;
    },
  };
}

/** Returns the columns of a table with their names, for a query that joins the table itself. */
export function selectColumns<T extends object>(
  table: Table<T>,
  names: readonly string[],
): Pick<Selection<T>, 'list' | 'read'> {
  const { sql: expressions, read } = columnsOf(table, new Set(names));
  return { list: sql.raw(expressions.join(', ')), read };
}

type Reader = (...values: unknown[]) => unknown;

function columnsOf<T extends object>(table: Table<T>, names: ReadonlySet<string>) {
  const expressions: string[] = [];
  const joins = new Set<string>();
  const readers = Array.from(names, (name) => {
    const { sql: own, read, join } = table.columns[name] as Column;
    const at = expressions.length;
    expressions.push(...own);
    if (join) joins.add(join);
    return { name, at, count: own.length, read: read as Reader | undefined };
  });
  const prototype = plainPrototype(table.type.prototype, names);
  return {
    sql: expressions,
    joins,
    columns: new Map(readers.map(({ name, at }) => [name, at])),
    read(values: readonly unknown[], from = 0): T {
      const row = Object.create(prototype) as Record<string, unknown>;
      for (const { name, at, count, read } of readers) {
        const first = from + at;
        if (!read) row[name] = values[first];
        else if (count === 2) row[name] = read(values[first], values[first + 1]);
        else row[name] = read(...values.slice(first, first + count));
      }
      return row as T;
    },
  };
}

/** Returns `select ... where` with the scope. The caller adds conditions, order and limit. */
export const from = <T extends object>(
  table: Table<T>,
  actor: Actor,
  { list, joins }: Pick<Selection<T>, 'list' | 'joins'>,
): Sql =>
  sql`select /* ${sql.raw(table.type.name)} */ ${list} from ${sql.raw(table.from)}${joins} where ${scopeOf(actor, table)}`;

/** Loads the row with the given id. Throws NOT_FOUND if no row is visible to the actor. */
export async function findRow<T extends object>(
  ctx: Context,
  info: GraphQLResolveInfo,
  table: Table<T>,
  id: string,
  conditions: readonly Sql[] = [],
): Promise<T> {
  const selection = select(table, info, ctx.actor);
  const statement = sql`${from(table, ctx.actor, selection)} and ${sql.raw(table.alias)}.id = ${idOf(id)} and ${sql.and(conditions)}`;
  const [row] = await readRows(ctx, selection, statement);
  if (!row) throw notFound(nounOf(table));
  return row;
}

/** Returns the readable name of a row, e.g. `payout run`. */
export const nounOf = ({ type }: Pick<Table<object>, 'type'>): string =>
  type.name.replace(/\B[A-Z]/g, ' $&').toLowerCase();
