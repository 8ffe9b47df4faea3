import { invalid } from './errors.ts';

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

/** Returns the commission of a period in ten-thousandths of a minor unit, where each band's rate applies inside the band. The
 *  caller rounds once. */
export function bandedBasis(bands: readonly Band[], revenue: bigint): bigint {
  return bands.reduce((sum, { from, rateBps }, index) => {
    const until = bands[index + 1]?.from;
    const top = until === undefined || revenue < until ? revenue : until;
    return top > from ? sum + (top - from) * BigInt(rateBps) : sum;
  }, 0n);
}
