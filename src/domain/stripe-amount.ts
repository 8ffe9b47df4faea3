import { type Money, money } from './money.ts';

/** Stripe's number format for a currency: `wire = minor * times / per`. Amounts are multiples of `step` minor units. */
interface Wire {
  readonly times: bigint;
  readonly per: bigint;
  readonly step: bigint;
}

const AS_ISO: Wire = { times: 1n, per: 1n, step: 1n };

// Currencies in which Stripe's number format differs from ISO 4217. Currencies without decimals at both follow ISO.
const DIFFERENT = new Map<string, Wire>([
  ...['BHD', 'JOD', 'KWD', 'OMR', 'TND'].map((code) => [code, { ...AS_ISO, step: 10n }] as const), // the last digit is 0
  ...['ISK', 'UGX'].map((code) => [code, { ...AS_ISO, times: 100n }] as const), // whole units in ISO, sent in hundredths
  ...['HUF', 'TWD'].map((code) => [code, { ...AS_ISO, step: 100n }] as const), // charged in hundredths, paid out in whole units
  ['MGA', { times: 1n, per: 100n, step: 100n }], // hundredths in ISO, whole units at Stripe
]);

const CARRIED = new Set(
  `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY
   COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD
   JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD
   NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB
   TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW`.split(/\s+/),
);

/** The largest integer that a JSON number represents exactly. */
const EXACT = 2n ** 53n - 1n;

const wireOf = (currency: string): Wire => DIFFERENT.get(currency) ?? AS_ISO;

/** Returns Stripe's step, minimum and maximum for a currency, in ISO minor units. A transfer has no other minimum. Null
 *  when Stripe does not support the currency. */
export function stripeCurrencySupport(
  currency: string,
): { readonly step: bigint; readonly minimum: bigint; readonly maximum: bigint } | null {
  if (!CARRIED.has(currency)) return null;
  const { times, per, step } = wireOf(currency);
  return { step, minimum: step, maximum: (((EXACT / times) * per) / step) * step };
}

/** Returns the amount in Stripe's format, rounded down to the step, and the remainder in ISO minor units. */
export function stripeAmount({ minor, currency }: Money): { readonly wire: bigint; readonly left: bigint } {
  const { times, per, step } = wireOf(currency);
  const left = minor % step;
  return { wire: ((minor - left) * times) / per, left };
}

/** Converts an amount from Stripe's format. Throws when the number is not an amount of that currency. */
export function fromStripe(wire: number, currency: string): Money {
  if (!Number.isSafeInteger(wire)) throw new Error('Stripe returned an amount that is not a whole number.');
  const { times, per } = wireOf(currency);
  const scaled = BigInt(wire) * per;
  if (scaled % times !== 0n) throw new Error(`Stripe returned an amount that does not exist in ${currency}.`);
  return money(scaled / times, currency);
}
