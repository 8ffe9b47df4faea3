import { exchange, rateInto } from '../../../domain/exchange.ts';
import type { Days, Interval } from '../../../domain/metrics.ts';
import { FIGURES, percentBps } from '../../../domain/metrics.ts';
import { owned, query, type Scoped, scopeOf } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { digits } from '../../../kernel/request/currency.ts';
import { rateOfItsDay } from '../../programs/exchange-rates/public.ts';
import {
  AMOUNTS,
  type Amount,
  type Figures,
  sumCounts,
  sumsOf,
  toAmounts,
  toNumbers,
} from './figures.type.ts';
import { figuresScope, inPeriod, NO_CURRENCY } from './metrics.loader.ts';
import type { CurrencyMetrics } from './metrics.type.ts';

/** Sums of the days with the same exchange rate to the program's currency. */
export interface Dated extends Figures {
  /** The partner; null for the program. */
  readonly owner: string | null;
  /** The first day of the interval; null when there are no intervals. */
  readonly start: string | null;
  readonly currency: string;
  readonly base: string | null;
  readonly quote: string | null;
  readonly rate: string | null;
}

const columns = sql.raw(FIGURES.map((figure) => `m.${figure}`).join(', '));
const sums = sql.raw(FIGURES.map((figure) => `sum(m.${figure})::bigint as ${figure}`).join(', '));
const STARTS: Record<Interval, Sql> = {
  DAY: sql`d.day`,
  WEEK: sql`date_trunc('week', d.day::timestamp)::date`,
  MONTH: sql`date_trunc('month', d.day::timestamp)::date`,
};

/** Partners have no access to these rows, which contain all partners. */
const programScope: Scoped = { kind: 'metrics', attributes: owned('m') };

/** The daily metrics of partners, or of the caller's whole program, by exchange rate: from the rollups, never from the history. */
export async function readDated(
  ctx: Context,
  partners: readonly string[] | null,
  period: Days | null,
  interval: Interval | null,
): Promise<Dated[]> {
  return query(
    ctx,
    sql<Dated>`
      select /* metrics.dated */ d.owner, ${interval ? STARTS[interval] : sql`null::date`} as start, d.currency, x.base, x.quote, x.rate,
        ${sumsOf('d')}
      from (${partners ? daysOfPartners(ctx, partners, period) : daysOfProgram(ctx, period)}) d
      join programs g on g.tenant_id = d.tenant_id ${sql.raw(rateOfItsDay('g.currency'))} and d.currency <> ${NO_CURRENCY}
      group by 1, 2, 3, 4, 5, 6`,
  );
}

const daysOfPartners = (ctx: Context, ids: readonly string[], period: Days | null): Sql => sql`
  select m.partner_id as owner, m.tenant_id, m.day, m.currency, ${sums} from partner_metrics_daily m
  where m.partner_id = any(${ids}) and ${scopeOf(ctx.actor, figuresScope)}${inPeriod(period)}
  group by m.partner_id, m.tenant_id, m.day, m.currency`;

function daysOfProgram(ctx: Context, period: Days | null): Sql {
  const rows = ['program_metrics_daily', 'program_metric_changes'].map(
    (table) => sql`
      select m.tenant_id, m.day, m.currency, ${columns} from ${sql.raw(table)} m
      where m.tenant_id = ${ctx.actor.tenantId} and ${scopeOf(ctx.actor, programScope)}${inPeriod(period)}`,
  );
  return sql`
    select null::uuid as owner, m.tenant_id, m.day, m.currency, ${sums} from (${sql.join(rows, ' union all ')}) m
    group by m.tenant_id, m.day, m.currency`;
}

/** Sums rows: counts over all currencies, amounts per currency, and amounts of all currencies in `currency`. */
export function totals(rows: readonly Dated[], currency: string) {
  const counts = sumCounts(rows);
  const own = Object.fromEntries(AMOUNTS.map((amount) => [amount, 0n])) as Record<Amount, bigint>;
  const missing = new Set<string>();
  let ratedOrders = 0n;
  for (const row of rows) {
    if (row.orders > 0n && inCurrency(row, 0n, currency) !== null) ratedOrders += row.orders;
    for (const name of AMOUNTS) {
      if (row[name] === 0n) continue;
      const converted = inCurrency(row, row[name], currency);
      if (converted === null) missing.add(row.currency);
      else own[name] += converted;
    }
  }
  return {
    exact: counts,
    /** Number of sales whose revenue is included. */
    ratedOrders,
    ...toNumbers(counts),
    ...toAmounts(currency, (amount) => own[amount]),
    conversionRate: percentBps(counts.conversions, counts.clicks),
    missingRates: [...missing].sort(),
    currencies: byCurrency(rows),
  };
}

/** The converted amount, rounded once; null without a rate. */
function inCurrency({ currency, base, quote, rate }: Dated, minor: bigint, to: string): bigint | null {
  if (currency === to) return minor;
  if (base === null || quote === null || rate === null) return null;
  const entered = { base, quote, rate, effectiveOn: '' };
  const digitsOfBoth = { currency: to, digits: digits(to), fromDigits: digits(currency) };
  return exchange({ minor, currency }, rateInto(entered, to), digitsOfBoth).minor;
}

function byCurrency(rows: readonly Dated[]): CurrencyMetrics[] {
  return [...Map.groupBy(rows, (row) => row.currency)]
    .filter(([currency]) => currency !== NO_CURRENCY)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, each]) => ({
      currency,
      orders: Number(sumCounts(each).orders),
      ...toAmounts(currency, (amount) => each.reduce((sum, row) => sum + row[amount], 0n)),
    }));
}
