import { formatMinor, type Money, parseMinor } from '../../domain/money.ts';

/** What PayPal pays across borders: digits of ISO 4217, in which we count, and digits that PayPal takes. Currencies that it
 *  keeps for accounts of one country (BRL, CNY, INR, MYR) are left out. */
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

/** How many of our minor units are the smallest that PayPal moves; null: it does not pay in that currency. */
export function paypalStep(currency: string): bigint | null {
  const known = Object.hasOwn(CURRENCIES, currency) ? CURRENCIES[currency] : undefined;
  return known ? 10n ** BigInt(known.iso - known.paypal) : null;
}

/** As PayPal writes it: `12.30`, or `1230` where the currency has no decimals there. Throws for what it can not write. */
export function paypalText({ minor, currency }: Money): string {
  const known = Object.hasOwn(CURRENCIES, currency) ? CURRENCIES[currency] : undefined;
  const step = paypalStep(currency);
  if (!known || step === null || minor < step || minor % step !== 0n)
    throw new Error(`PayPal does not carry this amount in ${currency}`);
  return formatMinor(minor / step, known.paypal);
}

/** Whether PayPal's text is this amount, however many zeros it ends in. */
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
