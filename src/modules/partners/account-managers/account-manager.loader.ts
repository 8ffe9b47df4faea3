import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { query, Statement } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';

const MAX_ENTRIES = 100;

export interface AssignmentRow {
  readonly name: string;
  readonly email: string;
  readonly assignedAt: Date;
  readonly endedAt: Date | null;
  readonly assignedBy: string;
  readonly reason: string | null;
}

/** Loads the current account manager of each partner; null without one. */
export function managerOf(ctx: Context, info: GraphQLResolveInfo, id: string): Promise<AssignmentRow | null> {
  return loaderFor<string, AssignmentRow | null>(ctx, info, async (ids) => {
    const lists = await assignments(ctx, ids, 'and a.ended_at is null');
    return ids.map((key) => lists.get(key)?.[0] ?? null);
  }).load(id);
}

/** Loads the account managers of each partner, newest first. */
export function managersOf(ctx: Context, info: GraphQLResolveInfo, id: string): Promise<AssignmentRow[]> {
  return loaderFor<string, AssignmentRow[]>(ctx, info, async (ids) => {
    const lists = await assignments(ctx, ids, '');
    return ids.map((key) => lists.get(key) ?? []);
  }).load(id);
}

async function assignments(
  ctx: Context,
  ids: readonly string[],
  which: string,
): Promise<Map<string, AssignmentRow[]>> {
  const statement = new Statement().add(
    `select o.id, w.name, w.email, a.assigned_at, a.ended_at, a.assigned_by, a.reason from unnest($::uuid[]) o(id)
     cross join lateral (select * from manager_assignments a where a.partner_id = o.id ${which}
       order by a.assigned_at desc, a.ended_at desc nulls first limit ${MAX_ENTRIES}) a
     join account_managers w on w.id = a.manager_id`,
    ids,
  );
  const lists = new Map<string, AssignmentRow[]>();
  for (const [partnerId, name, email, assignedAt, endedAt, assignedBy, reason] of await query(
    ctx,
    statement,
  )) {
    const list = lists.get(partnerId as string) ?? [];
    list.push({ name, email, assignedAt, endedAt, assignedBy, reason } as AssignmentRow);
    lists.set(partnerId as string, list);
  }
  return lists;
}
