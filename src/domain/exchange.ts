import { AmountError, divide, type Money, money, type RoundingMode } from './money.ts';

const RATE = /^(\d{1,12})(?:\.(\d{1,12}))?$/;
const SCALE = 12;

/** An exchange rate: so many whole units of the target for one of the source, as an exact fraction. */
export interface ExchangeRate {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Decimal text (`"149.67"`) as an exact fraction; positive, at most 12 decimals. */
export function parseRate(text: string): ExchangeRate {
  const match = RATE.exec(text);
  if (!match) throw new AmountError('is not a rate such as "149.67"');
  const numerator = BigInt((match[1] ?? '') + (match[2] ?? '').padEnd(SCALE, '0'));
  if (numerator === 0n) throw new AmountError('must be more than 0');
  return { numerator, denominator: 10n ** BigInt(SCALE) };
}

/** The other way round, without rounding: the rate of JPY for a USD as that of USD for a JPY. */
export const inverse = ({ numerator, denominator }: ExchangeRate): ExchangeRate => ({
  numerator: denominator,
  denominator: numerator,
});

/** A rate as it was entered: `rate` units of `quote` for one of `base`, from that day on. */
export interface EnteredRate {
  readonly base: string;
  readonly quote: string;
  readonly rate: string;
  readonly effectiveOn: string;
}

/** What one unit of the rate's other currency is worth in `currency`, whichever way round it was entered. */
export const rateInto = ({ quote, rate }: EnteredRate, currency: string): ExchangeRate =>
  quote === currency ? parseRate(rate) : inverse(parseRate(rate));

/** `amount` in another currency, rounded once. `digits` are the ISO 4217 digits of both. */
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
