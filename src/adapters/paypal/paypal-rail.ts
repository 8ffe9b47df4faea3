import type { Outbound } from '../../ports/outbound.ts';
import {
  type PayoutInstruction,
  type PayoutRail,
  RailBusy,
  type RailOutcome,
} from '../../ports/payout-rail.ts';
import { agree, type Fields, fieldsOf, textField } from '../rail-call.ts';
import { type PaypalAccess, type PaypalApi, paypalApi } from './paypal-api.ts';
import { paypalCertificates } from './paypal-certificates.ts';
import { isSameAmount, paypalStep, paypalText } from './paypal-currencies.ts';
import { paypalEvents } from './paypal-events.ts';
import { CLAIM_IT, isUnclaimed, refusalFor } from './reasons.ts';

export interface PaypalOptions extends PaypalAccess {
  /** null when no webhook is set up. */
  readonly webhook: {
    readonly id: string;
    readonly outbound: Outbound;
    /** Certificate authorities in PEM. Default: the public ones. */
    readonly roots?: readonly string[];
  } | null;
}

const DAY = 86_400;
/** PayPal remembers a batch for 30 days. One day is a margin for clock differences, so that a batch is never paid twice. */
const KEY_LIFETIME_SECONDS = 29 * DAY;
const ASK_US_AGAIN_SECONDS = 900;

const BATCH_WAITS = new Set(['PENDING', 'PROCESSING']);
const BATCH_FAILED = new Set(['DENIED', 'CANCELED']);

/** PayPal Payouts: a batch with one item per attempt, whose `sender_batch_id` is our key. PayPal finds a batch only by its own id:
 *  while we have no id, the same key is sent again, and PayPal returns the existing batch. */
export function paypalRail(options: PaypalOptions): PayoutRail {
  const { webhook, now = () => new Date() } = options;
  const api = paypalApi(options);
  const verifyEvent = webhook
    ? paypalEvents({
        webhookId: webhook.id,
        certificates: paypalCertificates(webhook.outbound, now, webhook.roots),
        confirm: (signed, event) => confirmed(api, signed, event),
        now,
      })
    : null;
  async function look(id: string, instruction: PayoutInstruction): Promise<RailOutcome> {
    const { status, body } = await api.get(`/v1/payments/payouts/${id}?page_size=2&page=1`);
    if (status !== 200) throw new Error(`PayPal returned ${status} for a known batch`);
    return outcomeOf(body, id, instruction);
  }

  /** The meaning of a 4xx response for the key. */
  function refused(status: number, body: Fields, resent: boolean): RailOutcome {
    const code = errorOf(body);
    if (status === 403) throw new RailBusy(`PayPal does not allow us to pay (${code})`, ASK_US_AGAIN_SECONDS);
    if (status !== 400 && status !== 422) throw new Error(`PayPal returned ${status} for a payout`);
    // PayPal refuses the same request each time, so no request with this key succeeded.
    if (resent && code !== 'VALIDATION_ERROR')
      throw new RailBusy(`PayPal temporarily refuses a payout (${code})`, ASK_US_AGAIN_SECONDS, true);
    return { status: 'REFUSED', ...refusalFor(code) };
  }

  return {
    name: 'paypal',
    keyLifetimeSeconds: KEY_LIFETIME_SECONDS,
    // A missing trace is no proof here: within the lifetime the same key is sent again; afterwards `lookup` throws.
    settleSeconds: 30 * DAY,
    recheckSeconds: verifyEvent ? null : 3 * DAY,
    needsAccount: true,
    list: null,
    verifyEvent,

    currencySupport(currency) {
      const step = paypalStep(currency);
      return step === null ? null : { step, minimum: step, maximum: null };
    },

    async send(instruction) {
      const { key, amount, resent } = instruction;
      const value = paypalText(amount);
      const item = {
        recipient_type: 'EMAIL',
        amount: { value, currency: amount.currency },
        receiver: receiverOf(instruction),
        sender_item_id: key,
        purpose: 'SERVICES',
      };
      const header = { sender_batch_id: key, email_subject: 'You have received a payout' };
      const order = { sender_batch_header: header, items: [item] };
      const { status, body } = await api.post('/v1/payments/payouts', JSON.stringify(order), key);
      if (status < 300) {
        const batch = headerOf(body, key);
        return BATCH_WAITS.has(batch.status)
          ? { status: 'ACCEPTED', reference: batch.id }
          : look(batch.id, instruction);
      }
      const original = originalOf(body);
      if (original) return look(original, instruction);
      if (isDuplicate(body)) throw new Error('PayPal has a batch with this key and does not return its id');
      return refused(status, body, resent);
    },

    async lookup(instruction) {
      const { reference, firstSentAt } = instruction;
      if (reference !== null) return look(batchId(reference), instruction);
      if (now().getTime() - firstSentAt.getTime() >= KEY_LIFETIME_SECONDS * 1_000)
        throw new Error('PayPal no longer knows the key: a person must check the payout');
      return null;
    },
  };
}

function receiverOf({ destination }: PayoutInstruction): string {
  const receiver = destination?.details['paypalEmail'];
  if (!receiver) throw new Error('there is no PayPal account');
  return receiver;
}

function batchId(text: unknown): string {
  if (typeof text !== 'string' || !/^[A-Z0-9]{1,30}$/.test(text))
    throw new Error('PayPal returned no batch id');
  return text;
}

