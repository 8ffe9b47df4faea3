import { AmountError, divide, type Money, money, type RoundingMode } from './money.ts';

const RATE = /^(\d{1,12})(?:\.(\d{1,12}))?$/;
const SCALE = 12;

/** An exchange rate: whole units of the target currency for one unit of the source, as an exact fraction. */
export interface ExchangeRate {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Converts decimal text (`"149.67"`) to an exact fraction. Accepts positive values with at most 12 decimals. */
export function parseRate(text: string): ExchangeRate {
  const match = RATE.exec(text);
  if (!match) throw new AmountError('must be a rate such as "149.67"');
  const numerator = BigInt((match[1] ?? '') + (match[2] ?? '').padEnd(SCALE, '0'));
  if (numerator === 0n) throw new AmountError('must be more than 0');
  return { numerator, denominator: 10n ** BigInt(SCALE) };
}

/** Returns the inverse rate without rounding, for example USD per JPY from JPY per USD. */
export const inverse = ({ numerator, denominator }: ExchangeRate): ExchangeRate => ({
  numerator: denominator,
  denominator: numerator,
});

/** An entered rate: `rate` units of `quote` for one unit of `base`, from the day `effectiveOn`. */
export interface EnteredRate {
  readonly base: string;
  readonly quote: string;
  readonly rate: string;
  readonly effectiveOn: string;
}

/** Returns the rate into `currency` from the other currency, also when the rate was entered in the opposite direction. */
export const rateInto = ({ quote, rate }: EnteredRate, currency: string): ExchangeRate =>
  quote === currency ? parseRate(rate) : inverse(parseRate(rate));

/** Converts an amount to another currency, rounded once. `digits` and `fromDigits` are the ISO 4217 digits of both
 *  currencies. */
export function exchange(
  { minor }: Money,
  { numerator, denominator }: ExchangeRate,
  to: { readonly currency: string; readonly digits: number; readonly fromDigits: number },
  mode: RoundingMode = 'HALF_UP',
): Money {
  return money(
    divide(minor * numerator * 10n ** BigInt(to.digits), denominator * 10n ** BigInt(to.fromDigits), mode),
    to.currency,
  );
}
