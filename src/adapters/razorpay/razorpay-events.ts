import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { validateWebhookSignature } from 'razorpay/dist/utils/razorpay-utils.js';
import { unauthenticated } from '../../domain/errors.ts';
import type { PayoutRail } from '../../ports/payout-rail.ts';
import { fieldsOf, idField, textField } from '../rail-call.ts';

const FUTURE_MS = 5 * 60_000;
/** Razorpay repeats events for 24 hours. An older event is a replay. */
const PAST_MS = 48 * 3_600_000;

/** Payout events, signed over the raw bytes with any of the secrets. Only the body is signed, so the time in the body limits
 *  replays. */
export function razorpayEvents(
  secrets: readonly string[],
  now: () => Date,
): NonNullable<PayoutRail['verifyEvent']> {
  return async ({ headers, body }) => {
    const given = headers['x-razorpay-signature'];
    if (typeof given !== 'string' || !/^[0-9a-f]{64}$/.test(given) || !secrets.some(signs(body, given)))
      throw unauthenticated('The signature of the event is not valid.');
    const event = parsed(body);
    const created = event['created_at'];
    const age = typeof created === 'number' ? now().getTime() - created * 1_000 : Number.NaN;
    if (!(age <= PAST_MS && age >= -FUTURE_MS))
      throw unauthenticated('The event is too old or in the future.');
    const type = textField(event['event']);
    if (!/^payout\.(?!downtime\.)/.test(type)) return null;
    const payout = fieldsOf(fieldsOf(fieldsOf(event['payload'])['payout'])['entity']);
    const { id, reference_id: key } = payout;
    const eventId = headers['x-razorpay-event-id'];
    return {
      id:
        typeof eventId === 'string' && /^[\w-]{1,100}$/.test(eventId)
          ? eventId
          : createHash('sha256').update(body).digest('hex'),
      type,
      key: idField(key, /^[0-9a-f]{32}$/),
      reference: idField(id, /^pout_\w{1,60}$/),
    };
  };
}

/** The package compares as far as two texts are equal, so the time of its refusal would tell how much of a guess is right.
 *  Therefore it sees only a signature that passed a comparison in constant time. */
const signs = (body: Buffer, signature: string) => (secret: string) =>
  timingSafeEqual(createHmac('sha256', secret).update(body).digest(), Buffer.from(signature, 'hex')) &&
  validateWebhookSignature(body.toString('utf8'), signature, secret);

function parsed(body: Buffer) {
  try {
    return fieldsOf(JSON.parse(body.toString('utf8')));
  } catch {
    throw unauthenticated('The event must be JSON.');
  }
}
