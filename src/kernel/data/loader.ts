import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../request/context.ts';
import { memo } from '../request/memo.ts';
import { askedFields, asksIdOnly, type PerField, perField } from './asked.ts';
import { from, readRows, select, type Table } from './rows.ts';
import { sql } from './sql.ts';

// A field node has one set of arguments and selected columns per request, so it identifies the loader.
const perRequest = new WeakMap<Context, PerField<unknown>>();

/** Returns the request's loader for this field, created at its first row. It batches but does not cache, so that the
 *  answer of a mutation sees its own writes. */
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

/** Loads the row with the given id; null if the actor may not see it. */
export function loadOne<T extends { id: string }>(
  ctx: Context,
  info: GraphQLResolveInfo,
  table: Table<T>,
  id: string | null,
  /** The referencing row, which may already contain the loaded row (`Table.one`). */
  row: object,
): Promise<T | null> | T | null {
  if (id === null) return null;
  const brought = (row as Record<string, T | null | undefined>)[info.fieldName];
  if (brought !== undefined) return brought;
  // Staff may see every row that its rows reference, so a request for the id alone needs no query.
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