function headerOf(body: Fields, key: string): { id: string; status: string } {
  const header = fieldsOf(body['batch_header']);
  agree('the key', fieldsOf(header['sender_batch_header'])['sender_batch_id'] === key);
  const status = textField(header['batch_status']);
  if (!BATCH_WAITS.has(status) && !BATCH_FAILED.has(status) && status !== 'SUCCESS')
    throw new Error('PayPal returned an unknown status');
  return { id: batchId(header['payout_batch_id']), status };
}

/** The status of the item decides; a completed batch proves nothing. Throws when the item does not match the instruction in every respect. */
function outcomeOf(body: Fields, id: string, instruction: PayoutInstruction): RailOutcome {
  const batch = headerOf(body, instruction.key);
  agree('the batch', batch.id === id);
  const items = body['items'] ?? [];
  if (!Array.isArray(items) || items.length > 1) throw new Error('PayPal listed items that we did not send');
  if (!items.length) {
    if (BATCH_WAITS.has(batch.status)) return { status: 'ACCEPTED', reference: id };
    if (BATCH_FAILED.has(batch.status))
      return { status: 'REFUSED', ...refusalFor(errorOf(body, batch.status)) };
    throw new Error('PayPal returned a batch without its item');
  }
  const item = fieldsOf(items[0]);
  isOurs(item, id, instruction);
  const status = item['transaction_status'];
  const error = textField(fieldsOf(item['errors'])['name']);
  if ((status === undefined || status === 'PENDING') && BATCH_FAILED.has(batch.status))
    return { status: 'REFUSED', ...refusalFor(error || batch.status) };
  switch (status) {
    case undefined:
    case 'PENDING':
    case 'ONHOLD':
      return { status: 'ACCEPTED', reference: id };
    case 'UNCLAIMED':
      return { status: 'ACCEPTED', reference: id, actionRequired: CLAIM_IT };
    case 'SUCCESS':
      return { status: 'CONFIRMED', reference: id };
    case 'FAILED':
    case 'DENIED':
    case 'BLOCKED':
      return { status: 'REFUSED', ...refusalFor(error || status) };
    case 'RETURNED':
      // The payment was never claimed, so it was never paid.
      if (isUnclaimed(error)) return { status: 'REFUSED', ...refusalFor(error) };
      return { status: 'RETURNED', reference: id, reason: CAME_BACK };
    case 'REFUNDED':
    case 'REVERSED':
      return { status: 'RETURNED', reference: id, reason: CAME_BACK };
    default:
      throw new Error('PayPal returned an unknown status');
  }
}

const CAME_BACK = 'PayPal returned the payment. Check the account at PayPal, or set another account.';

function isOurs(item: Fields, id: string, { key, amount, destination }: PayoutInstruction): void {
  const detail = fieldsOf(item['payout_item']);
  const sum = fieldsOf(detail['amount']);
  const fee = fieldsOf(item['payout_item_fee'])['value'];
  const receiver = destination?.details['paypalEmail'];
  agree('the batch', item['payout_batch_id'] === id);
  agree('the key', detail['sender_item_id'] === key);
  agree('the amount', isSameAmount(sum['value'], sum['currency'], amount));
  agree('the fee', fee === undefined || (typeof fee === 'string' && /^\d{1,15}(\.\d{1,4})?$/.test(fee)));
  // An account that was erased since cannot be compared.
  agree(
    'the receiver',
    receiver === undefined || textField(detail['receiver']).toLowerCase() === receiver.toLowerCase(),
  );
}

const detailsOf = (body: Fields): Fields[] =>
  Array.isArray(body['details']) ? body['details'].map(fieldsOf) : [];

const isDuplicate = (body: Fields): boolean =>
  detailsOf(body).some(
    ({ field, issue }) =>
      /sender_batch_id/i.test(textField(field)) || /sender_batch_id.*exist/i.test(textField(issue)),
  );

/** The id of PayPal's batch for the key. Only the id in the link is used; the call goes to our configured address. */
function originalOf(body: Fields): string | null {
  if (!isDuplicate(body)) return null;
  const links = [body, ...detailsOf(body)].flatMap(({ link, links }) => [link, links].flat());
  for (const link of links) {
    const [, id] = /\/v1\/payments\/payouts\/([A-Z0-9]{1,30})$/.exec(textField(fieldsOf(link)['href'])) ?? [];
    if (id) return id;
  }
  return null;
}

/** PayPal's own check. The event is sent back as received: serialized again it would not match the signature. */
async function confirmed(api: PaypalApi, signed: object, event: Buffer): Promise<boolean> {
  const body = `${JSON.stringify(signed).slice(0, -1)},"webhook_event":${event.toString('utf8')}}`;
  const answer = await api.post('/v1/notifications/verify-webhook-signature', body);
  return answer.status === 200 && answer.body['verification_status'] === 'SUCCESS';
}

// General error names, for which a detail has the reason.
const GENERAL = new Set(['USER_BUSINESS_ERROR', 'UNPROCESSABLE_ENTITY', 'INVALID_REQUEST']);

/** The name of an error; for a general name, the name of its first detail. */
function errorOf(body: Fields, otherwise = ''): string {
  const errors = fieldsOf(body['errors']);
  const name = textField(body['name']) || textField(errors['name']);
  const issue = textField(detailsOf(body)[0]?.['issue']);
  const code = GENERAL.has(name) && CODE.test(issue) ? issue : name;
  return CODE.test(code) ? code : otherwise;
}

const CODE = /^[A-Z_]{1,80}$/;
