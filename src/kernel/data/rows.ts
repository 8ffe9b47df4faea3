import type { GraphQLResolveInfo } from 'graphql';
import type { QueryConfig } from 'pg';
import { notFound, unauthenticated } from '../../domain/errors.ts';
import type { Plan } from '../../ports/policy-decision.ts';
import type { Actor, ReadKind } from '../request/actor.ts';
import { boundsOf } from '../request/bounds.ts';
import type { Context } from '../request/context.ts';
import { idOf } from '../request/input.ts';
import { memo } from '../request/memo.ts';
import { askedFields, asksIdOnly, type PerField, perField } from './asked.ts';
import { MoneyColumn } from './money.column.ts';
import { type AllowList, conditionsOf } from './plan-to-sql.ts';
import { showsToo } from './shown-too.ts';
import { prepare, type Sql, sql } from './sql.ts';

/** SQL expressions over the table's alias and how to make the field's value of them. */
export interface Column {
  readonly sql: readonly string[];
  /** Takes a value of each expression. */
  readonly read?: (...values: never[]) => unknown;
  /** A join that only this column needs. */
  readonly join?: string;
}

/** How the rows of a type are read. Every read starts here, so every read is scoped. */
export interface Table<T extends object> {
  readonly type: { readonly name: string; readonly prototype: T };
  /** Table and alias, e.g. `commissions c`. */
  readonly from: string;
  readonly alias: string;
  /** What the policies call its rows, and which of its columns they may look at. */
  readonly kind: ReadKind;
  readonly attributes: AllowList;
  readonly columns: Readonly<Record<string, Column>>;
  /** Rows that a row points at: joined where a list asks for more of them than their id. What a row points at is of
   *  its own tenant and partner, by the references of the database. */
  readonly one?: Readonly<Record<string, One>>;
  /** Columns that a field resolver needs of its row. */
  readonly needs?: Readonly<Record<string, readonly string[]>>;
}

/** Whose rows a policy decides about; the whole of a table's row unless it is read in sums. */
export type Scoped = Pick<Table<object>, 'kind' | 'attributes'>;

/** The columns that bind a row to its tenant and, where partners own it, to its partner. */
export const owned = (alias: string, partner?: string): AllowList => ({
  tenantId: { sql: `${alias}.tenant_id`, is: 'string' },
  ...(partner && { partnerId: { sql: partner, is: 'string' } }),
});

interface One {
  /** The column that holds the other row's id. */
  readonly key: string;
  readonly table: () => Table<{ id: string }>;
}

export const column = (sql: string, join?: string): Column => (join ? { sql: [sql], join } : { sql: [sql] });
export const moneyColumn = (minor: string, currency: string): Column => ({
  sql: [minor, currency],
  read: (value: bigint | null, code: string) =>
    value === null ? null : new MoneyColumn({ minor: value, currency: code }),
});

const translated = new WeakMap<Plan, WeakMap<AllowList, Sql>>();
const all = sql`true`;

/** The condition of the rows that the actor may see, as the policies say it. Nobody anonymous sees a row. */
export function scopeOf(actor: Actor, { kind, attributes }: Scoped): Sql {
  if (actor.role === 'SYSTEM') return all;
  if (actor.tenantId === null) throw unauthenticated('This operation needs a credential.');
  const plan = actor.reads.get(kind);
  if (!plan) throw new Error(`no policy was asked which ${kind} the actor may see`);
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

function parseTextArray(text: string): string[] {
  if (text === '{}') return [];
  return Array.from(text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g), ([, quoted, bare]) =>
    quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'),
  );
}

/** Runs a statement outside any transaction, within the actor's bounds; values come as bigint, Date, text and parsed JSON. */
export function query<Row extends object>(
  { pool, actor }: Pick<Context, 'pool' | 'actor'>,
  statement: Sql<Row>,
): Promise<Row[]> {
  return pool.query(boundsOf(actor), { ...prepare(statement), types });
}

