import { isWellKnownSecret } from './well-known-secret.ts';

export interface RazorpayConfig {
  readonly keyId: string;
  readonly keySecret: string;
  readonly baseUrl: string;
  readonly accountNumber: string;
  /** The newest first. */
  readonly webhookSecrets: readonly string[];
  readonly narration: string;
  /** Paise. */
  readonly limits: {
    readonly impsMaximum: bigint;
    readonly rtgsMinimum: bigint;
    readonly upiMaximum: bigint;
  };
}

export interface PaypalConfig {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly baseUrl: string;
  /** null: no webhook is set up, so payouts are asked about. */
  readonly webhookId: string | null;
}

interface Reading {
  readonly env: NodeJS.ProcessEnv;
  readonly production: boolean;
  /** What is wrong, one sentence a variable. */
  readonly faults: string[];
  number(name: string, fallback: number, min: number, max: number): number;
}

const MIN_WEBHOOK_SECRET = 16;

/** RazorpayX; null: it is not set up. A key without an account starts, as it did before the rail came, and pays nothing. */
export function readRazorpay({ env, production, faults, number }: Reading): RazorpayConfig | null {
  const keyId = env['RAZORPAY_KEY_ID'];
  const keySecret = env['RAZORPAY_KEY_SECRET'];
  const accountNumber = env['RAZORPAYX_ACCOUNT_NUMBER'];
  const webhookSecrets = (env['RAZORPAY_WEBHOOK_SECRET'] ?? '').split(/[\s,]+/).filter(Boolean);
  if (production) {
    const rest = ['RAZORPAYX_ACCOUNT_NUMBER', 'RAZORPAY_WEBHOOK_SECRET'].filter((name) => env[name]);
    if (rest.length && !keyId && !keySecret)
      faults.push(`RAZORPAY_KEY_ID is missing: ${rest.join(' and ')} without a key pays nothing.`);
    if (webhookSecrets.length && !accountNumber)
      faults.push('RAZORPAYX_ACCOUNT_NUMBER is missing: it is the account that pays.');
    if (webhookSecrets.some(isWellKnownSecret))
      faults.push('RAZORPAY_WEBHOOK_SECRET is a well-known value: set your own.');
    else if (webhookSecrets.some(({ length }) => length < MIN_WEBHOOK_SECRET))
      faults.push(
        `RAZORPAY_WEBHOOK_SECRET is too short: it needs at least ${MIN_WEBHOOK_SECRET} characters.`,
      );
  }
  if (accountNumber && !/^\d{6,20}$/.test(accountNumber))
    faults.push('RAZORPAYX_ACCOUNT_NUMBER must be the digits of the account that pays.');
  const rupees = (name: string, fallback: number) => BigInt(number(name, fallback, 1, 1_000_000_000)) * 100n;
  const limits = {
    impsMaximum: rupees('RAZORPAYX_IMPS_MAX_RUPEES', 500_000),
    rtgsMinimum: rupees('RAZORPAYX_RTGS_MIN_RUPEES', 200_000),
    upiMaximum: rupees('RAZORPAYX_UPI_MAX_RUPEES', 100_000),
  };
  const narration = env['RAZORPAYX_NARRATION'] || 'Partner payout';
  const baseUrl = baseOf('RAZORPAY_BASE_URL', 'https://api.razorpay.com', { env, production, faults });
  if (!keyId || !keySecret || !accountNumber) return null;
  return { keyId, keySecret, baseUrl, accountNumber, webhookSecrets, narration, limits };
}

/** PayPal; null: it is not set up. */
export function readPaypal({ env, production, faults }: Omit<Reading, 'number'>): PaypalConfig | null {
  const clientId = env['PAYPAL_CLIENT_ID'];
  const clientSecret = env['PAYPAL_CLIENT_SECRET'];
  const webhookId = env['PAYPAL_WEBHOOK_ID'] || null;
  if (production) {
    if (Boolean(clientId) !== Boolean(clientSecret))
      faults.push(`${clientId ? 'PAYPAL_CLIENT_SECRET' : 'PAYPAL_CLIENT_ID'} is missing: PayPal needs both.`);
    if (webhookId && !clientId && !clientSecret)
      faults.push('PAYPAL_CLIENT_ID is missing: PAYPAL_WEBHOOK_ID without it hears of nothing.');
  }
  if (webhookId && !/^[A-Za-z0-9]{1,50}$/.test(webhookId))
    faults.push('PAYPAL_WEBHOOK_ID must be the id of the webhook as PayPal shows it.');
  const host = production ? 'https://api-m.paypal.com' : 'https://api-m.sandbox.paypal.com';
  const baseUrl = baseOf('PAYPAL_BASE_URL', host, { env, production, faults });
  return clientId && clientSecret ? { clientId, clientSecret, baseUrl, webhookId } : null;
}

/** An origin, without a slash at its end; in the clear only on this machine. */
function baseOf(
  name: string,
  fallback: string,
  { env, production, faults }: Omit<Reading, 'number'>,
): string {
  const given = (env[name] || fallback).replace(/\/+$/, '');
  const url = URL.canParse(given) ? new URL(given) : null;
  if (!url || url.origin !== given || !/^https?:$/.test(url.protocol))
    faults.push(`${name} must be an address such as ${fallback}.`);
  else if (production && url.protocol === 'http:' && !/^(localhost|127\.0\.0\.1)$/.test(url.hostname))
    faults.push(`${name} must begin with https://: money is moved by it.`);
  return given;
}
