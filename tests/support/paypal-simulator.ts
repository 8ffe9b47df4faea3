import { createSign, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { guardedFetch } from '../../src/adapters/outbound/guarded-fetch.ts';
import { type Outbound, OutboundError } from '../../src/ports/outbound.ts';
import { INTERMEDIATE, LEAF, LEAF_KEY } from './paypal-test-certificates.ts';
import type { Movement, RailSimulator } from './rail-faults.ts';
import {
  type Asked,
  keysPaidTwice,
  type RailServer,
  type Reply,
  railServer,
  type SignedEvent,
} from './rail-server.ts';

export type PaypalItemStatus =
  | 'SUCCESS'
  | 'FAILED'
  | 'PENDING'
  | 'UNCLAIMED'
  | 'RETURNED'
  | 'ONHOLD'
  | 'BLOCKED'
  | 'REFUNDED'
  | 'REVERSED';
type BatchStatus = 'PENDING' | 'PROCESSING' | 'SUCCESS' | 'DENIED' | 'CANCELED';

interface SimulatedBatch {
  readonly id: string;
  readonly itemId: string;
  readonly key: string;
  readonly header: { sender_batch_id: string };
  readonly item: { amount: { value: string; currency: string }; receiver: string; sender_item_id: string };
  readonly at: number;
  status: BatchStatus;
  itemStatus: PaypalItemStatus | null;
  error: string | null;
}

export interface PaypalSimulator extends RailSimulator {
  readonly server: RailServer;
  readonly access: { clientId: string; clientSecret: string; webhookId: string };
  now: () => Date;
  /** What the next batches are refused with; null: they are taken. */
  refusal: { status: number; name: string; issue?: string } | null;
  /** What the item of a new batch is in at once; null: the batch still waits. */
  begin: PaypalItemStatus | null;
  /** Takes the items of a key along an edge of the vendor's state machine. */
  move(key: string, status: PaypalItemStatus, error?: string): void;
  /** The batch as a whole is refused. */
  deny(key: string, error: string): void;
  /** Tokens given out so far count no more. */
  forgetTokens(): void;
  tokensGiven(): number;
  events(): SignedEvent[];
  /** Serves the certificates, at PayPal's own addresses. */
  readonly outbound: Outbound;
  /** What stands at `CERTIFICATE_URL`. */
  certificate: string;
  certificatesServed(): number;
}

export const CERTIFICATE_URL =
  'https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-simulated';

const EDGES: Record<PaypalItemStatus, readonly PaypalItemStatus[]> = {
  PENDING: ['SUCCESS', 'FAILED', 'UNCLAIMED', 'ONHOLD', 'BLOCKED'],
  ONHOLD: ['SUCCESS', 'FAILED', 'RETURNED', 'BLOCKED'],
  UNCLAIMED: ['SUCCESS', 'RETURNED'],
  SUCCESS: ['REFUNDED', 'REVERSED', 'RETURNED'],
  FAILED: [],
  BLOCKED: [],
  RETURNED: [],
  REFUNDED: [],
  REVERSED: [],
};
const BACK = new Set<PaypalItemStatus>(['FAILED', 'RETURNED', 'BLOCKED', 'REFUNDED', 'REVERSED']);
const EVENT: Partial<Record<PaypalItemStatus, string>> = { SUCCESS: 'SUCCEEDED', ONHOLD: 'HELD' };
const MONTH_MS = 30 * 86_400_000;
const DIGITS: Record<string, number> = { JPY: 0, HUF: 0, TWD: 0 };

const id = () => randomBytes(7).toString('hex').toUpperCase().slice(0, 13);
const error = (name: string, details: object[] = []) => ({
  ...{ name, message: 'In the words of the vendor.', debug_id: randomBytes(6).toString('hex') },
  ...(details.length && { details }),
});

/** PayPal Payouts as its documents tell: tokens, batches of one item, a `sender_batch_id` that is remembered for 30 days. */
export async function startPaypal(): Promise<PaypalSimulator> {
  const access = {
    clientId: 'a-client-id-of-the-tests',
    clientSecret: 'a client secret of the tests',
    webhookId: '1JE4291016473214C',
  };
  const batches: SimulatedBatch[] = [];
  const movements: (Movement & { batch: string })[] = [];
  const told: { id: string; at: Date; type: string; resource: object }[] = [];
  let tokens = new Map<string, number>();
  let tokensGiven = 0;
  let certificatesServed = 0;

  const shownHeader = (batch: SimulatedBatch) => ({
    payout_batch_id: batch.id,
    batch_status: batch.status,
    time_created: new Date(batch.at).toISOString(),
    sender_batch_header: batch.header,
  });
  const shownItem = (batch: SimulatedBatch) => ({
    payout_item_id: batch.itemId,
    payout_batch_id: batch.id,
    ...(batch.itemStatus && { transaction_status: batch.itemStatus }),
    payout_item_fee: {
      currency: batch.item.amount.currency,
      value: batch.itemStatus === 'SUCCESS' ? '0.25' : '0.00',
    },
    payout_item: batch.item,
    ...(batch.error && { errors: error(batch.error) }),
  });

  function enter(batch: SimulatedBatch, status: PaypalItemStatus, why: string | null): void {
    batch.itemStatus = status;
    batch.error = why;
    batch.status = status === 'PENDING' ? 'PROCESSING' : 'SUCCESS';
    const moved = movements.find((movement) => movement.batch === batch.id);
    if (moved && BACK.has(status)) moved.returned = true;
    const type = `PAYMENT.PAYOUTS-ITEM.${EVENT[status] ?? status}`;
    if (status !== 'PENDING')
      told.push({ id: `WH-${id()}-${id()}`, at: simulator.now(), type, resource: shownItem(batch) });
  }

  function pay({ text }: Asked): Reply {
    const { sender_batch_header: header, items } = JSON.parse(text);
    const [item] = items;
    const digits = DIGITS[item.amount.currency] ?? 2;
    if (!(digits ? /^\d+\.\d\d$/ : /^\d+$/).test(item.amount.value))
      return {
        status: 400,
        body: error('VALIDATION_ERROR', [{ field: 'amount', issue: 'Amount is malformed' }]),
      };
    const known = batches.find(
      ({ header: { sender_batch_id }, at }) =>
        sender_batch_id === header.sender_batch_id && at > simulator.now().getTime() - MONTH_MS,
    );
    if (known && !simulator.refusal) {
      const link = {
        href: `https://api-m.paypal.com/v1/payments/payouts/${known.id}`,
        rel: 'self',
        method: 'GET',
      };
      const issue = 'Batch with given sender_batch_id already exists';
      return {
        status: 400,
        body: error('USER_BUSINESS_ERROR', [
          { field: 'SENDER_BATCH_ID', location: 'body', issue, link: [link] },
        ]),
      };
    }
    if (simulator.refusal) {
      const { status, name, issue } = simulator.refusal;
      return { status, body: error(name, issue ? [{ issue }] : []) };
    }
    const batch: SimulatedBatch = {
      ...{ id: id(), itemId: id(), key: item.sender_item_id, header, item },
      ...{ at: simulator.now().getTime(), status: 'PENDING', itemStatus: null, error: null },
    };
    batches.push(batch);
    movements.push({
      ...{ batch: batch.id, key: batch.key, reference: batch.id, destination: item.receiver },
      minor:
        BigInt(item.amount.value.replace('.', '')) * (digits || item.amount.currency === 'JPY' ? 1n : 100n),
      ...{ currency: item.amount.currency, at: simulator.now(), returned: false },
    });
    const answer = {
      batch_header: shownHeader(batch),
      links: [{ href: `${server.url}/v1/payments/payouts/${batch.id}`, rel: 'self', method: 'GET' }],
    };
    if (simulator.begin) enter(batch, simulator.begin, null);
    return { status: 201, body: answer };
  }

  function token({ headers, text }: Asked): Reply {
    const basic = Buffer.from(`${access.clientId}:${access.clientSecret}`).toString('base64');
    if (headers.authorization !== `Basic ${basic}` || text !== 'grant_type=client_credentials')
      return { status: 401, body: { error: 'invalid_client' } };
    tokensGiven += 1;
    const given = `A21AA${randomBytes(24).toString('base64url')}`;
    tokens.set(given, simulator.now().getTime() + 32_400_000);
    return { status: 200, body: { access_token: given, token_type: 'Bearer', expires_in: 32_400 } };
  }

  function handle(asked: Asked): Reply {
    const { method, path, headers } = asked;
    if (path === '/v1/oauth2/token') return token(asked);
    const until = tokens.get(headers.authorization?.replace('Bearer ', '') ?? '');
    if (!until || until < simulator.now().getTime())
      return { status: 401, body: error('AUTHENTICATION_FAILURE') };
    if (method === 'POST' && path === '/v1/payments/payouts') return pay(asked);
    if (method === 'POST' && path === '/v1/notifications/verify-webhook-signature') return confirm(asked);
    const batch = batches.find(({ id }) => path === `/v1/payments/payouts/${id}`);
    if (!batch) return { status: 404, body: error('RESOURCE_NOT_FOUND') };
    const items = batch.itemStatus ? [shownItem(batch)] : [];
    return {
      status: 200,
      body: {
        ...{ batch_header: shownHeader(batch), items, total_items: items.length, total_pages: 1 },
        ...(batch.status === 'DENIED' && { errors: error(batch.error ?? 'DENIED') }),
      },
    };
  }

  /** PayPal knows its own events, to the byte. */
  function confirm({ text }: Asked): Reply {
    const sent = simulator.events().map(({ body }) => body.toString('utf8'));
    const known = sent.some((event) => text.endsWith(`,"webhook_event":${event}}`));
    return { status: 200, body: { verification_status: known ? 'SUCCESS' : 'FAILURE' } };
  }

  const server = await railServer(handle, ({ method, path }) =>
    method === 'POST' && path === '/v1/payments/payouts' ? simulator.fault() : 'none',
  );
  const simulator: PaypalSimulator = {
    ...{ url: server.url, server, access, refusal: null, begin: null, certificate: LEAF + INTERMEDIATE },
    fault: () => 'none',
    now: () => new Date(),
    ledger: () => movements,
    twice: () => keysPaidTwice(movements),
    move(key, status, why) {
      for (const batch of batches.filter((batch) => batch.key === key)) {
        const from = batch.itemStatus;
        if (from ? !EDGES[from].includes(status) : status !== 'PENDING' && !EDGES.PENDING.includes(status))
          throw new Error(`no way from ${batch.itemStatus} to ${status}`);
        enter(batch, status, why ?? null);
      }
    },
    deny(key, why) {
      for (const batch of batches.filter((batch) => batch.key === key)) {
        Object.assign(batch, { status: 'DENIED', error: why });
        for (const movement of movements) if (movement.batch === batch.id) movement.returned = true;
      }
    },
    forgetTokens: () => {
      tokens = new Map();
    },
    tokensGiven: () => tokensGiven,
    certificatesServed: () => certificatesServed,
    events: () =>
      told.map(({ id, at, type, resource }) => {
        const event = {
          id,
          create_time: at.toISOString(),
          resource_type: 'payouts_item',
          event_type: type,
          resource,
        };
        return signedByPaypal(event, { webhookId: access.webhookId, at });
      }),
    outbound: {
      objectionTo: guardedFetch().objectionTo,
      async fetch({ url }) {
        certificatesServed += 1;
        if (!simulator.certificate) throw new OutboundError('UNREACHABLE', 'the host does not answer');
        const found = url === CERTIFICATE_URL;
        return {
          status: found ? 200 : 404,
          headers: {},
          body: Buffer.from(simulator.certificate),
          cut: false,
        };
      },
    },
    close: server.close,
  };
  return simulator;
}

export function signedByPaypal(
  event: object,
  { webhookId, at, url = CERTIFICATE_URL }: { webhookId: string; at: Date; url?: string },
): SignedEvent {
  const body = Buffer.from(JSON.stringify(event));
  const transmission = randomBytes(16).toString('hex');
  const time = `${at.toISOString().slice(0, 19)}Z`;
  const text = `${transmission}|${time}|${webhookId}|${crc32(body)}`;
  return {
    headers: {
      'content-type': 'application/json',
      'paypal-transmission-id': transmission,
      'paypal-transmission-time': time,
      'paypal-transmission-sig': createSign('sha256').update(text).sign(LEAF_KEY, 'base64'),
      'paypal-cert-url': url,
      'paypal-auth-algo': 'SHA256withRSA',
    },
    body,
  };
}
