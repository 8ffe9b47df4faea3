import type { GraphQLResolveInfo } from 'graphql';
import { type Condition, where } from '../../kernel/condition.ts';
import type { Context } from '../../kernel/context.ts';
import { loaderFor } from '../../kernel/loader.ts';
import { MoneyColumn } from '../../kernel/money.column.ts';
import { type Connection, type PageArgs, pageOfEach } from '../../kernel/paging.ts';
import { from, query, Statement, scopeOf, select } from '../../kernel/rows.ts';
import { type Commission, commissionTable } from '../commissions/commission.entity.ts';
import { payoutTable } from './payout.entity.ts';
import type { PayoutFilter } from './payout.inputs.ts';
import { type PayoutHold, payoutHoldTable } from './payout-hold.entity.ts';
import { type SkippedPartner, skippedPartnerTable } from './payout-run.entity.ts';

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

/** Each run's sums, one statement for a screen. */
export function totalsOfRun(ctx: Context, info: GraphQLResolveInfo, runId: string): Promise<MoneyColumn[]> {
  return loaderFor<string, MoneyColumn[]>(ctx, info, async (ids) => {
    const statement = new Statement()
      .add(
        'select o.run_id, o.amount_currency, sum(o.amount_minor)::bigint from payouts o where o.run_id = any($)',
        ids,
      )
      .and(scopeOf(ctx.actor, payoutTable))
      .add(' group by o.run_id, o.amount_currency order by o.run_id, o.amount_currency');
    const rows = (await query(ctx, statement)) as [string, string, bigint][];
    const sums = Map.groupBy(rows, ([id]) => id);
    return ids.map((id) =>
      (sums.get(id) ?? []).map(([, currency, minor]) => new MoneyColumn({ minor, currency })),
    );
  }).load(runId);
}

const SKIPPED = 1_000;

/** The first that each run left out, in the order of the partners. */
export function skippedOfRun(
  ctx: Context,
  info: GraphQLResolveInfo,
  runId: string,
): Promise<SkippedPartner[]> {
  return loaderFor<string, SkippedPartner[]>(ctx, info, async (ids) => {
    const selection = select(skippedPartnerTable, info, ctx.actor);
    const statement = new Statement()
      .add(`select ${selection.list} from ${skippedPartnerTable.from} where k.run_id = owner.id`)
      .and(scopeOf(ctx.actor, skippedPartnerTable))
      .add(` order by k.id limit ${SKIPPED}`)
      .around('select owner.id, row.* from unnest($::uuid[]) owner(id) cross join lateral (', ') row', [ids]);
    const lists = new Map<string, SkippedPartner[]>(ids.map((id) => [id, []]));
    for (const values of await query(ctx, statement))
      lists.get(values[0] as string)?.push(selection.read(values, 1));
    return ids.map((id) => lists.get(id) ?? []);
  }).load(runId);
}

export const skippedPage = (
  ctx: Context,
  info: GraphQLResolveInfo,
  runId: string,
  args: PageArgs,
): Promise<Connection<SkippedPartner>> =>
  pageOfEach(ctx, info, skippedPartnerTable, 'k.run_id = owner.id', runId, args);

/** The open hold on each partner's payouts. */
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
