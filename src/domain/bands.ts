import { invalid } from './errors.ts';
import { type Money, money, type RoundingMode, share } from './money.ts';

/** A step of a tiered rule: from this much revenue of the period on, this rate. It ends where the next one begins, so
 *  no amount falls between two. */
export interface Band {
  /** Minor units, inclusive. */
  readonly from: bigint;
  readonly rateBps: number;
}

/** PROGRESSIVE: each band's rate inside the band. RETROACTIVE: the reached band's rate for the whole period. */
export const BandMode = { PROGRESSIVE: 'PROGRESSIVE', RETROACTIVE: 'RETROACTIVE' } as const;
export type BandMode = (typeof BandMode)[keyof typeof BandMode];

const MAX_BANDS = 20;

/** Refuses bands that do not cover every amount exactly once; `field` is the path of the list. */
export function checkBands(bands: readonly Band[], field: string): void {
  if (bands.length === 0) throw invalid(field, 'needs at least one band');
  if (bands.length > MAX_BANDS) throw invalid(field, `has more than ${MAX_BANDS} bands`);
  bands.forEach((band, index) => {
    const before = bands[index - 1];
    if (!before && band.from !== 0n)
      throw invalid(`${field}.0.from`, 'leaves a gap: the first band starts at 0');
    if (before && band.from === before.from)
      throw invalid(`${field}.${index}.from`, 'starts where the band before it starts');
    if (before && band.from < before.from)
      throw invalid(`${field}.${index}.from`, 'starts before the band before it: give them in order');
  });
}

/** The band that a period's revenue has reached; the first one for a period that is below zero. */
export const bandOf = (bands: readonly Band[], revenue: bigint): Band =>
  bands.findLast(({ from }) => revenue >= from) ?? (bands[0] as Band);

/** What each band says of a period's revenue, each part rounded once; the parts sum to the commission. */
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

/** The commission of a whole period. */
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
  /** The sale's own line; of a refund, what it takes back. */
  readonly line: Money;
  /** RETROACTIVE only: what crossing into another band adds to (or takes from) the sales before; 0 where none was crossed. */
  readonly trueUp: Money;
}

/** What a sale adds to a period (or a refund, negative, takes from it): the difference of two cumulative figures, both
 *  rounded, so that any order of sales and refunds ends at the same sum (DOMAIN section 2). */
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
  // Where no band was crossed, a unit of rounding between the sums belongs to the line itself.
  return crossed
    ? { line: money(line, currency), trueUp: money(total - line, currency) }
    : { line: money(total, currency), trueUp: money(0n, currency) };
}
