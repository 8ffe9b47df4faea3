import { exchange, rateInto } from '../../../domain/exchange.ts';
import { type Money, money } from '../../../domain/money.ts';
import { digits } from '../../../kernel/request/currency.ts';
import type { Commission } from './commission.entity.ts';

type Sold = Pick<Commission, 'baseAmount' | 'saleMinor' | 'saleCurrency' | 'exchange' | 'roundingMode'>;

/** Returns the amount of the sale in its own currency. Negative for a refund. */
export const soldFor = ({
  baseAmount,
  saleMinor,
  saleCurrency,
}: Pick<Sold, 'baseAmount' | 'saleMinor' | 'saleCurrency'>): Money =>
  saleMinor == null || saleCurrency == null ? baseAmount : money(saleMinor, saleCurrency);

/** True when the commission is computed. Without its exchange rate a commission is not computed and has the amount 0. */
export const isRated = ({ unrated }: Pick<Commission, 'unrated'>): boolean => unrated == null;

/** Converts a part of the sale to a part of the base, always by the exchange rate that is stored with the commission. */
export function baseOf(line: Sold, soldMinor: bigint): bigint {
  const { exchange: rate, baseAmount, roundingMode } = line;
  if (!rate) return soldMinor;
  const sold = money(soldMinor, soldFor(line).currency);
  const { minor } = exchange(
    sold,
    rateInto(rate, baseAmount.currency),
    digitsOf(sold, baseAmount),
    roundingMode,
  );
  return minor > baseAmount.minor ? baseAmount.minor : minor;
}

/** Returns the ISO 4217 digits of both currencies, as `exchange` needs them. */
export const digitsOf = (sold: Pick<Money, 'currency'>, { currency }: Pick<Money, 'currency'>) => ({
  currency,
  digits: digits(currency),
  fromDigits: digits(sold.currency),
});
