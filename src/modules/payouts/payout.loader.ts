import type { GraphQLResolveInfo } from 'graphql';
import { type Condition, where } from '../../kernel/condition.ts';
import type { Context } from '../../kernel/context.ts';
import { MoneyColumn } from '../../kernel/money.column.ts';
import { type Connection, type PageArgs, pageOfEach } from '../../kernel/paging.ts';
import { query, Statement, scopeOf } from '../../kernel/rows.ts';
import { type Commission, commissionTable } from '../commissions/commission.entity.ts';
import { payoutTable } from './payout.entity.ts';
import type { PayoutFilter } from './payout.inputs.ts';
import { PayoutRun } from './payout-run.entity.ts';

export function narrow(filter: PayoutFilter | null): Condition[] {
  const conditions: Condition[] = [];
  if (filter?.partnerId) conditions.push(where('o.partner_id = $', filter.partnerId));
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

export function payoutRun({ em }: Context, id: string): Promise<PayoutRun> {
  return em.fork().findOneOrFail(PayoutRun, id);
}

export async function totalsOfRun(ctx: Context, runId: string): Promise<MoneyColumn[]> {
  const statement = new Statement()
    .add('select o.amount_currency, sum(o.amount_minor)::bigint from payouts o where o.run_id = $', runId)
    .and(scopeOf(ctx.actor, payoutTable))
    .add(' group by o.amount_currency order by o.amount_currency');
  return (await query(ctx, statement)).map(
    ([currency, minor]) => new MoneyColumn({ minor: minor as bigint, currency: currency as string }),
  );
}
