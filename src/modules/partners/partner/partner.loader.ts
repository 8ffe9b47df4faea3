import type { GraphQLResolveInfo } from 'graphql';
import { account } from '../../../domain/posting.ts';
import { type Condition, where } from '../../../kernel/data/condition.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, type PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow, from, query, Statement, select, type Table } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type TierConfig, tierConfigTable } from '../../programs/program/public.ts';
import { type Partner, partnerTable } from './partner.entity.ts';
import type { PartnerFilter } from './partner.inputs.ts';

const LEAST_CALLS = 1_000; // of a credential whose partner is gone

const exists = where('p.deleted_at is null');

export function partners(
  ctx: Context,
  info: GraphQLResolveInfo,
  filter: PartnerFilter | null,
  args: PageArgs,
): Promise<Connection<Partner>> {
  return page(ctx, info, partnerTable, args, [exists, ...narrow(filter)]);
}

function narrow(filter: PartnerFilter | null): Condition[] {
  const conditions: Condition[] = [];
  if (filter?.tier) conditions.push(where('p.tier = $', filter.tier));
  if (filter?.status) conditions.push(where('p.status = $', filter.status));
  if (filter?.partnerType) conditions.push(where('p.partner_type = $', filter.partnerType));
  if (filter?.sponsorId)
    conditions.push(
      where(
        'p.id in (select s.partner_id from sponsorships s where s.sponsor_id = $ and s.ended_at is null)',
        filter.sponsorId,
      ),
    );
  if (filter?.search) {
    const pattern = `%${filter.search.replace(/[\\%_]/g, '\\$&')}%`;
    conditions.push(
      where("concat_ws(' ', p.company_name, p.contact_name, p.email, p.referral_code) ilike $", pattern),
    );
  }
  return conditions;
}

/** Loads a partner, or throws NOT_FOUND. */
export const partner = (ctx: Context, info: GraphQLResolveInfo, id: string): Promise<Partner> =>
  findRow(ctx, info, partnerTable, id, [exists]);

/** Loads the limit of API calls an hour of a partner: its own, or its tier's. */
export async function callsPerHourOf(ctx: Context, partnerId: string): Promise<number> {
  const statement = new Statement()
    .add('select coalesce(p.api_limit_override, t.api_calls_per_hour) from partners p')
    .add(
      ' join partner_tier_configs t on t.tenant_id = p.tenant_id and t.tier = p.tier where p.id = $',
      partnerId,
    );
  const [row] = await query(ctx, statement);
  return (row?.[0] as number | undefined) ?? LEAST_CALLS;
}

/** Loads the configuration of each partner's tier. */
export function tierConfigOf(
  ctx: Context,
  info: GraphQLResolveInfo,
  { tenantId, tier }: Partner,
): Promise<TierConfig> {
  return loaderFor<string, TierConfig>(ctx, info, async (keys) => {
    const selection = select(tierConfigTable, info, ctx.actor, [], ['tenantId', 'tier']);
    const tenants = [...new Set(keys.map((key) => key.slice(key.indexOf(':') + 1)))];
    const statement = from(tierConfigTable, ctx.actor, selection).and([
      where('t.tenant_id = any($)', tenants),
    ]);
    const rows = (await query(ctx, statement)).map((row) => selection.read(row));
    const found = new Map(rows.map((row) => [`${row.tier}:${row.tenantId}`, row]));
    return keys.map((key) => found.get(key) ?? new Error(`no tier ${key}`)) as TierConfig[];
  }).load(`${tier}:${tenantId}`);
}

/** Loads the configuration of a partner; null if its type has no such configuration. */
export function configOf<T extends { partnerId: string }>(
  ctx: Context,
  info: GraphQLResolveInfo,
  table: Table<T>,
  id: string,
): Promise<T | null> {
  return loaderFor<string, T | null>(ctx, info, async (ids) => {
    const selection = select(table, info, ctx.actor, [], ['id']);
    const rows = await query(
      ctx,
      from(table, ctx.actor, selection).and([where(`${table.alias}.partner_id = any($)`, ids)]),
    );
    const found = new Map(rows.map((row) => [row[0] as string, selection.read(row)]));
    return ids.map((key) => found.get(key) ?? null);
  }).load(id);
}

export interface BalanceRow {
  readonly currency: string;
  readonly pending: MoneyColumn;
  readonly payable: MoneyColumn;
  readonly inTransit: MoneyColumn;
  readonly paid: MoneyColumn;
}

/** Loads the balances of each partner, one row for each currency: `pending` from commissions, the rest from postings. */
export function balancesOf(
  ctx: Context,
  info: GraphQLResolveInfo,
  id: string,
  asOf: Date | null = null,
): Promise<BalanceRow[]> {
  return loaderFor<string, BalanceRow[]>(ctx, info, async (ids) => {
    const then = asOf ? [asOf] : [];
    const posted = asOf ? ' and occurred_at < $' : '';
    const pending = asOf ? pendingThen : "status in ('PENDING', 'HELD')";
    const statement = new Statement().add(
      `select partner_id, currency, sum(pending)::bigint, sum(payable)::bigint, sum(in_transit)::bigint, sum(paid)::bigint from (
         select partner_id, amount_currency as currency, amount_minor as pending, 0 as payable, 0 as in_transit, 0 as paid
         from commissions where partner_id = any($) and ${pending}
         union all
         select m.partner_id, m.amount_currency, 0,
           case m.account when $ || m.partner_id || $ then m.minor else 0 end,
           case m.account when $ || m.partner_id || $ then m.minor else 0 end,
           case m.account when $ || m.partner_id || $ then m.minor else 0 end
         from (
           select partner_id, amount_currency, to_account as account, amount_minor as minor from postings where partner_id = any($)${posted}
           union all
           select partner_id, amount_currency, from_account, -amount_minor from postings where partner_id = any($)${posted}
         ) m
       ) movement group by partner_id, currency order by partner_id, currency`,
      ids,
      ...then,
      ...then,
      ...accountParts,
      ids,
      ...then,
      ids,
      ...then,
    );
    const lists = new Map<string, BalanceRow[]>(ids.map((key) => [key, []]));
    for (const [partnerId, currency, pending, payable, inTransit, paid] of await query(ctx, statement)) {
      const of = (minor: unknown) =>
        new MoneyColumn({ minor: minor as bigint, currency: currency as string });
      lists.get(partnerId as string)?.push({
        currency: currency as string,
        pending: of(pending),
        payable: of(payable),
        inTransit: of(inTransit),
        paid: of(paid),
      });
    }
    return ids.map((key) => lists.get(key) ?? []);
  }).load(id);
}

/** Commissions recorded before the instant and not decided by then. A rejected or reversed one last changed when that was decided. */
const pendingThen = `created_at < $ and $ <= case
  when approved_at is not null then approved_at when status in ('REJECTED', 'REVERSED') then updated_at else 'infinity' end`;

/** The account names of the ledger, split around the partner's id. */
const accountParts = [account.payable, account.inTransit, account.paid].flatMap((name) =>
  name('|').split('|'),
);
