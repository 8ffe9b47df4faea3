import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, type PageArgs, page } from '../../../kernel/data/paging.ts';
import { from, owned, query, readRows, scopeOf, select, type Table } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Commission, commissionTable, held } from './commission.entity.ts';
import type { CommissionFilter } from './commission.inputs.ts';
import { type CommissionHold, commissionHoldTable } from './commission-hold.entity.ts';

const claimed = (conditions: Sql) =>
  sql`exists (select from payout_items i join payouts o on o.id = i.payout_id
    where i.commission_id = c.id and i.voided_at is null and ${conditions})`;
const isHeld = sql.raw(held);

// ALLOCATED and PAID follow from the payout of an approved commission. A disputed commission is never allocated.
const statusIs = {
  PENDING: sql`c.status = 'PENDING'`,
  REJECTED: sql`c.status = 'REJECTED'`,
  REVERSED: sql`c.status = 'REVERSED'`,
  HELD: sql`c.status in ('HELD', 'APPROVED') and ${isHeld} and not ${claimed(sql`true`)}`,
  APPROVED: sql`c.status = 'APPROVED' and not ${isHeld} and not ${claimed(sql`true`)}`,
  ALLOCATED: sql`c.status = 'APPROVED' and ${claimed(sql`o.status <> 'PAID'`)}`,
  PAID: sql`c.status = 'APPROVED' and ${claimed(sql`o.status = 'PAID'`)}`,
} satisfies Record<string, Sql>;

/** The commissions of paid payouts. Paid commissions are not the newest, and the planner does not know it: it would walk all
 *  commissions from the newest on. A lateral subquery with a limit makes it start at the newest paid one. */
const paidTable: Table<Commission> = {
  ...commissionTable,
  from: `paid_lines l cross join lateral (
    select * from commissions c where c.tenant_id = l.tenant_id and c.id = l.commission_id limit 1) c`,
  counted: 'paid_lines l',
  attributes: owned('l'), // the policies bind a reader of all partners to its tenant only
  order: 'l.commission_id',
};

/** Returns the page of commissions that a filter selects. */
export function pageOfCommissions(
  ctx: Context,
  info: GraphQLResolveInfo,
  args: PageArgs,
  filter: CommissionFilter | null,
): Promise<Connection<Commission>> {
  // Another condition may have an index that leads to fewer rows.
  const { status, partnerId, currency, from, to, ...rest } = filter ?? {};
  const isOfAll = !(partnerId || currency || from || to || ctx.actor.partnerId);
  return status === 'PAID' && isOfAll
    ? page(ctx, info, paidTable, args, narrow({ ...rest }))
    : page(ctx, info, commissionTable, args, narrow(filter));
}

export function narrow(filter: CommissionFilter | null): Sql[] {
  const conditions: Sql[] = [];
  if (filter?.partnerId) conditions.push(sql`c.partner_id = ${filter.partnerId}`);
  if (filter?.status) conditions.push(statusIs[filter.status]);
  if (filter?.type) conditions.push(sql`c.type = ${filter.type}`);
  if (filter?.currency) conditions.push(sql`c.amount_currency = ${filter.currency}`);
  if (filter?.from) conditions.push(sql`c.occurred_at >= ${filter.from}`);
  if (filter?.pastHold != null)
    conditions.push(sql`(c.hold_until is not null and c.hold_until <= now()) = ${filter.pastHold}`);
  if (filter?.to) conditions.push(sql`c.occurred_at < ${filter.to}`);
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
    const statement = sql`${from(commissionTable, ctx.actor, selection)} and c.referral_id = any(${ids}) order by c.id`;
    const lines = Map.groupBy(await readRows(ctx, selection, statement), (line) => line.referralId);
    return ids.map((id) => lines.get(id) ?? []);
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
    const statement = sql`${from(commissionTable, ctx.actor, selection)} and c.id = any(${ids})`;
    const lines = new Map((await readRows(ctx, selection, statement)).map((line) => [`${line.id}`, line]));
    return ids.map((id) => lines.get(id) ?? null);
  });
  const lines = await Promise.all(named.map((id) => loader.load(id)));
  return lines.filter((line) => line !== null);
}

/** Returns the open and released holds of a commission, oldest first. */
export function loadHolds(ctx: Context, info: GraphQLResolveInfo, id: string): Promise<CommissionHold[]> {
  return loaderFor<string, CommissionHold[]>(ctx, info, async (ids) => {
    const selection = select(commissionHoldTable, info, ctx.actor, [], ['commissionId', 'id']);
    const statement = sql`${from(commissionHoldTable, ctx.actor, selection)} and h.commission_id = any(${ids}) order by h.id`;
    const holds = Map.groupBy(await readRows(ctx, selection, statement), (hold) => hold.commissionId);
    return ids.map((key) => holds.get(key) ?? []);
  }).load(id);
}

/** Returns the reversed amount of a commission so far, as a positive amount. */
export function loadReversedAmount(
  ctx: Context,
  info: GraphQLResolveInfo,
  { id, amount }: Commission,
): Promise<MoneyColumn> {
  return loaderFor<string, bigint>(ctx, info, async (ids) => {
    const rows = await query(
      ctx,
      sql<{ id: string; reversed: bigint }>`
        select c.reverses_id as id, -sum(c.amount_minor)::bigint as reversed from commissions c
        where c.reverses_id = any(${ids}) and c.status <> 'REJECTED' and ${scopeOf(ctx.actor, commissionTable)} group by c.reverses_id`,
    );
    const sums = new Map(rows.map((row) => [row.id, row.reversed]));
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
  const lines = await readRows(
    ctx,
    selection,
    sql`${from(commissionTable, ctx.actor, selection)} and c.id = any(${ids})`,
  );
  const found = new Map(lines.map((line) => [`${line.id}`, line]));
  return ids.flatMap((id) => found.get(id) ?? []);
}
