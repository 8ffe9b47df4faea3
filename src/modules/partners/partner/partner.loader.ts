import type { GraphQLResolveInfo } from 'graphql';
import { account } from '../../../domain/posting.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, type PageArgs, page } from '../../../kernel/data/paging.ts';
import {
  findRow,
  from,
  query,
  readRows,
  readRowsByKey,
  select,
  type Table,
} from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { withAsciiDomain } from '../../../kernel/request/email.ts';
import { type TierConfig, tierConfigTable } from '../../programs/program/public.ts';
import { type Partner, partnerTable } from './partner.entity.ts';
import type { PartnerFilter } from './partner.inputs.ts';

const LEAST_CALLS = 1_000; // of a credential whose partner is gone

const exists = sql`p.deleted_at is null`;

export function partners(
  ctx: Context,
  info: GraphQLResolveInfo,
  filter: PartnerFilter | null,
  args: PageArgs,
): Promise<Connection<Partner>> {
  return page(ctx, info, partnerTable, args, [exists, ...narrow(filter)]);
}

function narrow(filter: PartnerFilter | null): Sql[] {
  const conditions: Sql[] = [];
  if (filter?.tier) conditions.push(sql`p.tier = ${filter.tier}`);
  if (filter?.status) conditions.push(sql`p.status = ${filter.status}`);
  if (filter?.partnerType) conditions.push(sql`p.partner_type = ${filter.partnerType}`);
  if (filter?.sponsorId)
    conditions.push(
      sql`p.id in (select s.partner_id from sponsorships s where s.sponsor_id = ${filter.sponsorId} and s.ended_at is null)`,
    );
  if (filter?.search) {
    const texts = [...new Set([filter.search, withAsciiDomain(filter.search)])];
    const found = texts.map((text) => sql`strpos(p.search_text, searchable(${text})) > 0`);
    conditions.push(sql`(${sql.join(found, ' or ')})`);
  }
  return conditions;
}

/** Loads a partner, or throws NOT_FOUND. */
export const partner = (ctx: Context, info: GraphQLResolveInfo, id: string): Promise<Partner> =>
  findRow(ctx, info, partnerTable, id, [exists]);

/** Loads the limit of API calls an hour of a partner: its own, or its tier's. */
export async function callsPerHourOf(ctx: Context, partnerId: string): Promise<number> {
  const [row] = await query(
    ctx,
    sql<{ limit: number }>`
      select coalesce(p.api_limit_override, t.api_calls_per_hour) as limit from partners p
      join partner_tier_configs t on t.tenant_id = p.tenant_id and t.tier = p.tier where p.id = ${partnerId}`,
  );
  return row?.limit ?? LEAST_CALLS;
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
    const statement = sql`${from(tierConfigTable, ctx.actor, selection)} and t.tenant_id = any(${tenants})`;
    const rows = await readRows(ctx, selection, statement);
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
    const { list, joins, ...selection } = select(table, info, ctx.actor, [], ['id']);
    const keyed = { list: sql`${sql.raw(table.alias)}.partner_id, ${list}`, joins };
    const found = await readRowsByKey(
      ctx,
      selection,
      sql`${from(table, ctx.actor, keyed)} and ${sql.raw(table.alias)}.partner_id = any(${ids})`,
    );
    return ids.map((key) => found.get(key)?.[0] ?? null);
  }).load(id);
}

export interface BalanceRow {
  readonly currency: string;
  readonly pending: MoneyColumn;
  readonly payable: MoneyColumn;
  readonly inTransit: MoneyColumn;
  readonly paid: MoneyColumn;
}

/** Loads the balances of each partner, one row for each currency: `pending` from commissions and from
 *  postings of those that a dispute holds, the rest from postings. */
export function balancesOf(
  ctx: Context,
  info: GraphQLResolveInfo,
  id: string,
  asOf: Date | null = null,
): Promise<BalanceRow[]> {
  return loaderFor<string, BalanceRow[]>(ctx, info, async (ids) => {
    const posted = asOf ? sql` and occurred_at < ${asOf}` : sql``;
    const rows = await query(
      ctx,
      sql<
        { partnerId: string; currency: string } & Record<'pending' | 'payable' | 'inTransit' | 'paid', bigint>
      >`
        select /* partners.balances */ partner_id as "partnerId", currency, sum(pending)::bigint as pending, sum(payable)::bigint as payable,
          sum(in_transit)::bigint as "inTransit", sum(paid)::bigint as paid
        from (
          select partner_id, amount_currency as currency, amount_minor as pending, 0 as payable, 0 as in_transit, 0 as paid
          from commissions where partner_id = any(${ids}) and ${asOf ? pendingAt(asOf) : sql`status in ('PENDING', 'HELD')`}
          union all
          select m.partner_id, m.amount_currency, ${minorIn(account.held)}, ${minorIn(account.payable)}, ${minorIn(account.inTransit)}, ${minorIn(account.paid)}
          from (
            select partner_id, amount_currency, to_account as account, amount_minor as minor from postings
            where partner_id = any(${ids})${posted}
            union all
            select partner_id, amount_currency, from_account, -amount_minor from postings where partner_id = any(${ids})${posted}
          ) m
        ) movement group by partner_id, currency order by partner_id, currency`,
    );
    const lists = Map.groupBy(rows, (row) => row.partnerId);
    return ids.map((key) =>
      (lists.get(key) ?? []).map(({ currency, pending, payable, inTransit, paid }) => {
        const of = (minor: bigint) => new MoneyColumn({ minor, currency });
        return {
          currency,
          pending: of(pending),
          payable: of(payable),
          inTransit: of(inTransit),
          paid: of(paid),
        };
      }),
    );
  }).load(id);
}

/** Commissions recorded before the instant and not decided by then. A rejected or reversed one last changed when that was decided. */
const pendingAt = (asOf: Date): Sql => sql`created_at < ${asOf} and ${asOf} <= case
  when approved_at is not null then approved_at when status in ('REJECTED', 'REVERSED') then updated_at else 'infinity' end`;

/** The amount that a movement adds to an account of its partner. The account names of the ledger are split around the partner's id. */
function minorIn(name: (partnerId: string) => string): Sql {
  const [before, behind] = name('|').split('|');
  return sql`case m.account when ${before ?? ''} || m.partner_id || ${behind ?? ''} then m.minor else 0 end`;
}
