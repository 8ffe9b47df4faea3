import Stripe from 'stripe';
import { RailBusy } from '../../ports/payout-rail.ts';

export interface StripeConfig {
  readonly secretKey: string;
  /** Of the endpoints that send us events: the platform's, the one of connected accounts, and older ones until they
   *  are out of use. Empty: nothing is heard. */
  readonly webhookSecrets: readonly string[];
  /** null: Stripe itself. */
  readonly apiBase: string | null;
}

/** Shorter than the time that a payout waits for its rail, so that the answer is ours. */
const TIMEOUT_MS = 9_000;

/** Nothing is repeated in here but a request whose connection was closed, once, and under its key: when a call is
 *  repeated is the caller's to say. */
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

/** Nobody knows what became of the call. It says no more than this: the original error has the request in it. */
export class StripeUnknown extends Error {
  override name = 'StripeUnknown';
}

/** A refusal by Stripe that is an answer to what was asked. */
export interface StripeRefusal {
  readonly code: string;
  readonly param: string | null;
}

const KEY_PROBLEM_SECONDS = 300;

/** A refusal that proves that nothing moved; throws RailBusy where Stripe did not look at it, StripeUnknown otherwise. */
export function refusalOf(error: unknown): StripeRefusal {
  const { errors } = Stripe;
  if (!(error instanceof errors.StripeError)) throw unknown(error);
  if (error instanceof errors.StripeRateLimitError)
    throw new RailBusy('Stripe asks to be asked later', retryAfter(error));
  const { rawType, code, param, statusCode } = error;
  if (statusCode === 401 || (statusCode === 403 && code !== 'account_invalid'))
    throw new RailBusy('Stripe does not take our key for that', KEY_PROBLEM_SECONDS);
  // A key that was used for something else says nothing of that; and an address that is none is not Stripe's answer.
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

/** What came from outside goes into logs and books only where it is a name. */
const wordOf = (value: unknown): string | null => (/^\w{1,60}$/.test(`${value ?? ''}`) ? `${value}` : null);

/** An answer that was kept under the key and is now only repeated: it will be the same for the key's whole life. */
export const isKept = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeError &&
  (error.statusCode ?? 0) >= 500 &&
  error.headers?.['idempotent-replayed'] === 'true';

function retryAfter({ headers }: { headers?: { [header: string]: string } }): number | null {
  const seconds = Number(headers?.['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(Math.ceil(seconds), 3_600) : null;
}
