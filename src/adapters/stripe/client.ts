import Stripe from 'stripe';
import { RailBusy } from '../../ports/payout-rail.ts';

export interface StripeConfig {
  readonly secretKey: string;
  /** Secrets of the webhook endpoints: the platform's, the one for connected accounts, and older ones until they
   *  are out of use. Empty: no events are received. */
  readonly webhookSecrets: readonly string[];
  /** null: Stripe's production API. */
  readonly apiBase: string | null;
}

/** Shorter than the time that a payout waits for its rail, so that Stripe's timeout comes first. */
const TIMEOUT_MS = 9_000;

/** Only a request whose connection was closed is repeated here, once and with its key. The caller decides
 *  about all other retries. */
export function stripeClient({ secretKey, apiBase }: StripeConfig, timeoutMs = TIMEOUT_MS): Stripe {
  const base = apiBase === null ? null : new URL(apiBase);
  return new Stripe(secretKey, {
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: timeoutMs,
    ...(base && {
      host: base.hostname,
      port: base.port || (base.protocol === 'http:' ? 80 : 443),
      protocol: base.protocol === 'http:' ? 'http' : 'https',
    }),
  });
}

/** The outcome of the call is unknown. The original error is not included, because it contains the request. */
export class StripeUnknown extends Error {
  override name = 'StripeUnknown';
}

/** A refusal by Stripe that answers the request. */
export interface StripeRefusal {
  readonly code: string;
  readonly param: string | null;
}

const KEY_PROBLEM_SECONDS = 300;

/** Returns a refusal that proves that no money moved. Throws RailBusy when Stripe did not process the request, otherwise StripeUnknown. */
export function refusalOf(error: unknown): StripeRefusal {
  const { errors } = Stripe;
  if (!(error instanceof errors.StripeError)) throw unknown(error);
  if (error instanceof errors.StripeRateLimitError)
    throw new RailBusy('Stripe asks us to retry later', retryAfter(error));
  const { rawType, code, param, statusCode } = error;
  if (statusCode === 401 || (statusCode === 403 && code !== 'account_invalid'))
    throw new RailBusy('Stripe does not accept our API key for this call', KEY_PROBLEM_SECONDS);
  // A key that was used for another request proves nothing, and neither does an unknown URL.
  const answered =
    (rawType as string | undefined) === 'invalid_request_error' &&
    [400, 402, 403, 404].includes(statusCode ?? 0) &&
    (statusCode !== 404 || code !== undefined);
  if (!answered || code === 'idempotency_key_in_use' || code === 'lock_timeout') throw unknown(error);
  return { code: wordOf(code) ?? 'invalid_request', param: wordOf(param) };
}

export function unknown(error: unknown): StripeUnknown {
  if (error instanceof StripeUnknown) return error;
  if (!(error instanceof Stripe.errors.StripeError))
    return new StripeUnknown(`Stripe: ${(error as Error | null)?.name ?? 'no error'}`);
  const { type, statusCode, code, requestId } = error;
  const known = [type, statusCode, code, requestId].map(wordOf).filter((word) => word !== null);
  return new StripeUnknown(`Stripe: ${known.join(' ')}`);
}

/** Values from outside are logged and stored only if they look like an identifier. */
const wordOf = (value: unknown): string | null => (/^\w{1,60}$/.test(`${value ?? ''}`) ? `${value}` : null);

/** True for a response that was stored under the key and is now repeated. It stays the same for the lifetime of the key. */
export const isKept = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeError &&
  (error.statusCode ?? 0) >= 500 &&
  error.headers?.['idempotent-replayed'] === 'true';

function retryAfter({ headers }: { headers?: { [header: string]: string } }): number | null {
  const seconds = Number(headers?.['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(Math.ceil(seconds), 3_600) : null;
}
