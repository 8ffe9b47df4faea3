import type { GraphQLResolveInfo } from 'graphql';
import { invalid } from '../../../domain/errors.ts';
import { type Days, daysIn, percentBps, perEach } from '../../../domain/metrics.ts';
import { askedFields } from '../../../kernel/data/asked.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { owned, query, type Scoped, scopeOf } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { Partner } from '../../partners/partner/public.ts';
import { type Figures, figuresOf, sumCounts, sumsOf, toAmounts, toNumbers } from './figures.type.ts';
import type {
  CurrencyMetrics,
  MetricsOf,
  NamedMetrics,
  PartnerMetrics,
  SourceMetrics,
} from './metrics.type.ts';

interface PartnerFigures extends Figures {
  readonly partnerId: string;
  readonly currency: string;
  readonly updatedAt: Date | null;
}

/** Metrics without a currency (clicks, customers) are stored with ISO 4217's code for "no currency". */
export const NO_CURRENCY = 'XXX';

/** A partner's metrics, to date or for a period: one query for all partners of a request, and one for traffic sources. */
export function loadMetrics(
  ctx: Context,
  info: GraphQLResolveInfo,
  { id, currency }: Pick<Partner, 'id' | 'currency'>,
  period: Days | null,
): Promise<PartnerMetrics> {
  checkPeriod(period);
  return loaderFor<{ id: string; currency: string }, PartnerMetrics>(ctx, info, async (keys) => {
    const ids = keys.map((key) => key.id);
    const [figures, sources] = await Promise.all([
      readFigures(ctx, ids, period),
      askedFields(info).has('sources') ? readSources(ctx, ids, period) : null,
    ]);
    return keys.map((key) => {
      const mine = sources?.get(key.id) ?? [];
      return {
        ...summary(figures.get(key.id) ?? [], key.currency, period),
        sources: bySource(mine, key.currency),
        of: { ...key, period },
      };
    });
  }).load({ id, currency });
}

const MOST_DAYS = 3_660;

/** Refuses a period that ends before it starts, or is longer than ten years. */
export function checkPeriod(period: Days | null): void {
  if (!period) return;
  if (period.from > period.to) throw invalid('period.to', 'must not be before from');
  if (daysIn(period) > MOST_DAYS) throw invalid('period.to', `must be at most ${MOST_DAYS} days after from`);
}

function summary(
  rows: readonly PartnerFigures[],
  currency: string,
  period: Days | null,
): Omit<PartnerMetrics, 'sources' | 'of'> {
  const own = rows.find((row) => row.currency === currency);
  const [revenue, earned] = [own?.revenue ?? 0n, own?.earned ?? 0n];
  const counts = sumCounts(rows);
  const each = (parts: bigint, amount = revenue) => {
    const minor = perEach(amount, parts);
    return minor === null ? null : new MoneyColumn({ minor, currency });
  };
  const currencies: CurrencyMetrics[] = rows
    .filter((row) => row.currency !== NO_CURRENCY)
    .map((row) => ({
      currency: row.currency,
      orders: Number(row.orders),
      ...toAmounts(row.currency, (amount) => row[amount]),
    }));
  return {
    periodStart: period?.from ?? null,
    periodEnd: period?.to ?? null,
    ...toNumbers(counts),
    ...toAmounts(currency, (amount) => own?.[amount] ?? 0n),
    conversionRate: percentBps(counts.conversions, counts.clicks),
    averageOrderValue: each(own?.orders ?? 0n),
    customerLifetimeValue: each(counts.customers),
    earningsPerClick: each(counts.clicks, earned),
    currencies,
    calculatedAt:
      rows.reduce<Date | null>(
        (last, { updatedAt }) => (updatedAt && (!last || updatedAt > last) ? updatedAt : last),
        null,
      ) ?? new Date(),
  };
}

/** Metrics are sums, so policies decide only by partner. */
export const figuresScope: Scoped = { kind: 'metrics', attributes: owned('m', 'm.partner_id') };

async function readFigures(
  ctx: Context,
  ids: readonly string[],
  period: Days | null,
): Promise<Map<string, PartnerFigures[]>> {
  const rows = await query(
    ctx,
    period
      ? sql<PartnerFigures>`
          select /* metrics.period */ m.partner_id as "partnerId", m.currency, ${sumsOf('m')}, null::timestamptz as "updatedAt"
          from partner_metrics_daily m where m.partner_id = any(${ids}) and ${scopeOf(ctx.actor, figuresScope)}${inPeriod(period)}
          group by m.partner_id, m.currency order by m.currency`
      : sql<PartnerFigures>`
          select /* metrics.toDate */ m.partner_id as "partnerId", m.currency, ${figuresOf('m')}, m.updated_at as "updatedAt"
          from partner_metrics m where m.partner_id = any(${ids}) and ${scopeOf(ctx.actor, figuresScope)} order by m.currency`,
  );
  return Map.groupBy(rows, (row) => row.partnerId);
}

