import currencies from 'currency-codes';
import { invalid } from '../../domain/errors.ts';
import { AmountError, formatMinor, type Money, money, parseMinor } from '../../domain/money.ts';
import { type Reading, Refusal, readAt } from './reading.ts';

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

// ISO's own table of 2024, not the locale data of Intl, which differs from it (IQD, AFN), and what ISO changed since.
const digitsOf = new Map(
  currencies.data.filter(({ code }) => !NO_MONEY.has(code)).map(({ code, digits }) => [code, digits]),
).set('XCG', 2);

/** Currencies of the table that ISO withdrew, with their last day. Older rows have them. */
const WITHDRAWN: Readonly<Record<string, string>> = {
  ANG: '2025-03-30', // XCG follows
  BGN: '2025-12-31', // EUR follows
  CUC: '2020-12-31', // CUP follows
};

/** All currencies of payments, also those that only older rows have. */
export const currencyCodes: readonly string[] = [...digitsOf.keys()];

export function digits(currency: string): number {
  const known = digitsOf.get(currency);
  if (known === undefined) throw new Error(`no ISO 4217 currency ${currency}`);
  return known;
}

/** A currency of an existing row. */
export const readKnownCurrency: Reading = (code) => {
  if (!digitsOf.has(code)) throw new Refusal('is not an ISO 4217 currency code such as "USD"');
  return code;
};

const readCurrencyOn =
  (day: string): Reading =>
  (code) => {
    const last = WITHDRAWN[readKnownCurrency(code)];
    if (last && last < day) throw new Refusal(`must be a currency of today: ${code} ended on ${last}`);
    return code;
  };

/** A currency of new rows: one that ISO 4217 lists today. */
export const readCurrency: Reading = readCurrencyOn('9999-12-31');

/** Refuses a code that ISO 4217 does not list, naming the field. A code that ISO withdrew is known. */
export const currencyOf = (code: string, field: string): string => readAt(readKnownCurrency, code, field);

/** Refuses a code that was no currency on the day, naming the field. */
export const currencyOn = (day: string, code: string, field: string): string =>
  readAt(readCurrencyOn(day), code, field);

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
