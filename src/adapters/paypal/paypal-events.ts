import { verify } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { unauthenticated } from '../../domain/errors.ts';
import type { PayoutRail, RailRequest } from '../../ports/payout-rail.ts';
import { type Fields, fieldsOf, idField, textField } from '../rail-call.ts';
import type { PaypalCertificates } from './paypal-certificates.ts';

const FUTURE_MS = 5 * 60_000;
/** PayPal repeats events for three days. An older event is a replay. */
const PAST_MS = 4 * 86_400_000;

/** Fields for PayPal's own check of a signature, without the event. */
type SignedFields = Readonly<
  Record<'auth_algo' | 'cert_url' | 'transmission_id' | 'transmission_sig' | 'transmission_time', string>
>;

export interface PaypalEventOptions {
  readonly webhookId: string;
  readonly certificates: PaypalCertificates;
  /** Asks PayPal to check the signature when the certificate has no complete chain to an authority. */
  readonly confirm: (signed: SignedFields & { webhook_id: string }, event: Buffer) => Promise<boolean>;
  readonly now: () => Date;
}

/** Payout events, verified here with PayPal's certificate. The signature covers only the CRC of the body, for which another body can be
 *  made. This is one more reason why an event only starts a lookup. */
export function paypalEvents(options: PaypalEventOptions): NonNullable<PayoutRail['verifyEvent']> {
  const { webhookId, certificates, confirm, now } = options;
  return async (request) => {
    const signed = signedFields(request);
    const age = now().getTime() - Date.parse(signed.transmission_time);
    if (!(age <= PAST_MS && age >= -FUTURE_MS))
      throw unauthenticated('The event is too old or in the future.');
    const text = [signed.transmission_id, signed.transmission_time, webhookId, crc32(request.body)].join('|');
    const { key, anchored } = await certificates.of(signed.cert_url);
    if (!verify('sha256', Buffer.from(text), key, Buffer.from(signed.transmission_sig, 'base64')))
      throw unauthenticated('The signature of the event is not valid.');
    const event = parsed(request.body);
    if (!anchored && !(await confirm({ ...signed, webhook_id: webhookId }, request.body)))
      throw unauthenticated('PayPal does not know the event.');
    return parseEvent(event);
  };
}

function signedFields({ headers }: RailRequest): SignedFields {
  const header = (name: string, pattern: RegExp): string => {
    const value = headers[`paypal-${name}`];
    if (typeof value !== 'string' || !pattern.test(value))
      throw unauthenticated(`The header paypal-${name} is missing or not valid.`);
    return value;
  };
  return {
    auth_algo: header('auth-algo', /^SHA256withRSA$/), // any other algorithm would be weaker
    cert_url: header('cert-url', /^[!-~]{1,500}$/),
    transmission_id: header('transmission-id', /^[\w-]{1,100}$/),
    transmission_sig: header('transmission-sig', /^[A-Za-z0-9+/]{16,1000}={0,2}$/),
    transmission_time: header('transmission-time', /^\d{4}-\d\d-\d\dT[\d:.]{5,20}(Z|[+-]\d\d:\d\d)$/),
  };
}

function parseEvent(event: Fields) {
  const type = textField(event['event_type']);
  const item = type.startsWith('PAYMENT.PAYOUTS-ITEM.');
  if (!item && !type.startsWith('PAYMENT.PAYOUTSBATCH.')) return null;
  const id = idField(event['id'], /^[\w-]{1,100}$/);
  if (id === null) throw unauthenticated('The event has no valid id.');
  const resource = fieldsOf(event['resource']);
  const header = fieldsOf(resource['batch_header']);
  const key = item
    ? fieldsOf(resource['payout_item'])['sender_item_id']
    : fieldsOf(header['sender_batch_header'])['sender_batch_id'];
  const reference = (item ? resource : header)['payout_batch_id'];
  return {
    ...{ id, type },
    key: idField(key, /^[0-9a-f]{32}$/),
    reference: idField(reference, /^[A-Z0-9]{1,30}$/),
  };
}

function parsed(body: Buffer): Fields {
  try {
    return fieldsOf(JSON.parse(body.toString('utf8')));
  } catch {
    throw unauthenticated('The event must be JSON.');
  }
}
