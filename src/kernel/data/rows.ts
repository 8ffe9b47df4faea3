import { createHash } from 'node:crypto';
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
import { type Condition, where } from './condition.ts';
import { MoneyColumn } from './money.column.ts';
import { type AllowList, conditionsOf } from './plan-to-sql.ts';
import { showsToo } from './shown-too.ts';

/** SQL expressions over the table's alias and how to make the field's value of them. */
export interface Column {
  readonly sql: readonly string[];
  readonly read?: (values: readonly unknown[], at: number) => unknown;
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
  read: (values, at) =>
    values[at] === null
      ? null
      : new MoneyColumn({ minor: values[at] as bigint, currency: values[at + 1] as string }),
});

const translated = new WeakMap<Plan, WeakMap<AllowList, Condition[]>>();

/** Rows that the actor may see, as the policies say it. Nobody anonymous sees a row. */
export function scopeOf(actor: Actor, { kind, attributes }: Scoped): Condition[] {
  if (actor.role === 'SYSTEM') return [];
  if (actor.tenantId === null) throw unauthenticated('This operation needs a credential.');
  const plan = actor.reads.get(kind);
  if (!plan) throw new Error(`no policy was asked which ${kind} the actor may see`);
  const conditions = memo(translated, plan, () => new WeakMap<AllowList, Condition[]>());
  return memo(conditions, attributes, () => conditionsOf(plan, attributes));
}

/** SQL text with `$` numbered in order, and its values. */
export class Statement {
  readonly values: unknown[] = [];
  text = '';

  add(sql: string, ...values: unknown[]): this {
    const pieces = sql.split('$');
    this.text += pieces[0];
    for (let i = 1; i < pieces.length; i++) {
      this.values.push(values[i - 1]);
      this.text += `$${this.values.length}${pieces[i]}`;
    }
    return this;
  }

  /** Puts text before and after; `values` are those of the text before. */
  around(before: string, after: string, values: readonly unknown[] = []): Statement {
    const outer = new Statement().add(before, ...values);
    const shift = outer.values.length;
    outer.text += this.text.replace(/\$(\d+)/g, (_, number) => `$${Number(number) + shift}`) + after;
    outer.values.push(...this.values);
    return outer;
  }

  and(conditions: readonly Condition[]): this {
    for (const { sql, values } of conditions) this.add(` and ${sql}`, ...values);
    return this;
  }
}

const names = new Map<string, string>();

/** A name for the text, so that PostgreSQL plans it once a connection. */
export function nameOf(text: string): string {
  const known = names.get(text);
  if (known) return known;
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 24);
  if (names.size > 5_000) names.clear(); // shapes are few; a stranger who varies them costs only planning
  names.set(text, name);
  return name;
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

/** Runs a read outside any transaction, within the actor's bounds; values come as bigint, Date, text and parsed JSON. */
export async function query(
  { pool, actor }: Pick<Context, 'pool' | 'actor'>,
  statement: Statement,
): Promise<(readonly unknown[])[]> {
  const { text, values } = statement;
  return pool.query(boundsOf(actor), { name: nameOf(text), text, values, rowMode: 'array', types });
}

/** Which columns a field's answer takes, worked out once a document. */
export interface Selection<T extends object> {
  readonly sql: readonly string[];
  readonly list: string;
  readonly joins: string;
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
  const sql: string[] = [];
  const joins = new Set<string>();
  const readers = Array.from(wanted, (name) => {
    const { sql: expressions, read, join } = table.columns[name] as Column;
    const at = sql.length;
    sql.push(...expressions);
    if (join) joins.add(join);
    return { name, at, read };
  });
  const prototype = plainPrototype(table.type.prototype, wanted);
  const joined = others.map(({ field, key, table: other, selection }) => {
    const at = sql.length;
    sql.push(...selection.sql);
    joins.add(`left join ${other.from} on ${other.alias}.id = ${key}${selection.joins}`);
    return { field, at, read: selection.read };
  });
  return {
    sql,
    list: sql.join(', '),
    joins: [...joins].map((join) => ` ${join}`).join(''),
    wide: joined.length > 0,
    brings: others.flatMap(({ table: other, selection }) => [
      [table.kind, other.kind] as const,
      ...selection.brings,
    ]),
    read(values, from = 0) {
      const row = Object.create(prototype) as Record<string, unknown>;
      for (const { name, at, read } of readers)
        row[name] = read ? read(values, from + at) : values[from + at];
      for (const { field, at, read } of joined) {
        const found = values[from + at] !== null; // the joined row's id comes first
        Object.defineProperty(row, field, { value: found ? read(values, from + at) : null });
      }
      return row as T;
    },
  };
}

/** Starts `select ... where` with the scope; the caller adds conditions, order and limit. */
export function from<T extends object>(
  table: Table<T>,
  actor: Actor,
  { list, joins }: Pick<Selection<T>, 'list' | 'joins'>,
): Statement {
  return new Statement()
    .add(`select ${list} from ${table.from}${joins} where true`)
    .and(scopeOf(actor, table));
}

/** The row of that id, or NOT_FOUND where there is none that the actor may see. */
export async function findRow<T extends object>(
  ctx: Context,
  info: GraphQLResolveInfo,
  table: Table<T>,
  id: string,
  conditions: readonly Condition[] = [],
): Promise<T> {
  const selection = select(table, info, ctx.actor);
  const statement = from(table, ctx.actor, selection).and([
    where(`${table.alias}.id = $`, idOf(id)),
    ...conditions,
  ]);
  const [row] = await query(ctx, statement);
  if (!row) throw notFound(nounOf(table));
  return selection.read(row);
}

/** What people call a row of it, e.g. `payout run`. */
export const nounOf = ({ type }: Pick<Table<object>, 'type'>): string =>
  type.name.replace(/\B[A-Z]/g, ' $&').toLowerCase();
