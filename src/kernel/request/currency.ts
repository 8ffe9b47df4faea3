import currencies from 'currency-codes';
import { invalid } from '../../domain/errors.ts';
import { AmountError, formatMinor, type Money, money, parseMinor } from '../../domain/money.ts';

// ISO 4217 also lists codes that are no money: metals, units of account, tests, and "no currency".
const NO_MONEY = new Set([
  'XAG',
  'XAU',
  'XBA',
  'XBB',
  'XBC',
  'XBD',
  'XDR',
  'XPD',
  'XPT',
  'XSU',
  'XTS',
  'XUA',
  'XXX',
]);

// ISO's own table, not the locale data of Intl, which differs from it (IQD, AFN).
const digitsOf = new Map(
  currencies.data.filter(({ code }) => !NO_MONEY.has(code)).map(({ code, digits }) => [code, digits]),
);

/** All currencies of payments. */
export const currencyCodes: readonly string[] = [...digitsOf.keys()];

export function digits(currency: string): number {
  const known = digitsOf.get(currency);
  if (known === undefined) throw new Error(`no ISO 4217 currency ${currency}`);
  return known;
}

/** Refuses a code that ISO 4217 does not list, naming the field. */
export function currencyOf(code: string, field: string): string {
  if (!digitsOf.has(code)) {
    throw invalid(field, 'is not an ISO 4217 currency code such as "USD"');
  }
  return code;
}

export const amountText = ({ minor, currency }: Money): string => formatMinor(minor, digits(currency));

/** Parses an amount from a client exactly; the refusal names the field. */
export function amountOf(text: string, currency: string, field: string): Money {
  try {
    return money(parseMinor(text, digits(currency)), currency);
  } catch (error) {
    throw error instanceof AmountError ? invalid(field, error.message) : error;
  }
}

/** As `amountOf`, for an amount that must be positive. */
export function positiveAmountOf(text: string, currency: string, field: string): Money {
  const amount = amountOf(text, currency, field);
  if (amount.minor <= 0n) throw invalid(field, 'must be more than 0');
  return amount;
}
