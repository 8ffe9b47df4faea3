import { type ExchangeRate, exchange } from '../../../domain/exchange.ts';
import { type Days, lifetimeValue, monthsOf, percentBps } from '../../../domain/metrics.ts';
import type { Money } from '../../../domain/money.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { owned, query, type Scoped, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { digits } from '../../../kernel/request/currency.ts';
import { ratesInForce } from '../../programs/exchange-rates/public.ts';
import type { SubscriptionMetrics } from './program-metrics.type.ts';

/** Active subscriptions at the start and the end of a period. */
export interface Live {
  /** The partner; null for the program. */
  readonly owner: string | null;
  /** null: the row counts customers; otherwise it sums the amounts of the currency. */
  readonly currency: string | null;
  /** Amount per month, or number of customers. */
  readonly before: bigint;
  readonly after: bigint;
  readonly lost: bigint;
  readonly won: bigint;
}

const scope: Scoped = { kind: 'metrics', attributes: owned('s', 's.partner_id') };
const UNKNOWN_DAYS: Days = { from: '2026-01-01', to: '2026-01-30' }; // any 30 days, for requests without a period

/** Subscriptions of partners, or of the caller's whole program, without those that ended before the period. */
export async function readLive(
  ctx: Context,
  partners: readonly string[] | null,
  period: Days | null,
): Promise<Live[]> {
  const now = ctx.clock.now();
  return query(
    ctx,
    sql<Live>`
      with /* metrics.subscriptions */ each as (
        select ${partners ? sql`s.partner_id` : sql`null::uuid`} as owner, s.customer_id, s.price_currency as currency,
          sum(s.monthly_minor) filter (where s.started_at <= t.starts and coalesce(s.ended_at, 'infinity') > t.starts)::bigint as before,
          sum(s.monthly_minor) filter (where s.started_at <= t.ends and coalesce(s.ended_at, 'infinity') > t.ends)::bigint as after
        from programs g
        cross join lateral (select
          coalesce(${period?.from ?? null}::date::timestamp at time zone g.time_zone, ${now}::timestamptz - interval '30 days') as starts,
          least((${period?.to ?? null}::date + 1)::timestamp at time zone g.time_zone - interval '1 millisecond', ${now}::timestamptz) as ends) t
        join customer_subscriptions s on s.tenant_id = g.tenant_id and coalesce(s.ended_at, 'infinity') > t.starts and s.started_at <= t.ends
        where ${partners ? sql`s.partner_id = any(${partners})` : sql`g.tenant_id = ${ctx.actor.tenantId}`} and ${scopeOf(ctx.actor, scope)}
        group by 1, 2, 3),
      customers as (
        select owner, customer_id, bool_or(before is not null) as before, bool_or(after is not null) as after from each group by 1, 2)
      select owner, null as currency, count(*) filter (where before) as before, count(*) filter (where after) as after,
        count(*) filter (where before and not after) as lost, count(*) filter (where after and not before) as won
      from customers group by 1
      union all
      select owner, currency, coalesce(sum(before), 0)::bigint, coalesce(sum(after), 0)::bigint, 0, 0 from each group by 1, 2 order by 2`,
  );
}

export type Rates = ReadonlyMap<string, ExchangeRate>;

/** `rates` are the rates into `currency` that are in force on the last day. A currency without a rate is left out and listed. */
export function liveMetrics(
  rows: readonly Live[],
  { currency, period, historical }: { currency: string; period: Days | null; historical: MoneyColumn | null },
  rates: Rates,
): SubscriptionMetrics {
  const customers = rows.find((row) => row.currency === null);
  const sums = rows.filter((row): row is Live & { currency: string } => row.currency !== null);
  const missing = sums.filter((row) => row.currency !== currency && !rates.has(row.currency));
  const into = (which: 'before' | 'after') =>
    sums.reduce(
      (sum, row) => sum + converted({ minor: row[which], currency: row.currency }, currency, rates),
      0n,
    );
  const [start, lost] = [customers?.before ?? 0n, customers?.lost ?? 0n];
  const before = into('before');
  const value = lifetimeValue(before, lost, monthsOf(period ?? UNKNOWN_DAYS));
  const of = (minor: bigint, code = currency) => new MoneyColumn({ minor, currency: code });
  return {
    mrr: of(into('after')),
    mrrBefore: of(before),
    mrrByCurrency: sums.map((row) => of(row.after, row.currency)),
    missingRates: missing.map((row) => row.currency),
    customersAtStart: Number(start),
    customersLost: Number(lost),
    customersWon: Number(customers?.won ?? 0n),
    churnRate: percentBps(lost, start),
    lifetimeValue: value === null ? historical : of(value),
    lifetimeValueBasis: value === null ? 'HISTORICAL' : 'CHURN',
  };
}

/** Returns the amount in a currency; 0 without a rate. */
function converted(amount: Money, currency: string, rates: Rates): bigint {
  if (amount.currency === currency) return amount.minor;
  const rate = rates.get(amount.currency);
  const digitsOfBoth = { currency, digits: digits(currency), fromDigits: digits(amount.currency) };
  return rate ? exchange(amount, rate, digitsOfBoth).minor : 0n;
}

/** Reads the rates into a currency in force on a day, if any of the rows is in another currency. */
export const ratesFor = async (
  ctx: Context,
  rows: readonly Live[],
  currency: string,
  day: string,
): Promise<Rates> =>
  rows.some((row) => row.currency !== null && row.currency !== currency)
    ? ratesInForce(ctx.em.fork(), ctx.actor.tenantId ?? '', currency, day)
    : new Map();
