import type { GraphQLResolveInfo } from 'graphql';
import { forbidden, invalid, notFound } from '../../../domain/errors.ts';
import { type Days, type Interval, parts, perEach, smoothed, trend } from '../../../domain/metrics.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { from, owned, query, readRows, type Scoped, scopeOf, select } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { digits } from '../../../kernel/request/currency.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { partnerTable } from '../../partners/partner/public.ts';
import { ratesInForce } from '../../programs/exchange-rates/public.ts';
import { type Dated, readDated, totals } from './dated-metrics.ts';
import { checkPeriod, figuresScope, inPeriod, NO_CURRENCY } from './metrics.loader.ts';
import type { MetricsOf } from './metrics.type.ts';
import type {
  ConvertedMetrics,
  MetricsPoint,
  MetricsSeries,
  ProgramMetrics,
  RankedPartner,
  Ranking,
  SubscriptionMetrics,
} from './program-metrics.type.ts';
import { convertedMoney, liveMetrics, ownMoney, readLive } from './subscription-metrics.ts';

/** Metrics of a whole program are for staff only. */
export function requireStaff({ actor }: Pick<Context, 'actor'>): void {
  if (actor.partnerId !== null)
    throw forbidden(
      'The metrics of the whole program are for staff only. Query the metrics of your partner.',
    );
}

interface OwnProgram {
  readonly currency: string;
  /** Today in the program's time zone. */
  readonly today: string;
}

const programScope: Scoped = { kind: 'program', attributes: owned('g') };

async function ownProgram(ctx: Context): Promise<OwnProgram> {
  const [row] = await query(
    ctx,
    sql<OwnProgram>`
      select g.currency, (${ctx.clock.now()}::timestamptz at time zone g.time_zone)::date as today from programs g
      where g.tenant_id = ${ctx.actor.tenantId} and ${scopeOf(ctx.actor, programScope)}`,
  );
  if (!row) throw notFound('program');
  return row;
}

/** The metrics of the caller's program, to date or for a period. */
export async function programMetrics(ctx: Context, period: Days | null): Promise<ProgramMetrics> {
  requireStaff(ctx);
  checkPeriod(period);
  const [{ currency }, rows] = await Promise.all([ownProgram(ctx), readDated(ctx, null, period, null)]);
  const { exact, ratedOrders, ...all } = totals(rows, currency);
  const each = ({ minor }: MoneyColumn, counted: bigint) => {
    const share = perEach(minor, counted);
    return share === null ? null : new MoneyColumn({ minor: share, currency });
  };
  return {
    ...all,
    periodStart: period?.from ?? null,
    periodEnd: period?.to ?? null,
    averageOrderValue: each(all.revenue, ratedOrders),
    earningsPerClick: all.missingRates.length ? null : each(all.commissionEarned, exact.clicks),
    period,
  };
}

/** The subscription metrics of the program. */
export async function programSubscriptions(
  ctx: Context,
  { period, revenue, customers, missingRates }: ProgramMetrics,
): Promise<SubscriptionMetrics> {
  const { currency } = revenue;
  const [{ today }, rows] = await Promise.all([ownProgram(ctx), readLive(ctx, null, period)]);
  const day = period && period.to < today ? period.to : today;
  const share = missingRates.length ? null : perEach(revenue.minor, BigInt(customers));
  const historical = share === null ? null : new MoneyColumn({ minor: share, currency });
  return liveMetrics(rows, { currency, period, historical }, await convertedMoney(ctx, rows, currency, day));
}

/** The subscription metrics of a partner: one query for all partners of a request. */
export function partnerSubscriptions(
  ctx: Context,
  info: GraphQLResolveInfo,
  of: MetricsOf,
  historical: MoneyColumn | null,
): Promise<SubscriptionMetrics> {
  return loaderFor<{ of: MetricsOf; historical: MoneyColumn | null }, SubscriptionMetrics>(
    ctx,
    info,
    async (keys) => {
      const rows = await readLive(
        ctx,
        keys.map((key) => key.of.id),
        of.period,
      );
      const found = Map.groupBy(rows, (row) => row.owner);
      return keys.map((key) => {
        const mine = found.get(key.of.id) ?? [];
        const { currency, period } = key.of;
        const money = { into: ownMoney(currency), missingRates: [] };
        return liveMetrics(mine, { currency, period, historical: key.historical }, money);
      });
    },
  ).load({ of, historical });
}

/** A partner's amounts in the program's currency: one query for all partners of a request. */
export function loadConvertedMetrics(
  ctx: Context,
  info: GraphQLResolveInfo,
  { id, period }: MetricsOf,
): Promise<ConvertedMetrics> {
  return loaderFor<string, ConvertedMetrics>(ctx, info, async (ids) => {
    const [{ currency }, rows] = await Promise.all([ownProgram(ctx), readDated(ctx, ids, period, null)]);
    const found = Map.groupBy(rows, (row) => row.owner);
    return ids.map((key) => totals(found.get(key) ?? [], currency));
  }).load(id);
}

const MOST_POINTS = 400;