/** The days of a period, among rows of daily figures. */
export const inPeriod = (period: Days | null): Sql =>
  period ? sql` and m.day between ${period.from} and ${period.to}` : sql``;

interface SourceFigures
  extends Pick<PartnerFigures, 'partnerId' | 'currency' | 'clicks' | 'conversions' | 'revenue'> {
  readonly source: string;
}

async function readSources(
  ctx: Context,
  ids: readonly string[],
  period: Days | null,
): Promise<Map<string, SourceFigures[]>> {
  const rows = await query(
    ctx,
    sql<SourceFigures>`
      select /* metrics.sources */ m.partner_id as "partnerId", m.source, m.currency, sum(m.clicks)::bigint as clicks,
        sum(m.conversions)::bigint as conversions, sum(m.revenue_minor)::bigint as revenue
      from partner_metrics_daily m where m.partner_id = any(${ids}) and ${scopeOf(ctx.actor, figuresScope)}${inPeriod(period)}
      group by m.partner_id, m.source, m.currency
      having sum(m.clicks) <> 0 or sum(m.conversions) <> 0 or sum(m.revenue_minor) <> 0`,
  );
  return Map.groupBy(rows, (row) => row.partnerId);
}

function bySource(rows: readonly SourceFigures[], currency: string): SourceMetrics[] {
  return [...Map.groupBy(rows, (row) => row.source)]
    .map(([source, each]) => ({
      source,
      clicks: Number(each.reduce((sum, row) => sum + row.clicks, 0n)),
      conversions: Number(each.reduce((sum, row) => sum + row.conversions, 0n)),
      revenue: new MoneyColumn({
        minor: each.find((row) => row.currency === currency)?.revenue ?? 0n,
        currency,
      }),
    }))
    .sort((a, b) => b.clicks - a.clicks || b.conversions - a.conversions || (a.source < b.source ? -1 : 1));
}

type Kind = 'LINK' | 'CAMPAIGN';

/** Metrics per link or campaign of a partner, most clicks first; one query for all partners of a request. */
export function loadNamedMetrics(
  ctx: Context,
  info: GraphQLResolveInfo,
  kind: Kind,
  { id, currency, period }: MetricsOf,
): Promise<NamedMetrics[]> {
  return loaderFor<{ id: string; currency: string }, NamedMetrics[]>(ctx, info, async (keys) => {
    const ids = keys.map((key) => key.id);
    const rows = await query(
      ctx,
      sql<Named>`
        select /* metrics.named */ m.partner_id as "partnerId", m.name, m.currency, sum(m.clicks)::bigint as clicks,
          sum(m.conversions)::bigint as conversions, sum(m.revenue_minor)::bigint as revenue, sum(m.earned_minor)::bigint as earned
        from partner_metrics_by m where m.partner_id = any(${ids}) and m.kind = ${kind} and ${scopeOf(ctx.actor, figuresScope)}${inPeriod(period)}
        group by m.partner_id, m.name, m.currency`,
    );
    const found = Map.groupBy(rows, (row) => row.partnerId);
    return keys.map((key) => byName(found.get(key.id) ?? [], key.currency));
  }).load({ id, currency });
}

interface Named
  extends Pick<PartnerFigures, 'partnerId' | 'currency' | 'clicks' | 'conversions' | 'revenue' | 'earned'> {
  readonly name: string;
}

const MOST_NAMES = 100;

function byName(rows: readonly Named[], currency: string): NamedMetrics[] {
  return [...Map.groupBy(rows, (row) => row.name)]
    .map(([name, each]) => {
      const clicks = each.reduce((sum, row) => sum + row.clicks, 0n);
      const conversions = each.reduce((sum, row) => sum + row.conversions, 0n);
      const own = each.find((row) => row.currency === currency);
      return {
        name,
        clicks: Number(clicks),
        conversions: Number(conversions),
        conversionRate: percentBps(conversions, clicks),
        revenue: new MoneyColumn({ minor: own?.revenue ?? 0n, currency }),
        commissionEarned: new MoneyColumn({ minor: own?.earned ?? 0n, currency }),
      };
    })
    .sort((a, b) => b.clicks - a.clicks || b.conversions - a.conversions || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_NAMES);
}
