import { AppError } from './errors.ts';

export interface Money {
  readonly minor: bigint; // cents, paise. `bigint * number` does not compile, so no float gets in
  readonly currency: string;
}

/** How a half is rounded. Stored on every line that it made (DOMAIN M2). */
export const RoundingMode = { HALF_UP: 'HALF_UP', HALF_EVEN: 'HALF_EVEN', DOWN: 'DOWN' } as const;
export type RoundingMode = (typeof RoundingMode)[keyof typeof RoundingMode];

/** The largest amount accepted: 10^15 minor units (DOMAIN M6). */
export const MAX_MINOR = 10n ** 15n;

const BASIS = 10_000n; // basis points in a whole

export const money = (minor: bigint, currency: string): Money => ({ minor, currency });

export function plus(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new Error(`${a.currency} and ${b.currency} do not mix`);
  return money(a.minor + b.minor, a.currency);
}

/** `numerator / denominator` in whole units, symmetric for negatives, so that a refund mirrors its sale. */
export function divide(numerator: bigint, denominator: bigint, mode: RoundingMode = 'HALF_UP'): bigint {
  if (denominator <= 0n) throw new Error('the denominator must be positive');
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

/** `rateBps` of `whole`, rounded once. */
export function share(whole: Money, rateBps: number, mode: RoundingMode = 'HALF_UP'): Money {
  return money(divide(whole.minor * BigInt(rateBps), BASIS, mode), whole.currency);
}

/** Parts in proportion to `weights`, by largest remainder, ties to the earlier index; they sum to the whole (M3). */
export function split(whole: Money, weights: readonly bigint[]): Money[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (total <= 0n) throw new Error('the weights must have a positive sum');
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

const DECIMAL = /^(-?)(\d{1,18})(?:\.(\d+))?$/;

/** Decimal text to minor units, exactly: `parseMinor('19.99', 2)` is `1999n`. Throws a sentence for what it refuses. */
export function parseMinor(text: string, digits: number): bigint {
  const match = DECIMAL.exec(text);
  if (!match) throw new AmountError('is not a decimal amount such as "19.99"');
  const [, sign = '', whole = '', fraction = ''] = match;
  if (fraction.length > digits) {
    throw new AmountError(
      digits === 0
        ? 'takes no decimals in this currency'
        : `takes at most ${digits} decimals in this currency`,
    );
  }
  const minor = BigInt(whole + fraction.padEnd(digits, '0'));
  if (minor > MAX_MINOR) throw new AmountError('is larger than 10^15 minor units');
  return sign ? -minor : minor;
}

/** Minor units to decimal text with exactly the currency's digits: `formatMinor(1852n, 3)` is `'1.852'`. */
export function formatMinor(minor: bigint, digits: number): string {
  if (digits === 0) return minor.toString();
  const negative = minor < 0n;
  const text = (negative ? -minor : minor).toString().padStart(digits + 1, '0');
  const point = text.length - digits;
  return `${negative ? '-' : ''}${text.slice(0, point)}.${text.slice(point)}`;
}

/** A percentage as text (`'12.5'`) to basis points; 0 to 100, at most two decimals. */
export function parseRateBps(text: string): number {
  const match = DECIMAL.exec(text);
  if (!match || match[1]) throw new AmountError('is not a percentage from 0 to 100');
  const [, , whole = '', fraction = ''] = match;
  if (fraction.length > 2) throw new AmountError('takes at most 2 decimals');
  const bps = Number(whole + fraction.padEnd(2, '0'));
  if (bps > 10_000) throw new AmountError('is not a percentage from 0 to 100');
  return bps;
}

/** Why a text is not an amount; the caller adds the field's name. */
export class AmountError extends AppError {
  constructor(message: string) {
    super('BAD_USER_INPUT', message);
  }
}
