import type { GraphQLResolveInfo } from 'graphql';
import { forbidden, invalid, notFound } from '../../../domain/errors.ts';
import { type Days, type Interval, parts, smoothed, trend } from '../../../domain/metrics.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { from, owned, query, readRows, type Scoped, scopeOf, select } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { currencyOf, digits } from '../../../kernel/request/currency.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { partnerTable } from '../../partners/partner/public.ts';
import { ratesInForce } from '../../programs/exchange-rates/public.ts';
import { figuresScope, inPeriod, NO_CURRENCY, readDated, readDatedProgram, totals } from './dated-metrics.ts';
import { checkPeriod } from './metrics.loader.ts';
import type { MetricsOf } from './metrics.type.ts';
import type {
  ConvertedMetrics,
  MetricsSeries,
  ProgramMetrics,
  RankedPartner,
  Ranking,
  SubscriptionMetrics,
} from './program-metrics.type.ts';
import { liveMetrics, type Rates, ratesFor, readLive } from './subscription-metrics.ts';

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
  const [{ currency }, rows] = await Promise.all([
    ownProgram(ctx),
    readDatedProgram(ctx, period, null, null),
  ]);
  return totals(rows, currency, {
    periodStart: period?.from ?? null,
    periodEnd: period?.to ?? null,
    period,
  });
}

/** The subscription metrics of the program. */
export async function programSubscriptions(
  ctx: Context,
  { period, revenue: { currency }, customerLifetimeValue: historical }: ProgramMetrics,
): Promise<SubscriptionMetrics> {
  const [{ today }, rows] = await Promise.all([ownProgram(ctx), readLive(ctx, null, period)]);
  const rates = await ratesFor(ctx, rows, currency, lastDay(period, today));
  return liveMetrics(rows, { currency, period, historical }, rates);
}

const lastDay = (period: Days | null, today: string): string =>
  period && period.to < today ? period.to : today;

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
      const ids = keys.map((key) => key.of.id);
      const [{ today }, rows] = await Promise.all([ownProgram(ctx), readLive(ctx, ids, of.period)]);
      const found = Map.groupBy(rows, (row) => row.owner);
      const rates = new Map<string, Rates>();
      for (const [currency, same] of Map.groupBy(keys, (key) => key.of.currency)) {
        const own = same.flatMap((key) => found.get(key.of.id) ?? []);
        rates.set(currency, await ratesFor(ctx, own, currency, lastDay(of.period, today)));
      }
      return keys.map(({ of: { id, currency, period }, historical }) =>
        liveMetrics(found.get(id) ?? [], { currency, period, historical }, rates.get(currency) as Rates),
      );
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
    const partners = ids.map((key) => ({ id: key, currency: null }));
    const [{ currency }, rows] = await Promise.all([ownProgram(ctx), readDated(ctx, partners, period, null)]);
    const found = Map.groupBy(rows, (row) => row.owner);
    return ids.map((key) => totals(found.get(key) ?? [], currency, {}));
  }).load(id);
}

const MOST_POINTS = 400;

/** Metrics over time, of a partner or of the whole program. A partner without `partnerId` gets its own metrics. */
export async function metricsSeries(
  ctx: Context,
  given: { readonly partnerId: string | null; readonly currency: string | null },
  period: Days,
  interval: Interval,
): Promise<MetricsSeries> {
  checkPeriod(period);
  const partnerId = given.partnerId === null ? ctx.actor.partnerId : idOf(given.partnerId, 'partnerId');
  const wanted = given.currency === null ? null : currencyOf(given.currency, 'currency');
  const [program, rows] = await Promise.all([
    ownProgram(ctx),
    partnerId === null
      ? readDatedProgram(ctx, period, interval, wanted)
      : readDated(ctx, [{ id: partnerId, currency: wanted }], period, interval),
    partnerId === null || partnerId === ctx.actor.partnerId ? null : requirePartner(ctx, partnerId),
  ]);
  const currency = wanted ?? program.currency;
  const spans = [...parts(period, interval)];
  if (spans.length > MOST_POINTS)
    throw invalid(
      'period',
      `must have at most ${MOST_POINTS} points: choose a longer interval or a shorter period`,
    );
  const found = Map.groupBy(rows, (row) => row.part);
  const points = spans.map(({ start, from, to }) =>
    totals(found.get(start) ?? [], currency, {
      from,
      to,
      /** True when the interval is complete and past, so that it can be used for the forecast. */
      whole:
        from === start &&
        to < program.today &&
        (interval === 'DAY' || to !== period.to || endsThere(to, interval)),
    }),
  );
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
