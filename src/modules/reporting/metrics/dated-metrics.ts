import { exchange, rateInto } from '../../../domain/exchange.ts';
import { type Days, FIGURES, type Interval, percentBps, perEach } from '../../../domain/metrics.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { owned, query, read, type Scoped, scopeOf } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { digits } from '../../../kernel/request/currency.ts';
import { rateOfItsDay } from '../../programs/exchange-rates/public.ts';
import {
  AMOUNTS,
  type Amount,
  type Figures,
  figuresOf,
  sumCounts,
  sumsOf,
  toAmounts,
} from './figures.type.ts';
import type { CurrencyMetrics } from './metrics.type.ts';

/** Metrics without a currency (clicks, customers) are stored with ISO 4217's code for "no currency". */
export const NO_CURRENCY = 'XXX';

/** Sums in one currency that have the same exchange rate to the wanted currency. */
export interface Dated extends Figures {
  /** The partner; null for the program. */
  readonly owner: string | null;
  /** The first day of the interval, the source, the link or the campaign; null when the sums are not split. */
  readonly part: string | null;
  readonly currency: string;
  readonly base: string | null;
  readonly quote: string | null;
  readonly rate: string | null;
}

/** A partner, and the currency that its amounts are converted to; null: the program's currency. */
export interface Wanted {
  readonly id: string;
  readonly currency: string | null;
}

type Split = Interval | 'SOURCE' | Named;
export type Named = 'LINK' | 'CAMPAIGN';

const PARTS: Record<Split, Sql> = {
  DAY: sql`m.day::text`,
  WEEK: sql`date_trunc('week', m.day::timestamp)::date::text`,
  MONTH: sql`date_trunc('month', m.day::timestamp)::date::text`,
  SOURCE: sql`m.source`,
  LINK: sql`m.name`,
  CAMPAIGN: sql`m.name`,
};

const columns = sql.raw(FIGURES.map((figure) => `m.${figure}`).join(', '));
const sumsIn = (row: string): Sql =>
  sql.raw(FIGURES.map((figure) => `sum(${row}.${figure})::bigint as ${figure}`).join(', '));

/** Metrics are sums, so policies decide only by partner. */
export const figuresScope: Scoped = { kind: 'metrics', attributes: owned('m', 'm.partner_id') };

/** Partners have no access to these rows, which contain all partners. */
const programScope: Scoped = { kind: 'metrics', attributes: owned('m') };

/** The days of a period, among rows of daily figures. */
export const inPeriod = (period: Days | null): Sql =>
  period ? sql` and m.day between ${period.from} and ${period.to}` : sql``;

/** The daily metrics of partners, by exchange rate: from the rollups, never from the history. */
export const readDated = (
  ctx: Context,
  partners: readonly Wanted[],
  period: Days | null,
  split: Split | null,
): Promise<Dated[]> => query(ctx, rated(daysOfPartners(ctx, partners, period, split)));

/** The daily metrics of the caller's whole program, by exchange rate to a currency or to the program's currency. */
export const readDatedProgram = (
  ctx: Context,
  period: Days | null,
  interval: Interval | null,
  currency: string | null,
): Promise<Dated[]> => query(ctx, rated(daysOfProgram(ctx, period, interval, currency)));

const rated = (days: Sql): Sql<Dated> => sql<Dated>`
  select /* metrics.dated */ d.owner, d.part, d.currency, x.base, x.quote, x.rate, ${sumsOf('d')}
  from (${days}) d
  join programs g on g.tenant_id = d.tenant_id
  ${rateOfItsDay(sql`coalesce(d.wanted, g.currency)`, NO_CURRENCY)}
  group by 1, 2, 3, 4, 5, 6`;

/** Rows by partner, once each. */
const wantedRows = (partners: readonly Wanted[]): Sql => {
  const found = new Map(partners.map(({ id, currency }) => [id, currency]));
  return sql`unnest(${[...found.keys()]}::uuid[], ${[...found.values()]}::text[]) k (id, currency)`;
};

const idsOf = (partners: readonly Wanted[]): string[] => partners.map(({ id }) => id);

function daysOfPartners(
  ctx: Context,
  partners: readonly Wanted[],
  period: Days | null,
  split: Split | null,
): Sql {
  const isNamed = split === 'LINK' || split === 'CAMPAIGN';
  return sql`
    select m.partner_id as owner, m.tenant_id, ${split ? PARTS[split] : sql`null::text`} as part, m.currency, k.currency as wanted,
      case when m.currency in (k.currency, ${NO_CURRENCY}) then null else m.rate_day end as rate_day, ${sumsIn('m')}
    from ${sql.raw(isNamed ? 'partner_metrics_by' : 'partner_metrics_daily')} m join ${wantedRows(partners)} on k.id = m.partner_id
    where m.partner_id = any(${idsOf(partners)}) and ${scopeOf(ctx.actor, figuresScope)}${inPeriod(period)}${isNamed ? sql` and m.kind = ${split}` : sql``}
    group by 1, 2, 3, 4, 5, 6`;
}

