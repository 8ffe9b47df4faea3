import type { GraphQLResolveInfo } from 'graphql';
import { type Condition, where } from '../../../kernel/data/condition.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { from, query, Statement, scopeOf, select } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Commission, commissionTable, held } from './commission.entity.ts';
import type { CommissionFilter } from './commission.inputs.ts';
import { type CommissionHold, commissionHoldTable } from './commission-hold.entity.ts';

const claimed =
  'exists (select from payout_items i join payouts o on o.id = i.payout_id where i.commission_id = c.id and i.voided_at is null';

// ALLOCATED and PAID follow from the payout of an approved commission. A disputed commission is never allocated.
const statusIs = {
  PENDING: where("c.status = 'PENDING'"),
  REJECTED: where("c.status = 'REJECTED'"),
  REVERSED: where("c.status = 'REVERSED'"),
  HELD: where(`c.status in ('HELD', 'APPROVED') and ${held} and not ${claimed})`),
  APPROVED: where(`c.status = 'APPROVED' and not ${held} and not ${claimed})`),
  ALLOCATED: where(`c.status = 'APPROVED' and ${claimed} and o.status <> 'PAID')`),
  PAID: where(`c.status = 'APPROVED' and ${claimed} and o.status = 'PAID')`),
} satisfies Record<string, Condition>;

export function narrow(filter: CommissionFilter | null): Condition[] {
  const conditions: Condition[] = [];
  if (filter?.partnerId) conditions.push(where('c.partner_id = $', filter.partnerId));
  if (filter?.status) conditions.push(statusIs[filter.status]);
  if (filter?.type) conditions.push(where('c.type = $', filter.type));
  if (filter?.currency) conditions.push(where('c.amount_currency = $', filter.currency));
  if (filter?.from) conditions.push(where('c.occurred_at >= $', filter.from));
  if (filter?.pastHold != null)
    conditions.push(where(`(c.hold_until is not null and c.hold_until <= now()) = $`, filter.pastHold));
  if (filter?.to) conditions.push(where('c.occurred_at < $', filter.to));
  return conditions;
}

/** Returns the commissions of a referral, refunds included, oldest first. */
export function commissionsOfReferral(
  ctx: Context,
  info: GraphQLResolveInfo,
  referralId: string,
): Promise<Commission[]> {
  return loaderFor<string, Commission[]>(ctx, info, async (ids) => {
    const selection = select(commissionTable, info, ctx.actor, [], ['referralId', 'id']);
    const statement = from(commissionTable, ctx.actor, selection)
      .and([where('c.referral_id = any($)', ids)])
      .add(' order by c.id');
    const lines = Map.groupBy(await query(ctx, statement), (row) => row[0] as string);
    return ids.map((id) => (lines.get(id) ?? []).map((row) => selection.read(row)));
  }).load(referralId);
}

/** Returns the commissions with these ids that the actor may read, in the order of the ids. */
export async function commissionsNamed(
  ctx: Context,
  info: GraphQLResolveInfo,
  named: readonly string[],
): Promise<Commission[]> {
  const loader = loaderFor<string, Commission | null>(ctx, info, async (ids) => {
    const selection = select(commissionTable, info, ctx.actor, [], ['id']);
    const statement = from(commissionTable, ctx.actor, selection).and([where('c.id = any($)', ids)]);
    const lines = new Map(
      (await query(ctx, statement)).map((row) => [row[0] as string, selection.read(row)]),
    );
    return ids.map((id) => lines.get(id) ?? null);
  });
  const lines = await Promise.all(named.map((id) => loader.load(id)));
  return lines.filter((line) => line !== null);
}

/** Returns the open and released holds of a commission, oldest first. */
export function loadHolds(ctx: Context, info: GraphQLResolveInfo, id: string): Promise<CommissionHold[]> {
  return loaderFor<string, CommissionHold[]>(ctx, info, async (ids) => {
    const selection = select(commissionHoldTable, info, ctx.actor, [], ['commissionId', 'id']);
    const statement = from(commissionHoldTable, ctx.actor, selection)
      .and([where('h.commission_id = any($)', ids)])
      .add(' order by h.id');
    const holds = Map.groupBy(await query(ctx, statement), (row) => row[0] as string);
    return ids.map((key) => (holds.get(key) ?? []).map((row) => selection.read(row)));
  }).load(id);
}

/** Returns the reversed amount of a commission so far, as a positive amount. */
export function loadReversedAmount(
  ctx: Context,
  info: GraphQLResolveInfo,
  { id, amount }: Commission,
): Promise<MoneyColumn> {
  return loaderFor<string, bigint>(ctx, info, async (ids) => {
    const statement = new Statement()
      .add(
        'select c.reverses_id, -sum(c.amount_minor)::bigint from commissions c where c.reverses_id = any($)',
        ids,
      )
      .and([where("c.status <> 'REJECTED'"), ...scopeOf(ctx.actor, commissionTable)])
      .add(' group by c.reverses_id');
    const sums = new Map((await query(ctx, statement)).map(([line, sum]) => [line as string, sum as bigint]));
    return ids.map((key) => sums.get(key) ?? 0n);
  })
    .load(id)
    .then((minor) => new MoneyColumn({ minor, currency: amount.currency }));
}

/** Returns the commissions of a bulk mutation in the order of the ids. */
export async function commissionsOfIds(
  ctx: Context,
  info: GraphQLResolveInfo,
  ids: readonly string[],
  /** The field of the result that selects the columns. */
  field: string,
): Promise<Commission[]> {
  const selection = select(commissionTable, info, ctx.actor, [field]);
  const rows = await query(
    ctx,
    from(commissionTable, ctx.actor, selection).and([where('c.id = any($)', ids)]),
  );
  const found = new Map(rows.map((row) => selection.read(row)).map((line) => [line.id as string, line]));
  return ids.flatMap((id) => found.get(id) ?? []);
}
