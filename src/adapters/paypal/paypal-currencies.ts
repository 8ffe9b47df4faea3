import { formatMinor, type Money, parseMinor } from '../../domain/money.ts';

/** Currencies that PayPal pays across borders, with the digits of ISO 4217, which we use, and the digits that PayPal accepts. Currencies that PayPal
 *  restricts to accounts of one country (BRL, CNY, INR, MYR) are left out. */
const CURRENCIES: Readonly<Record<string, { readonly iso: number; readonly paypal: number }>> = {
  ...Object.fromEntries(
    'AUD CAD CHF CZK DKK EUR GBP HKD ILS MXN NOK NZD PHP PLN SEK SGD THB USD'
      .split(' ')
      .map((code) => [code, { iso: 2, paypal: 2 }]),
  ),
  HUF: { iso: 2, paypal: 0 },
  TWD: { iso: 2, paypal: 0 },
  JPY: { iso: 0, paypal: 0 },
};

/** The smallest amount that PayPal can send, in minor units; null when PayPal does not pay in the currency. */
export function paypalStep(currency: string): bigint | null {
  const known = Object.hasOwn(CURRENCIES, currency) ? CURRENCIES[currency] : undefined;
  return known ? 10n ** BigInt(known.iso - known.paypal) : null;
}

/** The amount in PayPal's format: `12.30`, or `1230` when PayPal has no decimals for the currency. Throws for other amounts. */
export function paypalText({ minor, currency }: Money): string {
  const known = Object.hasOwn(CURRENCIES, currency) ? CURRENCIES[currency] : undefined;
  const step = paypalStep(currency);
  if (!known || step === null || minor < step || minor % step !== 0n)
    throw new Error(`PayPal cannot send this amount in ${currency}`);
  return formatMinor(minor / step, known.paypal);
}

/** True when PayPal's text is this amount, with any number of trailing zeros. */
export function isSameAmount(value: unknown, currency: unknown, amount: Money): boolean {
  const known = CURRENCIES[amount.currency];
  if (!known || currency !== amount.currency || typeof value !== 'string' || value.length > 30) return false;
  return minorOf(value, known.iso) === amount.minor;
}

function minorOf(value: string, digits: number): bigint | null {
  const text = value.includes('.') ? value.replace(/0+$/, '').replace(/\.$/, '') : value;
  try {
    return parseMinor(text, digits);
  } catch {
    return null;
  }
}
