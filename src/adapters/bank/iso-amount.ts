import currencies from 'currency-codes';
import { formatMinor, type Money, money, parseMinor } from '../../domain/money.ts';

// ISO 4217 also lists codes that are not money: metals, units of account, tests.
const NO_MONEY = /^X(A[GU]|B[A-D]|DR|P[DT]|SU|TS|UA|XX)$/;
const digitsOf = new Map(
  currencies.data.filter(({ code }) => !NO_MONEY.test(code)).map(({ code, digits }) => [code, digits]),
);

/** Whether a code of ISO 4217 is a metal, a unit of account or a test. */
export const isNoMoney = (currency: string): boolean => NO_MONEY.test(currency);

function digits(currency: string): number {
  const known = digitsOf.get(currency);
  if (known === undefined) throw new Error(`no ISO 4217 currency ${currency}`);
  return known;
}

export const isoAmount = ({ minor, currency }: Money): string => formatMinor(minor, digits(currency));

/** Parses an amount of a bank file, which may have more zeros than the currency has digits. Throws for an invalid amount. */
export function amountFrom(text: string, currency: string): Money {
  const plain = text
    .trim()
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
  return money(parseMinor(plain, digits(currency)), currency);
}
