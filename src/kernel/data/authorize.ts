import DataLoader from 'dataloader';
import { forbidden, notFound } from '../../domain/errors.ts';
import type { Attributes, Question, Verdict } from '../../ports/policy-decision.ts';
import { principalOf } from '../request/authority.ts';
import type { Context } from '../request/context.ts';
import { idOf } from '../request/input.ts';
import { memo } from '../request/memo.ts';
import { from, nounOf, query, type Table } from './rows.ts';
import { sql } from './sql.ts';

/** What is done to a row, by the names that the policies have for both. */
export interface Resource {
  readonly kind: string;
  /** Of a row that is about to be made, anything that tells it from others of the same request. */
  readonly id: string;
  readonly attributes: Attributes;
}

const perRequest = new WeakMap<Context, DataLoader<Question, Verdict>>();

/** Asks the policies about rows as they are now. Nothing is remembered: for what moves money or decides who gets in.
 *  What a request asks at the same time is one call. */
function verdictOn(ctx: Context, action: string, { kind, id, attributes }: Resource): Promise<Verdict> {
  const loader = memo(
    perRequest,
    ctx,
    () =>
      new DataLoader<Question, Verdict>((questions) => ctx.policy.check(principalOf(ctx.actor), questions), {
        cache: false,
      }),
  );
  return loader.load({ kind, id, attributes, actions: [action] });
}

/** Refuses unless the policies let the actor do `action` to `resource`; to be called before the transaction. */
export async function authorize(ctx: Context, action: string, resource: Resource): Promise<void> {
  requireAllowed(ctx, action, await verdictOn(ctx, action, resource));
}

/** The same of a row in a table. One that the actor may not even see is refused exactly as one that does not exist. */
export async function authorizeRow(
  ctx: Context,
  action: string,
  table: Table<object>,
  id: string,
  { what = nounOf(table), field }: { what?: string; field?: string } = {},
): Promise<void> {
  const key = idOf(id, field);
  const attributes = (await attributesOf(ctx, table, [key])).get(key);
  if (!attributes) throw notFound(what, field ? { field } : {});
  await authorize(ctx, action, { kind: table.kind, id: key, attributes });
}

/** Refuses a row that the policies do not show to the actor, exactly as one that does not exist. */
export async function requireSeen(
  ctx: Context,
  table: Table<object>,
  id: string,
  field?: string,
): Promise<void> {
  const key = idOf(id, field);
  if (!(await attributesOf(ctx, table, [key])).has(key))
    throw notFound(nounOf(table), field ? { field } : {});
}

/** What the policies say of each of these rows; nothing of one that the actor may not see. */
export async function verdictsOnRows(
  ctx: Context,
  action: string,
  table: Table<object>,
  ids: readonly string[],
): Promise<Map<string, Verdict>> {
  const rows = await attributesOf(ctx, table, ids);
  return new Map(
    await Promise.all(
      Array.from(
        rows,
        async ([id, attributes]): Promise<[string, Verdict]> => [
          id,
          await verdictOn(ctx, action, { kind: table.kind, id, attributes }),
        ],
      ),
    ),
  );
}

export function requireAllowed({ actor }: Context, action: string, { allowed, reason }: Verdict): void {
  if (!allowed.has(action)) throw forbidden(reason ?? `your role ${actor.role} may not do this`);
}

/** What the policies may look at of rows that the actor sees: the very columns that its lists are narrowed by. */
async function attributesOf(
  ctx: Context,
  table: Table<object>,
  ids: readonly string[],
): Promise<Map<string, Attributes>> {
  const columns = Object.entries(table.attributes).map(
    ([name, attribute]) => `${attribute.sql} as "${name}"`,
  );
  const list = sql.raw([`${table.alias}.id`, ...columns].join(', '));
  const rows = await query(
    ctx,
    sql<{
      id: string;
    }>`${from(table, ctx.actor, { list, joins: sql`` })} and ${sql.raw(table.alias)}.id = any(${ids})`,
  );
  return new Map(
    rows.map(({ id, ...attributes }) => [
      id,
      Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, plain(value)])),
    ]),
  );
}

/** A policy knows no bigint; amounts stay below what a number holds exactly. */
const plain = (value: unknown) => (typeof value === 'bigint' ? Number(value) : value) as Attributes[string];
