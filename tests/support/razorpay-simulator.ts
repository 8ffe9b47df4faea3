import { createHmac, randomBytes } from 'node:crypto';
import type { Movement, RailSimulator } from './rail-faults.ts';
import {
  type Asked,
  keysPaidTwice,
  type RailServer,
  type Reply,
  railServer,
  type SignedEvent,
} from './rail-server.ts';

export type RazorpayStatus =
  | 'pending'
  | 'queued'
  | 'scheduled'
  | 'processing'
  | 'processed'
  | 'reversed'
  | 'cancelled'
  | 'rejected'
  | 'failed';

interface SimulatedPayout {
  readonly id: string;
  readonly fund_account_id: string;
  readonly amount: number;
  readonly reference_id: string;
  readonly created_at: number;
  status: RazorpayStatus;
  status_details: { reason: string; source: string; description: string } | null;
}

export interface RazorpaySimulator extends RailSimulator {
  readonly server: RailServer;
  readonly access: { keyId: string; keySecret: string; accountNumber: string; webhookSecret: string };
  now: () => Date;
  /** What a new payout is in at once. */
  begin: { status: RazorpayStatus; reason?: string };
  /** Takes the payouts of a key along an edge of the vendor's state machine. */
  move(key: string, status: RazorpayStatus, reason?: string): void;
  fundAccount(kind?: 'bank_account' | 'vpa'): string;
  contacts(): readonly Record<string, unknown>[];
  fundAccounts(): readonly Record<string, unknown>[];
  /** Every event of a payout so far, signed by `secret`. */
  events(secret?: string): SignedEvent[];
}

const EDGES: Record<RazorpayStatus, readonly RazorpayStatus[]> = {
  pending: ['queued', 'processing', 'rejected'],
  queued: ['processing', 'cancelled', 'failed'],
  scheduled: ['processing', 'cancelled'],
  processing: ['processed', 'reversed', 'failed'],
  processed: ['reversed'],
  reversed: ['failed'],
  cancelled: [],
  rejected: [],
  failed: ['reversed'],
};
const OUT = new Set<RazorpayStatus>(['processing', 'processed', 'reversed']);
const BACK = new Set<RazorpayStatus>(['reversed', 'failed']);
const WEEK_MS = 7 * 86_400_000;
const EVENT_OF: Partial<Record<RazorpayStatus, string>> = {
  processing: 'payout.initiated',
  scheduled: 'payout.updated',
  cancelled: 'payout.updated',
};

const id = (prefix: string) => `${prefix}_${randomBytes(7).toString('hex')}`;
const details = (reason: string | undefined) =>
  reason ? { reason, source: 'beneficiary_bank', description: 'in the words of the vendor' } : null;
const invalid = (description: string, field: string | null = null): Reply => ({
  status: 400,
  body: {
    error: {
      code: 'BAD_REQUEST_ERROR',
      description,
      source: 'business',
      reason: 'input_validation_failed',
      field,
    },
  },
});

