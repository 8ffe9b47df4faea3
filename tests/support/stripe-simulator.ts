import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse } from 'qs';
import { fromStripe } from '../../src/domain/stripe-amount.ts';
import { type Fault, type Movement, type RailSimulator, seeded } from './rail-faults.ts';
import { stripeContract } from './stripe-contract.ts';

interface SimulatedTransfer {
  readonly id: string;
  readonly object: 'transfer';
  readonly amount: number;
  amount_reversed: number;
  readonly created: number;
  readonly currency: string;
  readonly destination: string;
  readonly livemode: boolean;
  readonly metadata: Record<string, string>;
  reversed: boolean;
  readonly transfer_group: string | null;
}

export interface SimulatedAccount {
  readonly id: string;
  readonly object: 'account';
  readonly type: string;
  readonly country: string;
  readonly metadata: Record<string, string>;
  readonly email: string | null;
  details_submitted: boolean;
  charges_enabled: boolean;
  payouts_enabled: boolean;
  capabilities: { transfers: 'active' | 'inactive' | 'pending' };
  requirements: { currently_due: string[]; past_due: string[]; disabled_reason: string | null };
}

interface Delivery {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export interface StripeSimulator extends RailSimulator {
  readonly secretKey: string;
  readonly webhookSecrets: readonly [platform: string, connect: string];
  /** Asked before each call that moves nothing: of the faults those count that go before. */
  readFault: () => Fault;
  /** What `garbage-after` answers in place of the transfer. */
  garbage: (transfer: SimulatedTransfer) => string;
  /** Changes what reads answer, after that was held against the contract. */
  bend: (answer: object) => object;
  /** Transfers by id, oldest first; `list` serves these. */
  readonly transfers: ReadonlyMap<string, SimulatedTransfer>;
  readonly accounts: Map<string, SimulatedAccount>;
  /** The latest payout of a connected account to its own bank. */
  readonly bankPayouts: Map<string, { status: 'paid' | 'failed'; failure_code: string | null }>;
  /** Our balance in Stripe's units; a currency that is not in it is without end. */
  readonly balances: Map<string, number>;
  /** Every request that came, in order. */
  readonly calls: { method: string; path: string; key: string | null; body: Record<string, unknown> }[];
  /** How often each fault happened. */
  readonly injected: Record<string, number>;
  /** What is wrong with requests or answers by Stripe's own OpenAPI, and how many were held against it. */
  readonly contract: { readonly faults: string[]; readonly checked: { requests: number; responses: number } };
  /** Takes back a transfer, or a part of it in Stripe's units. */
  reverse(transferId: string, amount?: number): void;
  /** Forgets the keys that were used before, as Stripe does after a day. */
  forgetKeys(): void;
  /** The signed events of all that happened since it was last asked; with a seed some come twice, and in any order. */
  deliveries(seed?: number): Delivery[];
  /** A signed event of the caller's own. */
  signed(event: object, secret?: string, at?: Date): Delivery;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, unknown>;
  readonly body: Record<string, unknown>;
  readonly account: string | null;
}

const refusal = (status: number, code: string | undefined, message: string, more: object = {}): Answer => ({
  status,
  body: { error: { type: 'invalid_request_error', ...(code && { code }), message, ...more } },
});
const FAILED: Answer = { status: 500, body: { error: { type: 'api_error', message: 'An error occurred.' } } };

/** Stripe, as far as transfers to connected accounts and their onboarding go. Accounts that nobody opened here are
 *  there and in order, but for those whose id begins with `acct_gone` (unknown), `acct_young` (no transfers yet). */
export async function stripeSimulator({
  secretKey = 'sk_test_SimulatedSimulatedSimulated',
  held = false,
}: {
  secretKey?: string;
  /** Against Stripe's own OpenAPI, where it is there: seconds of work, in which this process does nothing else. */
  held?: boolean;
} = {}): Promise<StripeSimulator> {
  const transfers = new Map<string, SimulatedTransfer>();
  const moved: { key: string; transfer: SimulatedTransfer }[] = [];
  const kept = new Map<string, { readonly of: string; answer: Answer | null }>();
  const hanging = new Set<ServerResponse>();
  const events: { event: object; connect: boolean }[] = [];
  const contract = held ? await stripeContract() : null;
  const live = /_live_/.test(secretKey);
  let counter = 0;
  const id = (prefix: string) => `${prefix}_${(++counter).toString(36).padStart(16, '0')}`;
  const seconds = () => Math.floor(Date.now() / 1_000);

  function tell(type: string, object: object, account?: string): void {
    const event = {
      ...{ id: id('evt'), object: 'event', type, created: seconds(), livemode: live },
      ...{ api_version: '2026-10-28.endive', pending_webhooks: 1, data: { object: { ...object } } },
      ...(account && { account }),
    };
    events.push({ event, connect: account !== undefined });
  }

  function accountOf(account: string): SimulatedAccount | null {
    if (account.startsWith('acct_gone')) return null;
    const young = account.startsWith('acct_young');
    const known: SimulatedAccount = simulator.accounts.get(account) ?? {
      ...{ id: account, object: 'account', type: 'express', country: 'US', metadata: {}, email: null },
      ...{ details_submitted: !young, charges_enabled: false, payouts_enabled: !young },
      capabilities: { transfers: young ? 'inactive' : 'active' },
      requirements: { currently_due: young ? ['external_account'] : [], past_due: [], disabled_reason: null },
    };
    return known;
  }

  function transfer(body: Record<string, unknown>, key: string): Answer {
    const account = accountOf(String(body['destination']));
    if (!account)
      return refusal(400, 'resource_missing', `No such destination: '${body['destination']}'`, {
        param: 'destination',
      });
    if (account.capabilities.transfers !== 'active')
      return refusal(
        400,
        'insufficient_capabilities_for_transfer',
        `Your destination account ${account.id} needs to have the transfers capability enabled.`,
      );
    const [amount, currency] = [Number(body['amount']), String(body['currency'])];
    const balance = simulator.balances.get(currency) ?? Number.POSITIVE_INFINITY;
    if (amount > balance)
      return refusal(400, 'balance_insufficient', 'You have insufficient available funds.');
    simulator.balances.set(currency, balance - amount);
    const made: SimulatedTransfer = {
      ...{ id: id('tr'), object: 'transfer', amount, amount_reversed: 0, created: seconds(), currency },
      ...{ destination: account.id, livemode: live, reversed: false },
      metadata: (body['metadata'] as Record<string, string> | undefined) ?? {},
      transfer_group: (body['transfer_group'] as string | undefined) ?? null,
    };
    transfers.set(made.id, made);
    moved.push({ key, transfer: made });
    tell('transfer.created', whole(made));
    return { status: 200, body: whole(made) };
  }

  function open(body: Record<string, unknown>): Answer {
    const account: SimulatedAccount = {
      ...{
        id: id('acct').replaceAll('_0', '_S'),
        object: 'account',
        type: String(body['type'] ?? 'express'),
      },
      country: String(body['country'] ?? 'US'),
      metadata: (body['metadata'] as Record<string, string> | undefined) ?? {},
      email: (body['email'] as string | undefined) ?? null,
      ...{ details_submitted: false, charges_enabled: false, payouts_enabled: false },
      capabilities: { transfers: 'inactive' },
      requirements: {
        currently_due: ['external_account', 'individual.verification.document', 'tos_acceptance.date'],
        past_due: [],
        disabled_reason: 'requirements.past_due',
      },
    };
    simulator.accounts.set(account.id, account);
    return { status: 200, body: account };
  }

  function listOf(query: Record<string, unknown>): Answer {
    const { transfer_group: group, starting_after: after } = query;
    const created = (query['created'] ?? {}) as Partial<Record<string, string>>;
    const from = Number(created['gte'] ?? 0);
    const to = Number(created['lt'] ?? Number.POSITIVE_INFINITY);
    const fit = [...transfers.values()]
      .reverse()
      .filter(
        (one) =>
          (group === undefined || one.transfer_group === group) && one.created >= from && one.created < to,
      );
    const start = after === undefined ? 0 : fit.findIndex((one) => one.id === after) + 1;
    const limit = Number(query['limit'] ?? 10);
    const data = fit.slice(start, start + limit).map(whole);
    return {
      status: 200,
      body: { object: 'list', url: '/v1/transfers', has_more: fit.length > start + limit, data },
    };
  }

  function read({ method, path, query, body, account }: Asked): Answer {
    const [, , what, which] = path.split('/');
    if (method === 'GET' && path === '/v1/transfers') return listOf(query);
    if (method === 'GET' && path === '/v1/account')
      return { status: 200, body: { id: 'acct_platform0000', object: 'account', country: 'US' } };
    if (method === 'GET' && what === 'accounts' && which) {
      const known = accountOf(which);
      return known
        ? { status: 200, body: known }
        : refusal(403, 'account_invalid', `The provided key does not have access to account '${which}'.`);
    }
    if (method === 'POST' && path === '/v1/account_links') {
      if (!accountOf(String(body['account']))) return refusal(400, 'resource_missing', 'No such account');
      const url = `https://connect.stripe.example/setup/e/${body['account']}/${id('once')}`;
      return {
        status: 200,
        body: { object: 'account_link', created: seconds(), expires_at: seconds() + 300, url },
      };
    }
    if (method === 'GET' && path === '/v1/payouts') {
      const latest = simulator.bankPayouts.get(account ?? '');
      const data = latest ? [bankPayout(latest)] : [];
      return { status: 200, body: { object: 'list', url: '/v1/payouts', has_more: false, data } };
    }
    return refusal(404, undefined, `Unrecognized request URL (${method}: ${path}).`);
  }

  /** As Stripe does: a key's first answer is kept once the work began, 500s too; what is wrong with the request is not. */
  function keyed(key: string | null, of: string, work: () => Answer): Answer & { replayed?: boolean } {
    if (key === null) return work();
    const known = kept.get(key);
    if (known && known.of !== of)
      return {
        status: 400,
        body: {
          error: {
            type: 'idempotency_error',
            message: 'Keys for idempotent requests can only be used with the same parameters.',
          },
        },
      };
    if (known?.answer) return { ...known.answer, replayed: true };
    const answer = work();
    kept.set(key, { of, answer });
    return answer;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname: path, search } = new URL(request.url ?? '/', 'http://stripe');
    const method = request.method ?? 'GET';
    const body = parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    const header = (name: string) => (request.headers[name] as string | undefined) ?? null;
    const key = header('idempotency-key');
    const asked: Asked = {
      method,
      path,
      query: parse(search.slice(1)),
      body,
      account: header('stripe-account'),
    };
    simulator.calls.push({ method, path, key, body });

    const reply = ({ status, body: said, replayed }: Answer & { replayed?: boolean }, more = {}) => {
      const fault = contract?.response(method, path, status, said);
      if (fault) simulator.contract.faults.push(`answer of ${method} ${path}: ${fault}`);
      response.writeHead(status, {
        ...{ 'content-type': 'application/json', 'request-id': id('req') },
        ...(replayed && { 'idempotent-replayed': 'true' }),
        ...more,
      });
      response.end(JSON.stringify(method === 'GET' ? simulator.bend(said) : said));
    };
    if (header('authorization') !== `Bearer ${secretKey}`)
      return reply(refusal(401, undefined, 'Invalid API Key provided.'));
    const moves = method === 'POST' && path === '/v1/transfers';
    const fault = moves ? simulator.fault() : simulator.readFault();
    if (fault !== 'none') simulator.injected[fault] = (simulator.injected[fault] ?? 0) + 1;
    switch (fault) {
      case 'timeout-before':
        return void hanging.add(response);
      case 'reset-before':
        return void request.socket.destroy();
      case '503-before':
        return reply({
          status: 503,
          body: { error: { type: 'api_error', message: 'Stripe is temporarily unavailable.' } },
        });
      case '429':
        return reply(refusal(429, 'rate_limit', 'Too many requests.'), { 'retry-after': '2' });
    }
    const wrong = contract?.request(method, path, search.slice(1), method === 'POST' ? body : null);
    if (wrong) {
      simulator.contract.faults.push(`request of ${method} ${path}: ${wrong}`);
      return reply(refusal(400, 'parameter_invalid', 'Invalid request.'));
    }
    const work = () =>
      fault === '500-before'
        ? FAILED
        : moves
          ? transfer(body, key ?? '')
          : method === 'POST' && path === '/v1/accounts'
            ? open(body)
            : read(asked);
    const answer = method === 'POST' ? keyed(key, `${path} ${JSON.stringify(body)}`, work) : work();
    switch (fault) {
      case 'timeout-after':
        return void hanging.add(response);
      case 'reset-after':
        return void request.socket.destroy();
      case '500-after':
        if (key !== null && answer.status === 200)
          kept.set(key, { of: `${path} ${JSON.stringify(body)}`, answer: FAILED });
        return reply(answer.status === 200 ? FAILED : answer);
      case 'garbage-after':
        response.writeHead(200, { 'content-type': 'application/json' });
        return void response.end(
          answer.status === 200 && moves
            ? simulator.garbage(answer.body as SimulatedTransfer)
            : '<html>Bad gateway</html>',
        );
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    reply(answer);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const sign = (text: string, secret: string, at: number) =>
    `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${text}`).digest('hex')}`;
  const simulator: StripeSimulator = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secretKey,
    webhookSecrets: ['whsec_platform5f0a91c7d2e8', 'whsec_connect7b3e64a0f9c1'],
    fault: () => 'none',
    readFault: () => 'none',
    bend: (answer) => answer,
    garbage: () => '<html>Bad gateway</html>',
    transfers,
    accounts: new Map(),
    bankPayouts: new Map(),
    balances: new Map(),
    calls: [],
    injected: {},
    contract: { faults: [], checked: contract?.checked ?? { requests: 0, responses: 0 } },
    ledger: () =>
      moved.map(({ key, transfer: one }): Movement => {
        const { minor, currency } = fromStripe(one.amount, one.currency.toUpperCase());
        return {
          ...{ key, reference: one.id, minor, currency, destination: one.destination },
          ...{ at: new Date(one.created * 1_000), returned: one.reversed },
        };
      }),
    twice() {
      const counts = new Map<string, number>();
      const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
      for (const { key, transfer: one } of moved) {
        count(key);
        if (!one.reversed && one.transfer_group !== null) count(one.transfer_group);
      }
      return [...counts].flatMap(([name, times]) => (times > 1 ? [name] : []));
    },
    reverse(transferId, amount) {
      const one = transfers.get(transferId);
      if (!one) throw new Error(`no transfer ${transferId}`);
      one.amount_reversed = Math.min(one.amount, one.amount_reversed + (amount ?? one.amount));
      one.reversed = one.amount_reversed === one.amount;
      tell('transfer.reversed', whole(one));
    },
    forgetKeys: () => kept.clear(),
    signed(event, secret = simulator.webhookSecrets[0], at = new Date()) {
      const text = JSON.stringify(event);
      const header = sign(text, secret, Math.floor(at.getTime() / 1_000));
      return { headers: { 'stripe-signature': header }, body: Buffer.from(text) };
    },
    deliveries(seed) {
      const signed = events
        .splice(0)
        .map(({ event, connect }) => simulator.signed(event, simulator.webhookSecrets[connect ? 1 : 0]));
      if (seed === undefined) return signed;
      const random = seeded(seed);
      const often = signed.flatMap((one) => (random() < 0.3 ? [one, one] : [one]));
      return often
        .map((one) => ({ one, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ one }) => one);
    },
    async close() {
      for (const response of hanging) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return simulator;
}

/** With what Stripe sends along and we do not look at. */
function whole(transfer: SimulatedTransfer): SimulatedTransfer {
  const url = `/v1/transfers/${transfer.id}/reversals`;
  return {
    ...transfer,
    ...{ balance_transaction: `txn_${transfer.id.slice(3)}`, description: null, source_transaction: null },
    ...{ destination_payment: `py_${transfer.id.slice(3)}`, source_type: 'card' },
    reversals: { object: 'list', data: [], has_more: false, total_count: 0, url },
  } as SimulatedTransfer;
}

const bankPayout = ({ status, failure_code }: { status: string; failure_code: string | null }) => ({
  ...{ id: 'po_0000000000000001', object: 'payout', amount: 1_000, currency: 'usd', status, failure_code },
  ...{ arrival_date: 1_790_000_000, created: 1_790_000_000, automatic: true, livemode: false, metadata: {} },
  ...{ balance_transaction: null, description: null, destination: null, failure_balance_transaction: null },
  ...{ failure_message: null, method: 'standard', original_payout: null, reversed_by: null },
  ...{
    source_type: 'card',
    statement_descriptor: null,
    type: 'bank_account',
    reconciliation_status: 'completed',
  },
});