/** The same, by position: a table's columns are many, and reading them by name costs more than all else of a row. */
const queryPositions = (
  { pool, actor }: Pick<Context, 'pool' | 'actor'>,
  statement: Sql,
): Promise<unknown[][]> => pool.query(boundsOf(actor), { ...prepare(statement), rowMode: 'array', types });

/** The rows of a statement that selects the columns of the selection and nothing else. */
export async function readRows<T extends object>(
  ctx: Pick<Context, 'pool' | 'actor'>,
  selection: Pick<Selection<T>, 'read'>,
  statement: Sql,
): Promise<T[]> {
  return (await queryPositions(ctx, statement)).map((values) => selection.read(values));
}

/** The same where a key comes before the columns: the rows of each key. */
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

/** Which columns a field's answer takes, worked out once a document. */
export interface Selection<T extends object> {
  readonly sql: readonly string[];
  readonly list: Sql;
  readonly joins: Sql;
  /** Whether other rows are joined, so that the page is to be cut before the joins. */
  readonly wide: boolean;
  /** Which rows those are, each with what points at it. */
  readonly brings: readonly (readonly [row: ReadKind, pointedAt: ReadKind])[];
  readonly read: (values: readonly unknown[], from?: number) => T;
}

const selections: PerField<Selection<object>> = new WeakMap();
const alone: PerField<Selection<object>> = new WeakMap();

/** The asked columns of `table`, plus `always`. `path` leads from the field to the rows, e.g. edges, node. What a row
 *  points at comes along where the actor sees all of that; else a loader looks whether it does. */
export function select<T extends object>(
  table: Table<T>,
  info: GraphQLResolveInfo,
  { role, reads }: Actor,
  path: readonly string[] = [],
  always: readonly string[] = ['id'],
): Selection<T> {
  const selection = perField(selections, info, () => selectionOf(table, info, path, always));
  const all =
    role === 'SYSTEM' || selection.brings.every(([row, other]) => showsToo(reads.get(row), reads.get(other)));
  return (
    all ? selection : perField(alone, info, () => selectionOf(table, info, path, always, null))
  ) as Selection<T>;
}

/** MikroORM puts a setter on each property of an entity's prototype, which costs more than all else of a row. Plain
 *  properties in between keep it from them. */
export function plainPrototype<T extends object>(prototype: T, names: Iterable<string>): T {
  const plain = { value: undefined, writable: true, enumerable: true, configurable: true };
  return Object.create(prototype, Object.fromEntries(Array.from(names, (name) => [name, plain]))) as T;
}

function selectionOf<T extends object>(
  table: Table<T>,
  info: GraphQLResolveInfo,
  path: readonly string[],
  always: readonly string[],
  /** Aliases that the statement has already: a table comes into it once, and where it is asked for again a loader reads it.
   *  null: nothing comes along. */
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
  const { sql: own, joins, read } = columnsOf(table, wanted);
  const expressions = [...own];
  const joined = others.map(({ field, key, table: other, selection }) => {
    const at = expressions.length;
    expressions.push(...selection.sql);
    joins.add(`left join ${other.from} on ${other.alias}.id = ${key}${selection.joins.texts}`);
    return { field, at, read: selection.read };
  });
  return {
    sql: expressions,
    list: sql.raw(expressions.join(', ')),
    joins: sql.raw([...joins].map((join) => ` ${join}`).join('')),
    wide: joined.length > 0,
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

/** Columns of a table by their names, for a statement that joins the table by itself. */
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

/** `select ... where` with the scope; the caller adds conditions, order and limit. */
export const from = <T extends object>(
  table: Table<T>,
  actor: Actor,
  { list, joins }: Pick<Selection<T>, 'list' | 'joins'>,
): Sql =>
  sql`select /* ${sql.raw(table.type.name)} */ ${list} from ${sql.raw(table.from)}${joins} where ${scopeOf(actor, table)}`;

/** The row of that id, or NOT_FOUND where there is none that the actor may see. */
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

/** What people call a row of it, e.g. `payout run`. */
export const nounOf = ({ type }: Pick<Table<object>, 'type'>): string =>
  type.name.replace(/\B[A-Z]/g, ' $&').toLowerCase();
