import { divide } from './money.ts';

/** The columns that every table of metrics counts. `metrics_of` in src/database says how much a row contributes to each. */
export const FIGURES = [
  'clicks',
  'conversions',
  'orders',
  'customers',
  'revenue_minor',
  'earned_minor',
  'paid_minor',
] as const;

/** Returns `part` of `whole` in basis points, rounded half up. Null when `whole` is 0. */
export const percentBps = (part: bigint, whole: bigint): number | null =>
  whole === 0n ? null : Number(divide(part * 10_000n, whole));

/** Returns the amount for each of `parts`, in minor units. Null without parts. */
export const perEach = (amount: bigint, parts: bigint): bigint | null =>
  parts <= 0n ? null : divide(amount, parts);

/** The interval in which a subscription is paid. */
export const BillingInterval = {
  WEEK: 'WEEK',
  MONTH: 'MONTH',
  QUARTER: 'QUARTER',
  YEAR: 'YEAR',
  TWO_YEARS: 'TWO_YEARS',
} as const;
export type BillingInterval = (typeof BillingInterval)[keyof typeof BillingInterval];

const months: Record<BillingInterval, readonly [times: bigint, by: bigint]> = {
  WEEK: [52n, 12n],
  MONTH: [1n, 1n],
  QUARTER: [1n, 3n],
  YEAR: [1n, 12n],
  TWO_YEARS: [1n, 24n],
};

/** Returns the price for one month in minor units, rounded half up: a twelfth of a year, a twelfth of 52 weeks. */
export function monthlyPrice(price: bigint, interval: BillingInterval): bigint {
  const [times, by] = months[interval];
  return divide(price * times, by);
}

/** A length of time in months, as a fraction. */
export interface Months {
  readonly times: bigint;
  readonly by: bigint;
}

/** Returns the customer lifetime value: monthly revenue per customer divided by monthly churn, both from the start of the
 *  period. `lost` customers left in the period, which has `times / by` months. Null without churn. */
export const lifetimeValue = (monthlyRevenue: bigint, lost: bigint, { times, by }: Months): bigint | null =>
  lost === 0n ? null : divide(monthlyRevenue * times, by * lost);

/** Calendar days from `from` to `to`, both inclusive, as `2026-01-31`. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

const DAY_MS = 86_400_000;
const instant = (day: string): number => Date.parse(`${day}T00:00:00Z`);
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
const plus = (day: string, days: number): string => dayOf(instant(day) + days * DAY_MS);
const firstOfMonth = (day: string, further = 0): string => {
  const at = new Date(instant(day));
  return dayOf(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + further, 1));
};

export const daysIn = ({ from, to }: Days): number => (instant(to) - instant(from)) / DAY_MS + 1;

/** Returns the number of calendar months when the days are whole months, otherwise null. */
function wholeMonths({ from, to }: Days): number | null {
  if (from !== firstOfMonth(from) || plus(to, 1) !== firstOfMonth(to, 1)) return null;
  const [start, end] = [new Date(instant(from)), new Date(instant(to))];
  return (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth() + 1;
}

/** Returns the days as months: whole calendar months as their number, other days at 365 days per 12 months. */
export function monthsOf(days: Days): Months {
  const whole = wholeMonths(days);
  return whole === null ? { times: BigInt(daysIn(days)) * 12n, by: 365n } : { times: BigInt(whole), by: 1n };
}

/** Returns the period of the same length directly before. For whole months, the same number of whole months. */
export function daysBefore(days: Days): Days {
  const whole = wholeMonths(days);
  const to = plus(days.from, -1);
  return { from: whole === null ? plus(days.from, -daysIn(days)) : firstOfMonth(days.from, -whole), to };
}

export const Interval = { DAY: 'DAY', WEEK: 'WEEK', MONTH: 'MONTH' } as const;
export type Interval = (typeof Interval)[keyof typeof Interval];

/** Returns the first day of the interval that contains a day. Weeks begin on Monday. */
function startOf(day: string, interval: Interval): string {
  if (interval === 'DAY') return day;
  if (interval === 'MONTH') return firstOfMonth(day);
  return plus(day, -((new Date(instant(day)).getUTCDay() + 6) % 7));
}

/** Splits the days into intervals without gaps. The first and the last interval are cut at the ends of the period; `start`
 *  is the first day of the whole interval. */
export function* parts(days: Days, interval: Interval): Generator<Days & { readonly start: string }> {
  for (let start = startOf(days.from, interval); start <= days.to; ) {
    const next = interval === 'MONTH' ? firstOfMonth(start, 1) : plus(start, interval === 'WEEK' ? 7 : 1);
    const end = plus(next, -1);
    yield { start, from: start < days.from ? days.from : start, to: end > days.to ? days.to : end };
    start = next;
  }
}

/** Returns the linear-regression forecast for the next value, and the slope per interval. Null with fewer than two values. */
export function trend(series: readonly number[]): { readonly next: number; readonly slope: number } | null {
  const n = series.length;
  if (n < 2) return null;
  const meanX = (n - 1) / 2;
  const meanY = series.reduce((sum, y) => sum + y, 0) / n;
  const over = series.reduce((sum, y, x) => sum + (x - meanX) * (y - meanY), 0);
  const under = series.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
  const slope = over / under;
  return { next: meanY + slope * (n - meanX), slope };
}

/** Returns the forecast for the next value by exponential smoothing; `weight` is the weight of the newest value. Null
 *  without values. */
export const smoothed = (series: readonly number[], weight: number): number | null =>
  series.reduce<number | null>((level, y) => (level === null ? y : weight * y + (1 - weight) * level), null);
