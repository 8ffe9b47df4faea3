import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { type Connection, type PageArgs, pageOfEach } from '../../../kernel/data/paging.ts';
import { from, readRows, select } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Commission, commissionTable } from '../../commissions/commission/public.ts';
import type { PayoutFilter } from './payout.inputs.ts';
import { type PayoutHold, payoutHoldTable } from './payout-hold.entity.ts';

export function narrow(filter: PayoutFilter | null): Sql[] {
  const conditions: Sql[] = [];
  if (filter?.partnerId) conditions.push(sql`o.partner_id = ${filter.partnerId}`);
  if (filter?.runId) conditions.push(sql`o.run_id = ${filter.runId}`);
  if (filter?.needsTwo != null)
    conditions.push(sql`o.second_approval is ${sql.raw(filter.needsTwo ? 'not ' : '')}null`);
  if (filter?.status) conditions.push(sql`o.status = ${filter.status}`);
  if (filter?.method) conditions.push(sql`o.method = ${filter.method}`);
  if (filter?.from) conditions.push(sql`o.period_end >= ${filter.from}`);
  if (filter?.to) conditions.push(sql`o.period_end <= ${filter.to}`);
  return conditions;
}

const claimedBy = sql`c.id in (select l.commission_id from payout_items l where l.payout_id = owner.id and l.voided_at is null)`;

export const loadCommissionsOfPayout = (
  ctx: Context,
  info: GraphQLResolveInfo,
  id: string,
  args: PageArgs,
): Promise<Connection<Commission>> =>
  pageOfEach(ctx, info, { table: () => commissionTable, tie: claimedBy }, id, args);

/** The open payout hold of each partner. */
export function loadPayoutHold(
  ctx: Context,
  info: GraphQLResolveInfo,
  partnerId: string,
): Promise<PayoutHold | null> {
  return loaderFor<string, PayoutHold | null>(ctx, info, async (ids) => {
    const selection = select(payoutHoldTable, info, ctx.actor, [], ['id', 'partnerId']);
    const statement = sql`${from(payoutHoldTable, ctx.actor, selection)} and h.released_at is null and h.partner_id = any(${ids})`;
    const found = await readRows(ctx, selection, statement);
    const holds = new Map(found.map((hold) => [hold.partnerId, hold]));
    return ids.map((id) => holds.get(id) ?? null);
  }).load(partnerId);
}
