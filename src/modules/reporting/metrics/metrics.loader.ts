import type { GraphQLResolveInfo } from 'graphql';
import { invalid } from '../../../domain/errors.ts';
import { type Days, daysIn } from '../../../domain/metrics.ts';
import { askedFields } from '../../../kernel/data/asked.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { Partner } from '../../partners/partner/public.ts';
import {
  type Dated,
  type DatedToDate,
  type Named,
  readDated,
  readDatedToDate,
  totals,
} from './dated-metrics.ts';
import type { MetricsOf, NamedMetrics, PartnerMetrics, SourceMetrics } from './metrics.type.ts';

type Key = Pick<Partner, 'id' | 'currency'>;

/** A partner's metrics, to date or for a period: one query for all partners of a request, and one for traffic sources. */
export function loadMetrics(
  ctx: Context,
  info: GraphQLResolveInfo,
  { id, currency }: Key,
  period: Days | null,
): Promise<PartnerMetrics> {
  checkPeriod(period);
  return loaderFor<Key, PartnerMetrics>(ctx, info, async (keys) => {
    const [figures, sources] = await Promise.all([
      period ? readDated(ctx, keys, period, null) : readDatedToDate(ctx, keys),
      askedFields(info).has('sources') ? readDated(ctx, keys, period, 'SOURCE') : [],
    ]);
    const [figuresOf, sourcesOf] = [byOwner<Dated | DatedToDate>(figures), byOwner(sources)];
    return keys.map((key) => {
      const mine = figuresOf.get(key.id) ?? [];
      return totals(mine, key.currency, {
        periodStart: period?.from ?? null,
        periodEnd: period?.to ?? null,
        calculatedAt: lastChange(mine) ?? new Date(),
        sources: bySource(sourcesOf.get(key.id) ?? [], key.currency),
        of: { ...key, period },
      });
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

const byOwner = <Row extends Dated>(rows: readonly Row[]): Map<string | null, Row[]> =>
  Map.groupBy(rows, ({ owner }) => owner);

const lastChange = (rows: readonly (Dated | DatedToDate)[]): Date | null =>
  rows.reduce<Date | null>(
    (last, row) => ('updatedAt' in row && (!last || row.updatedAt > last) ? row.updatedAt : last),
    null,
  );

function bySource(rows: readonly Dated[], currency: string): SourceMetrics[] {
  return [...Map.groupBy(rows, ({ part }) => part as string)]
    .filter(([, each]) => each.some((row) => row.clicks || row.conversions || row.revenue))
    .map(([source, each]) => totals(each, currency, { source }))
    .sort((a, b) => b.clicks - a.clicks || b.conversions - a.conversions || (a.source < b.source ? -1 : 1));
}

/** Metrics per link or campaign of a partner, most clicks first; one query for all partners of a request. */
export function loadNamedMetrics(
  ctx: Context,
  info: GraphQLResolveInfo,
  kind: Named,
  { id, currency, period }: MetricsOf,
): Promise<NamedMetrics[]> {
  return loaderFor<Key, NamedMetrics[]>(ctx, info, async (keys) => {
    const found = byOwner(await readDated(ctx, keys, period, kind));
    return keys.map((key) => byName(found.get(key.id) ?? [], key.currency));
  }).load({ id, currency });
}

const MOST_NAMES = 100;

function byName(rows: readonly Dated[], currency: string): NamedMetrics[] {
  return [...Map.groupBy(rows, ({ part }) => part as string)]
    .map(([name, each]) => totals(each, currency, { name }))
    .sort((a, b) => b.clicks - a.clicks || b.conversions - a.conversions || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_NAMES);
}
