import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { unauthenticated } from '../../src/domain/errors.ts';
import { money } from '../../src/domain/money.ts';
import {
  type PayoutInstruction,
  type PayoutRail,
  RailBusy,
  type RailOutcome,
} from '../../src/ports/payout-rail.ts';
import type { Fault, Movement, RailSimulator } from './rail-faults.ts';

const SECRET = 'whsec of the simulator';
/** How long the rail of `simulatedRail` waits: shorter than any silence of the simulator. */
const PATIENCE_MS = 500;

/** What the simulator is told to do with one payout, whatever the faults. */
type Order = 'accept' | 'refuse' | 'refuse-passing' | 'action';

interface Stored extends Movement {
  readonly payoutId: string;
  status: 'ACCEPTED' | 'CONFIRMED' | 'REFUSED' | 'RETURNED';
  passing: boolean;
  action: boolean;
}

export interface GenericSimulator extends RailSimulator {
  /** Per payout; else it is paid at once. */
  orders: Map<string, Order>;
  /** How many calls sent, looked up. */
  readonly calls: { send: number; lookup: number };
  /** It can not tell what became of anything. */
  mute: boolean;
  /** It forgot the key: lookups find nothing. */
  forgotten: Set<string>;
  decide(payoutId: string, status: Stored['status']): void;
  /** Money that moved without us. */
  stray(minor: bigint): string;
  keyOf(payoutId: string): string;
  /** Loses every trace of a payout. */
  remove(payoutId: string): void;
  /** Moves another amount than it was told. */
  change(payoutId: string, minor: bigint): void;
}

