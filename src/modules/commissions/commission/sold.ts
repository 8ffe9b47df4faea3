import { exchange, rateInto } from '../../../domain/exchange.ts';
import { type Money, money } from '../../../domain/money.ts';
import { digits } from '../../../kernel/request/currency.ts';
import type { Commission } from './commission.entity.ts';

type Sold = Pick<Commission, 'baseAmount' | 'saleMinor' | 'saleCurrency' | 'exchange' | 'roundingMode'>;

/** What was sold, in the sale's own currency; negative for a refund. */
export const soldFor = ({
  baseAmount,
  saleMinor,
  saleCurrency,
}: Pick<Sold, 'baseAmount' | 'saleMinor' | 'saleCurrency'>): Money =>
  saleMinor == null || saleCurrency == null ? baseAmount : money(saleMinor, saleCurrency);

/** Whether a line is worked out: one whose exchange rate is missing is not, and is worth nothing yet. */
export const isRated = ({ unrated }: Pick<Commission, 'unrated'>): boolean => unrated == null;

/** What so much of its sale is of a line's base, by the rate that is kept on it and no other (DOMAIN section 2). */
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

/** The digits that an exchange between two currencies needs to know. */
export const digitsOf = (sold: Pick<Money, 'currency'>, { currency }: Pick<Money, 'currency'>) => ({
  currency,
  digits: digits(currency),
  fromDigits: digits(sold.currency),
});