/** Metrics over time, of a partner or of the whole program. A partner without `partnerId` gets its own metrics. */
export async function metricsSeries(
  ctx: Context,
  given: string | null | undefined,
  period: Days,
  interval: Interval,
): Promise<MetricsSeries> {
  checkPeriod(period);
  const partnerId = given == null ? ctx.actor.partnerId : idOf(given, 'partnerId');
  const [{ currency, today }, rows] = await Promise.all([
    ownProgram(ctx),
    readDated(ctx, partnerId === null ? null : [partnerId], period, interval),
    partnerId === null || partnerId === ctx.actor.partnerId ? null : requirePartner(ctx, partnerId),
  ]);
  const spans = [...parts(period, interval)];
  if (spans.length > MOST_POINTS)
    throw invalid(
      'period',
      `must have at most ${MOST_POINTS} points: choose a longer interval or a shorter period`,
    );
  const found = Map.groupBy(rows, (row) => row.start);
  const points = spans.map(({ start, from, to }) => ({
    ...pointOf(found.get(start) ?? [], currency),
    from,
    to,
    /** True when the interval is complete and past, so that it can be used for the forecast. */
    whole:
      from === start && to < today && (interval === 'DAY' || to !== period.to || endsThere(to, interval)),
  }));
  const revenues = points.filter(({ whole }) => whole).map(({ revenue }) => Number(revenue.minor));
  const money = (minor: number | null | undefined) =>
    minor == null ? null : new MoneyColumn({ minor: BigInt(Math.round(minor)), currency });
  return {
    points,
    forecast: {
      revenueByTrend: money(trend(revenues)?.next),
      revenueSmoothed: money(smoothed(revenues, 0.5)),
    },
  };
}

/** True when the day is the last one of its interval. */
function endsThere(day: string, interval: Interval): boolean {
  const [part] = parts({ from: day, to: '9999-12-31' }, interval);
  return part?.to === day;
}

const pointOf = (rows: readonly Dated[], currency: string): Omit<MetricsPoint, 'from' | 'to'> =>
  totals(rows, currency);

async function requirePartner(ctx: Context, id: string): Promise<void> {
  const statement = sql`select 1 from partners p where p.id = ${id} and p.deleted_at is null and ${scopeOf(ctx.actor, partnerTable)}`;
  if ((await query(ctx, statement)).length === 0) throw notFound('partner', { field: 'partnerId' });
}

const RANKED: Record<Ranking, string> = {
  CLICKS: 'clicks',
  CONVERSIONS: 'conversions',
  CUSTOMERS: 'customers',
  ORDERS: 'orders',
  REVENUE: 'revenue',
  COMMISSION_EARNED: 'earned',
};
const MOST_RANKED = 100;

/** The partners with the highest value of a metric. Amounts are compared in the program's currency at the rates of the last day. */
export async function topPartners(
  ctx: Context,
  info: GraphQLResolveInfo,
  by: Ranking,
  period: Days | null,
  first: number,
): Promise<RankedPartner[]> {
  requireStaff(ctx);
  checkPeriod(period);
  if (first < 1 || first > MOST_RANKED) throw invalid('first', `must be from 1 to ${MOST_RANKED}`);
  const { currency, today } = await ownProgram(ctx);
  const { tenantId } = ctx.actor;
  const day = period && period.to < today ? period.to : today;
  const rates = [...(await ratesInForce(ctx.em.fork(), tenantId ?? '', currency, day))].map(
    ([code, { numerator, denominator }]) => ({
      code,
      times: `${numerator * 10n ** BigInt(digits(currency))}`,
      by: `${denominator * 10n ** BigInt(digits(code))}`,
    }),
  );
  rates.push({ code: currency, times: '1', by: '1' });
  const sums = (...figures: string[]) =>
    sql.raw(figures.map((figure) => `sum(m.${figure})::bigint as ${figure}`).join(', '));
  const money = (figure: string) =>
    sql.raw(`coalesce(sum(round(m.${figure}_minor * r.times / r.by)), 0) as ${figure}`);
  const ranked = await query(
    ctx,
    sql<Ranked>`
      select /* metrics.ranked */ m.partner_id as "partnerId", ${sums(...COUNTED)}, ${money('revenue')}, ${money('earned')},
        coalesce(array_agg(m.currency order by m.currency) filter (where r.by is null and (m.revenue_minor <> 0 or m.earned_minor <> 0)), '{}') as missing
      from (
        select m.partner_id, m.currency, ${sums(...COUNTED, 'revenue_minor', 'earned_minor')}
        from ${sql.raw(period ? 'partner_metrics_daily' : 'partner_metrics')} m
        where m.tenant_id = ${tenantId} and ${scopeOf(ctx.actor, figuresScope)}${inPeriod(period)}
        group by m.partner_id, m.currency) m
      left join unnest(${rates.map(({ code }) => code)}::text[], ${rates.map(({ times }) => times)}::numeric[],
        ${rates.map(({ by: divisor }) => divisor)}::numeric[]) r (currency, times, by) on r.currency = m.currency and m.currency <> ${NO_CURRENCY}
      group by m.partner_id order by ${sql.raw(RANKED[by])} desc, m.partner_id limit ${first}`,
  );
  const selection = select(partnerTable, info, ctx.actor, ['partner'], ['id']);
  const ids = ranked.map(({ partnerId }) => partnerId);
  const partners = await readRows(
    ctx,
    selection,
    sql`${from(partnerTable, ctx.actor, selection)} and p.id = any(${ids})`,
  );
  const found = new Map(partners.map((partner) => [partner.id, partner]));
  return ranked.flatMap(({ partnerId, clicks, conversions, customers, orders, revenue, earned, missing }) => {
    const partner = found.get(partnerId);
    if (!partner) return [];
    return {
      partner,
      clicks: Number(clicks),
      conversions: Number(conversions),
      customers: Number(customers),
      orders: Number(orders),
      revenue: new MoneyColumn({ minor: BigInt(revenue), currency }),
      commissionEarned: new MoneyColumn({ minor: BigInt(earned), currency }),
      missingRates: missing,
    };
  });
}

const COUNTED = ['clicks', 'conversions', 'customers', 'orders'] as const;

type Ranked = Record<(typeof COUNTED)[number], bigint> & {
  /** Exact at any exchange rate, so without the limits of an integer of the database. */
  readonly revenue: string;
  readonly earned: string;
  readonly partnerId: string;
  readonly missing: string[];
};
