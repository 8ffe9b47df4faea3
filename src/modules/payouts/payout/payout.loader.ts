import type { GraphQLResolveInfo } from 'graphql';
import { type Condition, where } from '../../../kernel/data/condition.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { type Connection, type PageArgs, pageOfEach } from '../../../kernel/data/paging.ts';
import { from, query, select } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Commission, commissionTable } from '../../commissions/commission/public.ts';
import type { PayoutFilter } from './payout.inputs.ts';
import { type PayoutHold, payoutHoldTable } from './payout-hold.entity.ts';

export function narrow(filter: PayoutFilter | null): Condition[] {
  const conditions: Condition[] = [];
  if (filter?.partnerId) conditions.push(where('o.partner_id = $', filter.partnerId));
  if (filter?.runId) conditions.push(where('o.run_id = $', filter.runId));
  if (filter?.needsTwo != null)
    conditions.push(where(`o.second_approval is ${filter.needsTwo ? 'not ' : ''}null`));
  if (filter?.status) conditions.push(where('o.status = $', filter.status));
  if (filter?.method) conditions.push(where('o.method = $', filter.method));
  if (filter?.from) conditions.push(where('o.period_end >= $', filter.from));
  if (filter?.to) conditions.push(where('o.period_end <= $', filter.to));
  return conditions;
}

const claimedBy =
  'c.id in (select l.commission_id from payout_items l where l.payout_id = owner.id and l.voided_at is null)';

export const linesOfPayout = (
  ctx: Context,
  info: GraphQLResolveInfo,
  id: string,
  args: PageArgs,
): Promise<Connection<Commission>> => pageOfEach(ctx, info, commissionTable, claimedBy, id, args);

/** The open payout hold of each partner. */
export function holdOf(
  ctx: Context,
  info: GraphQLResolveInfo,
  partnerId: string,
): Promise<PayoutHold | null> {
  return loaderFor<string, PayoutHold | null>(ctx, info, async (ids) => {
    const selection = select(payoutHoldTable, info, ctx.actor, [], ['id', 'partnerId']);
    const statement = from(payoutHoldTable, ctx.actor, selection).and([
      where('h.released_at is null'),
      where('h.partner_id = any($)', ids),
    ]);
    const found = (await query(ctx, statement)).map((values) => selection.read(values));
    const holds = new Map(found.map((hold) => [hold.partnerId, hold]));
    return ids.map((id) => holds.get(id) ?? null);
  }).load(partnerId);
}
