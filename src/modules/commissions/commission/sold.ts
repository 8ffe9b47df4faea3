import { type Money, money } from '../../../domain/money.ts';
import { digits } from '../../../kernel/request/currency.ts';
import type { Commission } from './commission.entity.ts';

/** Returns the amount of the sale in its own currency. Negative for a refund. */
export const soldFor = ({
  baseAmount,
  saleMinor,
  saleCurrency,
}: Pick<Commission, 'baseAmount' | 'saleMinor' | 'saleCurrency'>): Money =>
  saleMinor == null || saleCurrency == null ? baseAmount : money(saleMinor, saleCurrency);

/** True when the commission is computed. Without its exchange rate a commission is not computed and has the amount 0. */
export const isRated = ({ unrated }: Pick<Commission, 'unrated'>): boolean => unrated == null;

/** Returns the ISO 4217 digits of both currencies, as `exchange` needs them. */
export const digitsOf = (sold: Pick<Money, 'currency'>, { currency }: Pick<Money, 'currency'>) => ({
  currency,
  digits: digits(currency),
  fromDigits: digits(sold.currency),
});