/** A vendor that is nobody's: it moves money once for each key, keeps the truth, and fails as it is told. */
export async function startSimulator(): Promise<GenericSimulator> {
  const transfers = new Map<string, Stored>();
  interface Body {
    readonly key: string;
    readonly payoutId: string;
    readonly minor: string;
    readonly currency: string;
    readonly destination: string;
  }

  const later = new Set<NodeJS.Timeout>();
  const calls = { send: 0, lookup: 0 };

  function pay(body: Body): Stored {
    const known = transfers.get(body.key);
    if (known) return known; // the key is honoured
    const order = simulator.orders.get(body.payoutId);
    const made: Stored = {
      key: body.key,
      payoutId: body.payoutId,
      reference: `tr_${body.key.slice(-12)}`,
      minor: BigInt(body.minor),
      currency: body.currency,
      destination: body.destination,
      at: new Date(),
      returned: false,
      status: order?.startsWith('refuse') ? 'REFUSED' : order ? 'ACCEPTED' : 'CONFIRMED',
      passing: order === 'refuse-passing',
      action: order === 'action',
    };
    transfers.set(made.key, made);
    return made;
  }

  const plain = (stored: Stored) => JSON.stringify({ ...stored, minor: String(stored.minor) });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://simulator');
    if (request.method === 'GET' && url.pathname === '/transfers') {
      response.end(`[${[...transfers.values()].map(plain).join()}]`);
      return;
    }
    if (request.method === 'GET') {
      calls.lookup++;
      const key = url.pathname.slice(1);
      if (simulator.mute) return void response.writeHead(500).end();
      const found = simulator.forgotten.has(key) ? null : transfers.get(key);
      if (found) response.end(plain(found));
      else response.writeHead(404).end();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    calls.send++;
    const fault = simulator.fault();
    if (fault.endsWith('-after') || fault === 'slow' || fault === 'none') pay(body);
    switch (fault) {
      case 'timeout-before':
      case 'timeout-after':
        return; // and never an answer
      case 'reset-before':
      case 'reset-after':
        return void request.socket.destroy();
      case '500-before':
      case '500-after':
        return void response.writeHead(500).end('<html>oops</html>');
      case '503-before':
        return void response.writeHead(503, { 'retry-after': '0.1' }).end();
      case '429':
        return void response.writeHead(429, { 'retry-after': '0.1' }).end();
      case 'garbage-after':
        return void response.end('{"status":"CONFIRMED","amount":-1');
      case 'slow': {
        const timer = setTimeout(() => response.end(plain(transfers.get(body.key) as Stored)), 80);
        later.add(timer);
        return;
      }
      case 'none':
        response.end(plain(transfers.get(body.key) as Stored));
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const moved = () =>
    [...transfers.values()].filter(({ status }) => status === 'CONFIRMED' || status === 'RETURNED');
  const simulator: GenericSimulator = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => 'none' as Fault,
    orders: new Map(),
    calls,
    mute: false,
    forgotten: new Set(),
    ledger: moved,
    twice() {
      const standing = moved().filter(({ returned }) => !returned);
      return [...Map.groupBy(standing, ({ payoutId }) => payoutId)].flatMap(([id, all]) =>
        all.length > 1 ? [id] : [],
      );
    },
    decide(payoutId, status) {
      for (const stored of transfers.values())
        if (stored.payoutId === payoutId) Object.assign(stored, { status, returned: status === 'RETURNED' });
    },
    stray(minor) {
      const key = randomUUID().replaceAll('-', '');
      return pay({ key, payoutId: randomUUID(), minor: String(minor), currency: 'USD', destination: '' })
        .reference;
    },
    remove(payoutId) {
      for (const stored of transfers.values()) if (stored.payoutId === payoutId) transfers.delete(stored.key);
    },
    change(payoutId, minor) {
      for (const stored of transfers.values()) if (stored.payoutId === payoutId) stored.minor = minor;
    },
    keyOf(payoutId) {
      const found = [...transfers.values()].filter((stored) => stored.payoutId === payoutId);
      return found.at(-1)?.key ?? '';
    },
    async close() {
      for (const timer of later) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return simulator;
}

interface RailOptions {
  readonly keyLifetimeSeconds?: number | null;
  readonly settleSeconds?: number;
  readonly needsAccount?: boolean;
  readonly lists?: boolean;
}

/** The adapter of the simulator: what a vendor's adapter does, in few lines. */
export function simulatedRail(
  url: string,
  { keyLifetimeSeconds = 86_400, settleSeconds = 60, needsAccount = false, lists = true }: RailOptions = {},
): PayoutRail {
  async function call(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.status === 429 || response.status === 503)
      throw new RailBusy('not now', Number(response.headers.get('retry-after')));
    if (response.status >= 500) throw new Error(`the simulator answers ${response.status}`);
    return response;
  }
  function outcome({ status, reference, passing, action }: Stored): RailOutcome {
    switch (status) {
      case 'ACCEPTED':
        return { status, reference, ...(action && { actionRequired: 'Claim it in the mail that you got.' }) };
      case 'REFUSED':
        return { status, code: 'closed', reason: 'The account is closed: set another one.', passing };
      case 'RETURNED':
        return { status, reference, reason: 'The receiving bank returned the payment.' };
      case 'CONFIRMED':
        return { status, reference };
    }
  }
  return {
    name: 'stripe',
    keyLifetimeSeconds,
    settleSeconds,
    recheckSeconds: null,
    needsAccount,
    currencySupport: () => ({ step: 1n, minimum: 1n, maximum: null }),
    async send({ key, payoutId, amount, destination }: PayoutInstruction) {
      const body = JSON.stringify({
        ...{ key, payoutId, minor: String(amount.minor), currency: amount.currency },
        destination: destination?.details['stripeAccount'] ?? '',
      });
      return outcome((await (await call('/', { method: 'POST', body })).json()) as Stored);
    },
    async lookup({ key }) {
      const response = await call(`/${key}`);
      return response.status === 404 ? null : outcome((await response.json()) as Stored);
    },
    list: lists
      ? async function* (from, to) {
          for (const stored of (await (await call('/transfers')).json()) as Stored[]) {
            const at = new Date(stored.at);
            if (at < from || at >= to) continue;
            const { key, reference, status, minor, currency } = stored;
            yield { key, reference, status, at, amount: money(BigInt(minor), currency) };
          }
        }
      : null,
    async verifyEvent({ headers, body }) {
      const given = Buffer.from(String(headers['x-signature'] ?? ''));
      const right = Buffer.from(signed(body));
      if (given.length !== right.length || !timingSafeEqual(given, right))
        throw unauthenticated('the signature does not fit');
      const event = JSON.parse(body.toString());
      if (event.type === 'balance.available') return null;
      return { id: event.id, type: event.type, key: event.key ?? null, reference: event.reference ?? null };
    },
  };
}

export const signed = (body: Buffer | string): string =>
  createHmac('sha256', SECRET).update(body).digest('hex');
