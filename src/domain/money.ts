import { AppError } from './errors.ts';

export interface Money {
  readonly minor: bigint; // for example cents or paise. `bigint * number` does not compile, so no floating-point number can enter
  readonly currency: string;
}

/** How a half is rounded. Stored with every commission, so that it can be recomputed. See docs/concepts/money.md. */
export const RoundingMode = { HALF_UP: 'HALF_UP', HALF_EVEN: 'HALF_EVEN', DOWN: 'DOWN' } as const;
export type RoundingMode = (typeof RoundingMode)[keyof typeof RoundingMode];

/** The largest accepted amount: 10^15 minor units. */
export const MAX_MINOR = 10n ** 15n;

const BASIS = 10_000n; // basis points in a whole

export const money = (minor: bigint, currency: string): Money => ({ minor, currency });

export function plus(a: Money, b: Money): Money {
  if (a.currency !== b.currency)
    throw new Error(`Amounts in ${a.currency} and ${b.currency} cannot be added.`);
  return money(a.minor + b.minor, a.currency);
}

/** Returns `numerator / denominator` in whole units. Negative values round symmetrically, so that a refund mirrors its
 *  sale. */
export function divide(numerator: bigint, denominator: bigint, mode: RoundingMode = 'HALF_UP'): bigint {
  if (denominator <= 0n) throw new Error('The denominator must be positive.');
  const negative = numerator < 0n;
  const size = negative ? -numerator : numerator;
  const floor = size / denominator;
  const twice = (size % denominator) * 2n;
  const up =
    mode === 'DOWN'
      ? false
      : twice > denominator || (twice === denominator && (mode === 'HALF_UP' || floor % 2n === 1n));
  const rounded = up ? floor + 1n : floor;
  return negative ? -rounded : rounded;
}

/** Returns `rateBps` basis points of `whole`, rounded once. */
export function share(whole: Money, rateBps: number, mode: RoundingMode = 'HALF_UP'): Money {
  return money(divide(whole.minor * BigInt(rateBps), BASIS, mode), whole.currency);
}

/** Splits an amount in proportion to `weights`, by largest remainder; the earlier index wins a tie. The parts always sum to
 *  the whole. */
export function split(whole: Money, weights: readonly bigint[]): Money[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (total <= 0n) throw new Error('The weights must have a positive sum.');
  const negative = whole.minor < 0n;
  const size = negative ? -whole.minor : whole.minor;
  const parts = weights.map((weight, index) => {
    const scaled = size * weight;
    return { index, floor: scaled / total, remainder: scaled % total };
  });
  let left = size - parts.reduce((sum, part) => sum + part.floor, 0n);
  const minors = parts.map((part) => part.floor);
  for (const { index } of [...parts].sort((a, b) =>
    a.remainder === b.remainder ? a.index - b.index : a.remainder < b.remainder ? 1 : -1,
  )) {
    if (left === 0n) break;
    minors[index] = (minors[index] ?? 0n) + 1n;
    left -= 1n;
  }
  return minors.map((minor) => money(negative ? -minor : minor, whole.currency));
}

/** Returns a computed amount. Throws BAD_USER_INPUT with the reason TOO_LARGE for more than 10^15 minor units. `of` names the
 *  figures that gave the amount. */
export function withinLimit(minor: bigint, field: string, of: string): bigint {
  if (minor > MAX_MINOR)
    throw new AppError(
      'BAD_USER_INPUT',
      `${field}: must give at most 10^15 minor units, but ${of} gives more`,
      { field, reason: 'TOO_LARGE' },
    );
  return minor;
}

/** Returns null in place of an amount that is too large. */
export function unlessTooLarge(error: unknown): null {
  if (error instanceof AppError && error.details.reason === 'TOO_LARGE') return null;
  throw error;
}

const DECIMAL = /^(-?)(\d{1,18})(?:\.(\d+))?$/;

/** Converts decimal text to minor units exactly: `parseMinor('19.99', 2)` is `1999n`. Throws AmountError for any other
 *  text. */
export function parseMinor(text: string, digits: number): bigint {
  const match = DECIMAL.exec(text);
  if (!match) throw new AmountError('must be a decimal amount such as "19.99"');
  const [, sign = '', whole = '', fraction = ''] = match;
  if (fraction.length > digits) {
    throw new AmountError(
      digits === 0
        ? 'must have no decimals in this currency'
        : `must have at most ${digits} decimals in this currency`,
    );
  }
  const minor = BigInt(whole + fraction.padEnd(digits, '0'));
  if (minor > MAX_MINOR) throw new AmountError('must be at most 10^15 minor units');
  return sign ? -minor : minor;
}

/** Converts minor units to decimal text with exactly the currency's digits: `formatMinor(1852n, 3)` is `'1.852'`. */
export const formatMinor = (minor: bigint, digits: number): string => formatMinorText(`${minor}`, digits);

/** The same for minor units as text. */
export function formatMinorText(minor: string, digits: number): string {
  if (digits === 0) return minor;
  const sign = minor.startsWith('-') ? '-' : '';
  const text = minor.slice(sign.length).padStart(digits + 1, '0');
  const point = text.length - digits;
  return `${sign}${text.slice(0, point)}.${text.slice(point)}`;
}

/** Converts a percentage as text (`'12.5'`) to basis points. Accepts 0 to 100 with at most two decimals. */
export function parseRateBps(text: string): number {
  const match = DECIMAL.exec(text);
  if (!match || match[1]) throw new AmountError('must be a percentage from 0 to 100');
  const [, , whole = '', fraction = ''] = match;
  if (fraction.length > 2) throw new AmountError('must have at most 2 decimals');
  const bps = Number(whole + fraction.padEnd(2, '0'));
  if (bps > 10_000) throw new AmountError('must be a percentage from 0 to 100');
  return bps;
}

/** Thrown for a text that is not an amount. The caller adds the field's name, see `invalid`. */
export class AmountError extends AppError {
  constructor(message: string) {
    super('BAD_USER_INPUT', message);
  }
}
