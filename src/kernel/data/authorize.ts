import DataLoader from 'dataloader';
import { forbidden, notFound } from '../../domain/errors.ts';
import type { Attributes, Question, Verdict } from '../../ports/policy-decision.ts';
import { principalOf } from '../request/authority.ts';
import type { Context } from '../request/context.ts';
import { idOf } from '../request/input.ts';
import { memo } from '../request/memo.ts';
import { from, nounOf, query, type Table } from './rows.ts';
import { sql } from './sql.ts';

/** The row and the action in the names of the policies. */
export interface Resource {
  readonly kind: string;
  /** For a new row: any text that is unique in the request. */
  readonly id: string;
  readonly attributes: Attributes;
}

const perRequest = new WeakMap<Context, DataLoader<Question, Verdict>>();

/** Asks the policies about the current rows. No answer is reused, because these decisions move money or give access.
 *  The questions that a request asks together are one call. */
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

/** Refuses unless the policies allow the actor this action. Call it before the transaction. */
export async function authorize(ctx: Context, action: string, resource: Resource): Promise<void> {
  requireAllowed(ctx, action, await verdictOn(ctx, action, resource));
}

/** The same for a row of a table. A row outside the scope of the actor gets the same NOT_FOUND as a missing row. */
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

/** Refuses a row outside the scope of the actor with the same NOT_FOUND as a missing row. */
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

/** Returns the decision of the policies for each row; rows outside the scope of the actor have none. */
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
  if (!allowed.has(action))
    throw forbidden(reason ?? `Your role ${actor.role} does not have this permission.`);
}

/** Loads the attributes that the policies may read, for rows in the scope of the actor: the same columns that narrow its lists. */
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

/** Policies have no bigint. Amounts are small enough for a number to be exact. */
const plain = (value: unknown) => (typeof value === 'bigint' ? Number(value) : value) as Attributes[string];
