import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { query } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
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
    const lists = await assignments(ctx, ids, sql`and a.ended_at is null`);
    return ids.map((key) => lists.get(key)?.[0] ?? null);
  }).load(id);
}

/** Loads the account managers of each partner, newest first. */
export function managersOf(ctx: Context, info: GraphQLResolveInfo, id: string): Promise<AssignmentRow[]> {
  return loaderFor<string, AssignmentRow[]>(ctx, info, async (ids) => {
    const lists = await assignments(ctx, ids, sql``);
    return ids.map((key) => lists.get(key) ?? []);
  }).load(id);
}

async function assignments(
  ctx: Context,
  ids: readonly string[],
  which: Sql,
): Promise<Map<string, AssignmentRow[]>> {
  const rows = await query(
    ctx,
    sql<AssignmentRow & { partnerId: string }>`
      select /* partners.managers */ o.id as "partnerId", w.name, w.email, a.assigned_at as "assignedAt", a.ended_at as "endedAt",
        a.assigned_by as "assignedBy", a.reason
      from unnest(${ids}::uuid[]) o(id)
      cross join lateral (select * from manager_assignments a where a.partner_id = o.id ${which}
        order by a.assigned_at desc, a.ended_at desc nulls first limit ${sql.raw(MAX_ENTRIES)}) a
      join account_managers w on w.id = a.manager_id`,
  );
  return Map.groupBy(rows, (row) => row.partnerId);
}
