import { type Money, money } from './money.ts';

/** How Stripe writes a currency: `wire = minor * times / per`, and amounts are multiples of `step` minor units. */
interface Wire {
  readonly times: bigint;
  readonly per: bigint;
  readonly step: bigint;
}

const AS_ISO: Wire = { times: 1n, per: 1n, step: 1n };

// Stripe's own table, where it differs from ISO 4217 (DOMAIN M4). Those without decimals at both are as ISO has them.
const DIFFERENT = new Map<string, Wire>([
  ...['BHD', 'JOD', 'KWD', 'OMR', 'TND'].map((code) => [code, { ...AS_ISO, step: 10n }] as const), // the last digit is 0
  ...['ISK', 'UGX'].map((code) => [code, { ...AS_ISO, times: 100n }] as const), // whole units, sent in hundredths
  ...['HUF', 'TWD'].map((code) => [code, { ...AS_ISO, step: 100n }] as const), // charged in hundredths, paid out in whole units
  ['MGA', { times: 1n, per: 100n, step: 100n }], // hundredths at ISO, none at Stripe
]);

const CARRIED = new Set(
  `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY
   COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD
   JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD
   NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB
   TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW`.split(/\s+/),
);

/** The largest integer that a JSON number carries exactly. */
const EXACT = 2n ** 53n - 1n;

const wireOf = (currency: string): Wire => DIFFERENT.get(currency) ?? AS_ISO;

/** What Stripe takes of a currency, in ISO minor units; a transfer has no other minimum. null: it does not carry it. */
export function stripeCarries(
  currency: string,
): { readonly step: bigint; readonly minimum: bigint; readonly maximum: bigint } | null {
  if (!CARRIED.has(currency)) return null;
  const { times, per, step } = wireOf(currency);
  return { step, minimum: step, maximum: (((EXACT / times) * per) / step) * step };
}

/** The amount as Stripe writes it, rounded down to what it carries, and what stays behind in ISO minor units. */
export function stripeAmount({ minor, currency }: Money): { readonly wire: bigint; readonly left: bigint } {
  const { times, per, step } = wireOf(currency);
  const left = minor % step;
  return { wire: ((minor - left) * times) / per, left };
}

/** What Stripe wrote, in ISO minor units. Throws where it is no amount of that currency. */
export function fromStripe(wire: number, currency: string): Money {
  if (!Number.isSafeInteger(wire)) throw new Error('Stripe wrote an amount that is no whole number');
  const { times, per } = wireOf(currency);
  const scaled = BigInt(wire) * per;
  if (scaled % times !== 0n) throw new Error(`Stripe wrote an amount that ${currency} does not have`);
  return money(scaled / times, currency);
}
