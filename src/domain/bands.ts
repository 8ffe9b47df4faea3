import { invalid } from './errors.ts';
import { type Money, money, type RoundingMode, share } from './money.ts';

/** A band of a tiered rule: its rate applies from this revenue of the period. A band ends where the next one begins, so
 *  no amount falls between two bands. */
export interface Band {
  /** Minor units, inclusive. */
  readonly from: bigint;
  readonly rateBps: number;
}

/** PROGRESSIVE: each band's rate applies inside the band. RETROACTIVE: the rate of the reached band applies to the whole
 *  period. */
export const BandMode = { PROGRESSIVE: 'PROGRESSIVE', RETROACTIVE: 'RETROACTIVE' } as const;
export type BandMode = (typeof BandMode)[keyof typeof BandMode];

const MAX_BANDS = 20;

/** Throws BAD_USER_INPUT unless the bands cover every amount exactly once. `field` is the path of the list. */
export function checkBands(bands: readonly Band[], field: string): void {
  if (bands.length === 0) throw invalid(field, 'must contain at least one band');
  if (bands.length > MAX_BANDS) throw invalid(field, `must contain at most ${MAX_BANDS} bands`);
  bands.forEach((band, index) => {
    const before = bands[index - 1];
    if (!before && band.from !== 0n)
      throw invalid(`${field}.0.from`, 'must be 0 for the first band, so that no amount is left out');
    if (before && band.from === before.from)
      throw invalid(`${field}.${index}.from`, 'must be more than the start of the band before');
    if (before && band.from < before.from)
      throw invalid(
        `${field}.${index}.from`,
        'must be more than the start of the band before: sort the bands',
      );
  });
}

/** Returns the band that a period's revenue has reached. A revenue below zero is in the first band. */
export const bandOf = (bands: readonly Band[], revenue: bigint): Band =>
  bands.findLast(({ from }) => revenue >= from) ?? (bands[0] as Band);

/** Returns the base and the commission of each band for a period's revenue. Each part is rounded once; the parts sum to the
 *  commission of the period. */
export function bandParts(
  bands: readonly Band[],
  mode: BandMode,
  revenue: Money,
  rounding: RoundingMode = 'HALF_UP',
): { readonly band: Band; readonly base: Money; readonly commission: Money }[] {
  const { minor, currency } = revenue;
  if (minor <= 0n) return [];
  if (mode === 'RETROACTIVE') {
    const band = bandOf(bands, minor);
    return [{ band, base: revenue, commission: share(revenue, band.rateBps, rounding) }];
  }
  return bands.flatMap((band, index) => {
    const until = bands[index + 1]?.from;
    const top = until === undefined || minor < until ? minor : until;
    if (top <= band.from) return [];
    const base = money(top - band.from, currency);
    return [{ band, base, commission: share(base, band.rateBps, rounding) }];
  });
}

/** Returns the commission of a whole period. */
export function bandedCommission(
  bands: readonly Band[],
  mode: BandMode,
  revenue: Money,
  rounding: RoundingMode = 'HALF_UP',
): Money {
  const minor = bandParts(bands, mode, revenue, rounding).reduce(
    (sum, part) => sum + part.commission.minor,
    0n,
  );
  return money(minor, revenue.currency);
}

export interface BandedLines {
  /** The commission of the sale itself; for a refund, the amount that it reverses. */
  readonly line: Money;
  /** RETROACTIVE only: the change for the earlier sales when the sale reaches another band. 0 without a change of the band. */
  readonly trueUp: Money;
}

/** Returns the commission that a sale adds to a period; a refund is a negative sale. The result is the difference of two
 *  rounded cumulative commissions, so that any order of sales and refunds ends at the same sum. */
export function bandedLines(
  bands: readonly Band[],
  mode: BandMode,
  before: Money,
  sale: Money,
  rounding: RoundingMode = 'HALF_UP',
): BandedLines {
  const { currency } = before;
  const after = money(before.minor + sale.minor, currency);
  const total =
    bandedCommission(bands, mode, after, rounding).minor -
    bandedCommission(bands, mode, before, rounding).minor;
  if (mode === 'PROGRESSIVE' || sale.minor < 0n)
    return { line: money(total, currency), trueUp: money(0n, currency) };
  const line = share(sale, bandOf(bands, after.minor).rateBps, rounding).minor;
  const crossed = bandOf(bands, after.minor) !== bandOf(bands, before.minor);
  // Without a change of the band, a rounding difference between the sums belongs to the sale's own commission.
  return crossed
    ? { line: money(line, currency), trueUp: money(total - line, currency) }
    : { line: money(total, currency), trueUp: money(0n, currency) };
}