function daysOfProgram(
  ctx: Context,
  period: Days | null,
  interval: Interval | null,
  currency: string | null,
): Sql {
  const rows = ['program_metrics_daily', 'program_metric_changes'].map(
    (table) => sql`
      select m.tenant_id, m.day, m.rate_day, m.currency, ${columns} from ${sql.raw(table)} m
      where m.tenant_id = ${ctx.actor.tenantId} and ${scopeOf(ctx.actor, programScope)}${inPeriod(period)}`,
  );
  return sql`
    select null::uuid as owner, m.tenant_id, ${interval ? PARTS[interval] : sql`null::text`} as part, m.rate_day, m.currency,
      ${currency}::text as wanted, ${sumsIn('m')}
    from (${sql.join(rows, ' union all ')}) m
    group by 1, 2, 3, 4, 5, 6`;
}

export interface DatedToDate extends Dated {
  readonly updatedAt: Date;
}

/** The metrics of partners to date, by exchange rate. Only amounts in other currencies are read by day: `offset 0` keeps the
 *  planner from reading the days of all partners. */
export const readDatedToDate = (ctx: Context, partners: readonly Wanted[]): Promise<DatedToDate[]> =>
  read(
    ctx,
    sql<DatedToDate>`
      with /* metrics.toDate */ total as materialized (
        select m.*, k.currency as wanted, m.currency in (k.currency, ${NO_CURRENCY}) as is_own
        from partner_metrics m join ${wantedRows(partners)} on k.id = m.partner_id
        where m.partner_id = any(${idsOf(partners)}) and ${scopeOf(ctx.actor, figuresScope)})
      select t.partner_id as owner, null as part, t.currency, null as base, null as quote, null as rate, ${figuresOf('t')},
        t.updated_at as "updatedAt"
      from total t where t.is_own
      union all
      select d.owner, null, d.currency, x.base, x.quote, x.rate, ${sumsOf('d')}, max(d.updated_at)
      from (
        select t.partner_id as owner, t.tenant_id, n.rate_day, t.currency, t.wanted, t.updated_at, ${sumsIn('n')}
        from total t cross join lateral (
          select * from partner_metrics_daily n where n.partner_id = t.partner_id and n.currency = t.currency offset 0) n
        where not t.is_own
        group by 1, 2, 3, 4, 5, 6) d
      ${rateOfItsDay(sql`d.wanted`, NO_CURRENCY)}
      group by 1, 2, 3, 4, 5, 6`,
  );

/** Sums of rows: counts over all currencies, amounts per currency, and amounts of all currencies in `currency`. */
class Totals {
  readonly clicks: number;
  readonly conversions: number;
  readonly customers: number;
  readonly orders: number;
  readonly conversionRate: number | null;
  readonly revenue: MoneyColumn;
  readonly commissionEarned: MoneyColumn;
  readonly commissionPaid: MoneyColumn;
  readonly averageOrderValue: MoneyColumn | null;
  readonly customerLifetimeValue: MoneyColumn | null;
  readonly earningsPerClick: MoneyColumn | null;
  readonly missingRates: string[];
  readonly #rows: readonly Dated[];

  constructor(rows: readonly Dated[], currency: string) {
    this.#rows = rows;
    const { clicks, conversions, customers, orders } = sumCounts(rows);
    const { own, ratedOrders, missing } = sumAmounts(rows, currency);
    const money = (minor: bigint) => new MoneyColumn({ minor, currency });
    const isComplete = missing.length === 0;
    this.clicks = Number(clicks);
    this.conversions = Number(conversions);
    this.customers = Number(customers);
    this.orders = Number(orders);
    this.conversionRate = percentBps(conversions, clicks);
    this.revenue = money(own.revenue);
    this.commissionEarned = money(own.earned);
    this.commissionPaid = money(own.paid);
    this.averageOrderValue = each(own.revenue, ratedOrders, currency);
    this.customerLifetimeValue = isComplete ? each(own.revenue, customers, currency) : null;
    this.earningsPerClick = isComplete ? each(own.earned, clicks, currency) : null;
    this.missingRates = missing;
  }

  /** Computed when it is selected, because few screens show it. A resolver that gets the metrics as its root lacks it. */
  get currencies(): CurrencyMetrics[] {
    return byCurrency(this.#rows);
  }
}

/** Returns the amounts of all rows in `currency`, and the currencies without a rate. */
function sumAmounts(rows: readonly Dated[], currency: string) {
  const own: Record<Amount, bigint> = { revenue: 0n, earned: 0n, paid: 0n };
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
  return { own, ratedOrders, missing: [...missing].sort() };
}

/** Returns the totals of rows, with further figures. */
export const totals = <More extends object>(
  rows: readonly Dated[],
  currency: string,
  more: More,
): Totals & More => Object.assign(new Totals(rows, currency), more);

function each(amount: bigint, parts: bigint, currency: string): MoneyColumn | null {
  const minor = perEach(amount, parts);
  return minor === null ? null : new MoneyColumn({ minor, currency });
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
    .map(([currency, same]) => {
      const sum = (amount: Amount) => same.reduce((total, row) => total + row[amount], 0n);
      const { orders } = sumCounts(same);
      return {
        currency,
        orders: Number(orders),
        averageOrderValue: each(sum('revenue'), orders, currency),
        ...toAmounts(currency, sum),
      };
    });
}
