import { isUtf8 } from 'node:buffer';
import type Stripe from 'stripe';
import { unauthenticated } from '../../domain/errors.ts';
import type { RailEvent, RailRequest } from '../../ports/payout-rail.ts';

/** Maximum age of a signature, and maximum time in the future. */
const TOLERANCE_SECONDS = 300;

/** Returns the event of a request that Stripe signed; null for events that concern neither a transfer nor a payee's account.
 *  Throws UNAUTHENTICATED, always with the same message. */
export function eventOf(
  stripe: Stripe,
  secrets: readonly string[],
  { headers, body }: RailRequest,
  nowMs: number,
): RailEvent | null {
  const header = headers['stripe-signature'];
  if (typeof header !== 'string' || !isSigned(stripe, secrets, header, body, nowMs))
    throw unauthenticated('The signature of the event is not valid.');
  return read(body.toString('utf8'));
}

function isSigned(
  stripe: Stripe,
  secrets: readonly string[],
  header: string,
  body: Buffer,
  nowMs: number,
): boolean {
  // The package decodes the bytes before the comparison, and accepts invalid UTF-8 and a byte order mark.
  if (!body.length || !isUtf8(body) || body[0] === 0xef) return false;
  const times = header.split(',').filter((part) => part.startsWith('t='));
  const [time] = times;
  if (!time || times.length > 1 || !/^t=\d{1,11}$/.test(time)) return false;
  // It also accepts any time in the future.
  if (Number(time.slice(2)) - nowMs / 1_000 > TOLERANCE_SECONDS) return false;
  return secrets.some((secret) => {
    try {
      return (
        stripe.webhooks.signature?.verifyHeader(body, header, secret, TOLERANCE_SECONDS, undefined, nowMs) ===
        true
      );
    } catch {
      return false;
    }
  });
}

const ACCOUNT_EVENTS = /^(account\.|capability\.|payout\.)/;

function read(text: string): RailEvent | null {
  const event = parsed(text);
  // A thin event, `v2.core.event`, contains nothing that we use.
  if (event?.['object'] !== 'event' || typeof event['id'] !== 'string' || typeof event['type'] !== 'string')
    return null;
  const { id, type } = event as { id: string; type: string };
  const object = record(record(event['data'])?.['object']);
  if (type.startsWith('transfer.')) {
    const key = record(object?.['metadata'])?.['key'];
    const reference = object?.['id'];
    if (typeof reference !== 'string' || typeof key !== 'string') return null; // a transfer that we did not make
    return { id, type, key, reference };
  }
  if (!ACCOUNT_EVENTS.test(type)) return null;
  const own = object?.['object'] === 'account' ? object['id'] : object?.['account'];
  const account = typeof event['account'] === 'string' ? event['account'] : own;
  if (typeof account !== 'string') return null; // payouts to our own bank
  return { id, type, key: null, reference: null, account };
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    return record(JSON.parse(text));
  } catch {
    return null;
  }
}

const record = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
