import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../request/context.ts';
import { memo } from '../request/memo.ts';
import { askedFields, asksIdOnly, type PerField, perField } from './asked.ts';
import { from, readRows, select, type Table } from './rows.ts';
import { sql } from './sql.ts';

// A field node has one set of arguments and of asked columns a request, so it is the loader's name.
const perRequest = new WeakMap<Context, PerField<unknown>>();

/** The request's loader for this field; made at its first row. It batches and does not memoise,
 *  so that a mutation's reply sees the mutation's own writes. */
export function loaderFor<K, V>(
  ctx: Context,
  info: GraphQLResolveInfo,
  batch: (keys: readonly K[]) => Promise<V[]>,
): DataLoader<K, V> {
  const loaders = memo(perRequest, ctx, (): PerField<unknown> => new WeakMap());
  const make = () => new DataLoader<K, V>((keys) => batch(keys), { cache: false });
  return perField(loaders, info, make) as DataLoader<K, V>;
}

const idOnly: PerField<boolean> = new WeakMap();

/** The row that `id` names, or null where the actor may not see it. */
export function loadOne<T extends { id: string }>(
  ctx: Context,
  info: GraphQLResolveInfo,
  table: Table<T>,
  id: string | null,
  /** The row that points at it, which may have brought it along (`Table.one`). */
  row: object,
): Promise<T | null> | T | null {
  if (id === null) return null;
  const brought = (row as Record<string, T | null | undefined>)[info.fieldName];
  if (brought !== undefined) return brought;
  // Staff sees every row that a row of its own points at, so an id alone needs no look at the table.
  if (ctx.actor.partnerId === null && perField(idOnly, info, () => asksIdOnly(askedFields(info)))) {
    return Object.assign(Object.create(table.type.prototype) as T, { id });
  }
  return loaderFor<string, T | null>(ctx, info, async (ids) => {
    const selection = select(table, info, ctx.actor);
    const statement = sql`${from(table, ctx.actor, selection)} and ${sql.raw(table.alias)}.id = any(${[...new Set(ids)]})`;
    const found = new Map((await readRows(ctx, selection, statement)).map((row) => [row.id, row]));
    return ids.map((key) => found.get(key) ?? null);
  }).load(id);
}