/** RazorpayX as its documents tell: Basic auth, a mandatory key that lives a week, contacts, fund accounts, payouts. */
export async function startRazorpay(): Promise<RazorpaySimulator> {
  const access = {
    keyId: 'rzp_test_simulated01',
    keySecret: 'a key secret of the tests',
    accountNumber: '7878780080316316',
    webhookSecret: 'a webhook secret of the tests',
  };
  const payouts: SimulatedPayout[] = [];
  const keys = new Map<string, { text: string; payout: SimulatedPayout; at: number }>();
  const movements: (Movement & { payout: string })[] = [];
  const contacts: Record<string, unknown>[] = [];
  const fundAccounts: Record<string, unknown>[] = [];
  const told: { id: string; at: number; type: string; entity: unknown }[] = [];
  const seconds = () => Math.floor(simulator.now().getTime() / 1_000);

  const shown = (payout: SimulatedPayout) => ({
    ...payout,
    ...{ entity: 'payout', currency: 'INR', notes: {}, fees: 590, tax: 90, utr: null, mode: 'IMPS' },
    ...{ purpose: 'payout', narration: 'Partner payout', batch_id: null, fee_type: '' },
  });

  function enter(payout: SimulatedPayout, status: RazorpayStatus, reason: string | undefined): void {
    payout.status = status;
    payout.status_details = details(reason);
    const moved = movements.find((movement) => movement.payout === payout.id);
    if (OUT.has(status) && !moved)
      movements.push({
        payout: payout.id,
        key: payout.reference_id,
        reference: payout.id,
        minor: BigInt(payout.amount),
        currency: 'INR',
        destination: payout.fund_account_id,
        at: simulator.now(),
        returned: BACK.has(status),
      });
    if (moved && BACK.has(status)) moved.returned = true;
    const type = EVENT_OF[status] ?? `payout.${status}`;
    told.push({ id: randomBytes(8).toString('hex'), at: seconds(), type, entity: shown(payout) });
  }

  function pay({ headers, text }: Asked): Reply {
    const key = headers['x-payout-idempotency'];
    if (typeof key !== 'string' || !/^[A-Za-z0-9 _-]{4,36}$/.test(key))
      return invalid('The idempotency key is missing or malformed');
    const known = keys.get(key);
    if (known && known.at > simulator.now().getTime() - WEEK_MS)
      return known.text === text
        ? { status: 200, body: shown(known.payout) }
        : invalid('Different request body with the same idempotency key');
    const order = JSON.parse(text);
    if (order.account_number !== access.accountNumber) return invalid('unknown account', 'account_number');
    if (!Number.isInteger(order.amount) || order.amount < 100) return invalid('minimum is 100', 'amount');
    if (order.currency !== 'INR') return invalid('INR only', 'currency');
    if (!['IMPS', 'NEFT', 'RTGS', 'UPI'].includes(order.mode)) return invalid('no such mode', 'mode');
    if (!/^[a-zA-Z0-9 ]{0,30}$/.test(order.narration)) return invalid('not in these letters', 'narration');
    if (!order.reference_id || order.reference_id.length > 40) return invalid('too long', 'reference_id');
    const account = fundAccounts.find((one) => one['id'] === order.fund_account_id);
    if (!account) return invalid('no such fund account', 'fund_account_id');
    if ((account['account_type'] === 'vpa') !== (order.mode === 'UPI'))
      return invalid('not this way', 'mode');
    const payout: SimulatedPayout = {
      id: id('pout'),
      fund_account_id: order.fund_account_id,
      amount: order.amount,
      reference_id: order.reference_id,
      created_at: seconds(),
      status: 'pending',
      status_details: null,
    };
    payouts.push(payout);
    keys.set(key, { text, payout, at: simulator.now().getTime() });
    enter(payout, simulator.begin.status, simulator.begin.reason);
    return { status: 200, body: shown(payout) };
  }

  const collection = (items: readonly unknown[]): Reply => ({
    status: 200,
    body: { entity: 'collection', count: items.length, items },
  });

  function made(list: Record<string, unknown>[], entity: Record<string, unknown>): Reply {
    list.push(entity);
    return { status: 201, body: entity };
  }

  function handle(asked: Asked): Reply {
    const { method, path, query, headers, text } = asked;
    const basic = Buffer.from(`${access.keyId}:${access.keySecret}`).toString('base64');
    if (headers.authorization !== `Basic ${basic}`)
      return { status: 401, body: { error: { code: 'BAD_REQUEST_ERROR' } } };
    const [, , resource, one] = path.split('/');
    switch (`${method} ${resource}`) {
      case 'POST payouts':
        return pay(asked);
      case 'GET payouts': {
        if (one) {
          const payout = payouts.find((payout) => payout.id === one);
          return payout ? { status: 200, body: shown(payout) } : invalid('no such payout');
        }
        const reference = query.get('reference_id');
        const [from, to] = [Number(query.get('from') ?? 0), Number(query.get('to') ?? Infinity)];
        const skip = Number(query.get('skip') ?? 0);
        return collection(
          payouts
            .filter((payout) => reference === null || payout.reference_id === reference)
            .filter(({ created_at: at }) => at >= from && at <= to)
            .toReversed()
            .slice(skip, skip + Number(query.get('count') ?? 10))
            .map(shown),
        );
      }
      case 'GET contacts':
        return collection(
          contacts.filter((contact) => contact['reference_id'] === query.get('reference_id')),
        );
      case 'POST contacts': {
        const contact = JSON.parse(text);
        if (!/^[a-zA-Z0-9 ’'\-_/().,]{3,50}$/.test(contact.name))
          return invalid('not in these letters', 'name');
        return made(contacts, {
          ...contact,
          id: id('cont'),
          entity: 'contact',
          active: true,
          created_at: seconds(),
        });
      }
      case 'GET fund_accounts': {
        if (!one)
          return collection(
            fundAccounts.filter((account) => account['contact_id'] === query.get('contact_id')),
          );
        const account = fundAccounts.find((account) => account['id'] === one);
        return account ? { status: 200, body: account } : invalid('no such fund account');
      }
      case 'POST fund_accounts': {
        const account = JSON.parse(text);
        if (account.bank_account?.ifsc.startsWith('NONE')) return invalid('no such bank', 'ifsc');
        return made(fundAccounts, { ...account, id: id('fa'), entity: 'fund_account', active: true });
      }
      default:
        return { status: 404, body: {} };
    }
  }

  const server = await railServer(handle, ({ method, path }) =>
    method === 'POST' && path === '/v1/payouts' ? simulator.fault() : 'none',
  );
  const simulator: RazorpaySimulator = {
    ...{ url: server.url, server, access },
    fault: () => 'none',
    now: () => new Date(),
    begin: { status: 'processing' },
    ledger: () => movements,
    twice: () => keysPaidTwice(movements),
    move(key, status, reason) {
      for (const payout of payouts.filter(({ reference_id }) => reference_id === key)) {
        if (!EDGES[payout.status].includes(status))
          throw new Error(`no way from ${payout.status} to ${status}`);
        enter(payout, status, reason);
      }
    },
    fundAccount(kind = 'bank_account') {
      const account = { id: id('fa'), entity: 'fund_account', account_type: kind, active: true };
      fundAccounts.push(account);
      return account.id;
    },
    contacts: () => contacts,
    fundAccounts: () => fundAccounts,
    events: (secret = access.webhookSecret) =>
      told.map(({ id, at, type, entity }) => {
        const event = {
          entity: 'event',
          account_id: 'acc_simulated00001',
          event: type,
          contains: ['payout'],
        };
        return signedByRazorpay({ ...event, payload: { payout: { entity } }, created_at: at }, id, secret);
      }),
    close: server.close,
  };
  return simulator;
}

/** Text is signed as it is. */
export function signedByRazorpay(event: object | string, id: string, secret: string): SignedEvent {
  const body = Buffer.from(typeof event === 'string' ? event : JSON.stringify(event));
  return {
    headers: {
      'content-type': 'application/json',
      'x-razorpay-event-id': id,
      'x-razorpay-signature': createHmac('sha256', secret).update(body).digest('hex'),
    },
    body,
  };
}
