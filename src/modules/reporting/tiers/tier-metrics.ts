import type { EntityManager } from '@mikro-orm/postgresql';
import { type ExchangeRate, exchange } from '../../../domain/exchange.ts';
import { MAX_MINOR } from '../../../domain/money.ts';
import type { PartnerTier } from '../../../domain/partner.ts';
import type { MonthResult, TierThreshold } from '../../../domain/tier.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { digits } from '../../../kernel/request/currency.ts';
import { ratesInForce } from '../../programs/exchange-rates/public.ts';
import type { Program } from '../../programs/program/public.ts';

/** A month in the program's time zone. */
export interface TierMonth {
  /** First day of the month. */
  readonly month: string;
  /** First day of the next month. */
  readonly next: string;
  readonly endsAt: Date;
  /** Time from which the month can be evaluated. */
  readonly settlesAt: Date;
}

export async function loadMonth(em: EntityManager, program: Program, day: string): Promise<TierMonth> {
  const [row] = await sql<{ month: string; next: string; ends: string; settles: string }>`
    select m.month::text, n.next::text, (n.next::timestamp at time zone ${program.timeZone}) as ends,
      ((n.next + ${program.tierSettleDays}::int)::timestamp at time zone ${program.timeZone}) as settles
    from (select date_trunc('month', ${day}::date)::date as month) m
    cross join lateral (select (m.month + interval '1 month')::date as next) n`.execute(em);
  const { month, next, ends, settles } = row as NonNullable<typeof row>;
  return { month, next, endsAt: new Date(ends), settlesAt: new Date(settles) };
}

/** The thresholds of the tiers at a time. */
export async function loadThresholds(
  em: EntityManager,
  tenantId: string,
  at: Date,
): Promise<TierThreshold[]> {
  const rows = await sql<{ tier: PartnerTier; revenue: string; customers: number }>`
    select distinct on (tier) tier, min_monthly_revenue_minor::text as revenue, min_customers as customers
    from tier_config_versions where tenant_id = ${tenantId} and effective_at <= ${at}
    order by tier, effective_at desc, id desc`.execute(em);
  return rows.map(({ tier, revenue, customers }) => ({
    tier,
    minRevenue: BigInt(revenue),
    minCustomers: customers,
  }));
}

export type Measured = MonthResult | { readonly blocked: string; readonly customers: number };

/** The values of each partner in a month: revenue net of refunds and tax as in the metrics, in the program's
 *  currency at the rates of the month's first day, and active customers: purchases in the days before the month's end exceed
 *  their refunds. */
export async function measure(
  em: EntityManager,
  { tenantId, currency: to, customerActiveDays }: Program,
  { month, next, endsAt }: TierMonth,
  ids: readonly string[],
): Promise<(partnerId: string) => Measured> {
  const revenue = await sql<{ partner_id: string; currency: string; minor: string }>`
    select partner_id, currency, sum(revenue_minor)::text as minor from partner_metrics_daily
    where partner_id = any(${ids}::uuid[]) and day >= ${month}::date and day < ${next}::date
    group by 1, 2 having sum(revenue_minor) <> 0`.execute(em);
  const customers = await sql<{ partner_id: string; count: number }>`
    select partner_id, count(distinct customer_id)::int as count from (
      select partner_id, customer_id from (
        select partner_id, customer_id, amount_currency as currency, amount_minor as minor, occurred_at from conversions
        where partner_id = any(${ids}::uuid[]) and refused is null
        union all
        select partner_id, customer_id, coalesce(sale_currency, base_currency),
          case when status = 'REJECTED' and conversion_id is null then 0 else revenue_minor end, occurred_at
        from commissions where partner_id = any(${ids}::uuid[]) and customer_id is not null
      ) purchase
      where occurred_at < ${endsAt} and occurred_at >= ${endsAt}::timestamptz - ${customerActiveDays} * interval '1 day'
      group by partner_id, customer_id, currency having sum(minor) > 0) active
    group by partner_id`.execute(em);
  const foreign = revenue.some(({ currency }) => currency !== to);
  const rates = foreign ? await ratesInForce(em, tenantId, to, month) : new Map<string, ExchangeRate>();

  const active = new Map(customers.map(({ partner_id, count }) => [partner_id, count]));
  const sums = new Map<string, bigint>();
  const missing = new Map<string, string>();
  for (const { partner_id, currency, minor } of revenue) {
    const rate = rates.get(currency);
    if (currency !== to && !rate) missing.set(partner_id, currency);
    const amount = { minor: BigInt(minor), currency };
    const own =
      rate && currency !== to
        ? exchange(amount, rate, { currency: to, digits: digits(to), fromDigits: digits(currency) })
        : amount;
    sums.set(partner_id, (sums.get(partner_id) ?? 0n) + own.minor);
  }
  return (partnerId) => {
    const count = active.get(partnerId) ?? 0;
    const currency = missing.get(partnerId);
    if (currency)
      return {
        blocked: `No exchange rate from ${currency} to ${to} is in force on ${month}.`,
        customers: count,
      };
    const reached = sums.get(partnerId) ?? 0n;
    if (reached > MAX_MINOR)
      return {
        blocked: `At the exchange rates of ${month} the revenue is more than 10^15 minor units of ${to}.`,
        customers: count,
      };
    return { revenue: reached, customers: count };
  };
}
