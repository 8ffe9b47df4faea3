import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inWords } from '../../src/adapters/stripe/requirements.ts';
import { stripePayees } from '../../src/adapters/stripe/stripe-payees.ts';
import { stripeRail } from '../../src/adapters/stripe/stripe-rail.ts';
import { money } from '../../src/domain/money.ts';
import {
  type PayoutInstruction,
  type PayoutRail,
  RailBusy,
  type RailTransfer,
} from '../../src/ports/payout-rail.ts';
import { type Fault, seeded, seededFaults } from '../support/rail-faults.ts';
import { noContract } from '../support/stripe-contract.ts';
import { type StripeSimulator, stripeSimulator } from '../support/stripe-simulator.ts';
import { until } from '../support/until.ts';

const PATIENCE_MS = 25_000; // of a busy machine
const HOUR_MS = 3_600_000;

let stripe: StripeSimulator;
let rail: PayoutRail;
/** For what never answers. */
let impatient: PayoutRail;
beforeAll(async () => {
  stripe = await stripeSimulator({ held: true });
  const { secretKey, webhookSecrets, url: apiBase } = stripe;
  rail = stripeRail({ secretKey, webhookSecrets, apiBase }, { timeoutMs: PATIENCE_MS });
  impatient = stripeRail({ secretKey, webhookSecrets, apiBase }, { timeoutMs: 500 });
});
afterAll(() => stripe.close());
beforeEach(() => {
  Object.assign(stripe, { fault: () => 'none', readFault: () => 'none' });
  stripe.balances.clear();
});

function instruction(more: Partial<PayoutInstruction> & { account?: string } = {}): PayoutInstruction {
  const { account = 'acct_1032D82eZvKYlo2C', ...rest } = more;
  return {
    key: randomUUID().replaceAll('-', ''),
    payoutId: randomUUID(),
    ...{ tenantId: 'acme', partnerId: randomUUID(), runId: null, method: 'STRIPE' },
    amount: money(12_345n, 'USD'),
    destination: {
      ...{ accountId: randomUUID(), holderName: 'Nancy', country: 'US', currency: 'USD' },
      details: { stripeAccount: account },
    },
    ...{ firstSentAt: new Date(), resent: false, reference: null, metadata: {} },
    ...rest,
  };
}

async function books({ list }: PayoutRail, from: Date, to: Date): Promise<RailTransfer[]> {
  const listed: RailTransfer[] = [];
  for await (const transfer of list?.(from, to) ?? []) listed.push(transfer);
  return listed;
}
const movedFor = ({ key }: PayoutInstruction) => stripe.ledger().filter((one) => one.key === key);
const once =
  (fault: Fault): (() => Fault) =>
  () => {
    stripe.fault = () => 'none';
    return fault;
  };

describe('a transfer', () => {
  test('is created once for a key with amount, account and metadata', async () => {
    const asked = instruction();
    const first = await rail.send(asked);
    expect(first).toEqual({ status: 'CONFIRMED', reference: expect.stringMatching(/^tr_/) });
    expect(await rail.send(asked)).toEqual(first);
    expect(await rail.lookup(asked)).toEqual(first);
    expect(movedFor(asked)).toMatchObject([
      { minor: 12_345n, currency: 'USD', destination: 'acct_1032D82eZvKYlo2C', returned: false },
    ]);
    expect(stripe.calls.find(({ key }) => key === asked.key)?.body).toEqual({
      ...{ amount: '12345', currency: 'usd', destination: 'acct_1032D82eZvKYlo2C' },
      ...{ transfer_group: asked.payoutId, metadata: { payout_id: asked.payoutId, key: asked.key } },
    });
  });

  test('is created once with simultaneous requests', async () => {
    const asked = instruction();
    const said = await Promise.allSettled(Array.from({ length: 25 }, () => rail.send(asked)));
    expect(new Set(said.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(movedFor(asked)).toHaveLength(1);
  });

  test.each([
    ['JPY', 1_250n, '1250'],
    ['KWD', 1_850n, '1850'],
    ['ISK', 70n, '7000'],
    ['HUF', 12_300n, '12300'],
    ['MGA', 12_300n, '123'],
  ])('in %s uses the digits of Stripe', async (currency, minor, wire) => {
    const asked = instruction({ amount: money(minor, currency) });
    expect(await rail.send(asked)).toMatchObject({ status: 'CONFIRMED' });
    expect(stripe.calls.find(({ key }) => key === asked.key)?.body['amount']).toBe(wire);
    expect(movedFor(asked)).toMatchObject([{ minor, currency }]);
  });

  test.each([
    ['a fraction that Stripe does not carry', { amount: money(1_852n, 'KWD') }, 'amount_not_carried'],
    ['a currency that Stripe does not carry', { amount: money(1_852n, 'IQD') }, 'amount_not_carried'],
    ['nothing', { amount: money(0n, 'USD') }, 'amount_not_carried'],
    ['less than nothing', { amount: money(-100n, 'USD') }, 'amount_not_carried'],
    ['no account', { destination: null }, 'no_account'],
  ])('of %s is refused without a call to Stripe', async (_, more, code) => {
    const before = stripe.calls.length;
    expect(await rail.send(instruction(more))).toMatchObject({ status: 'REFUSED', code });
    expect(stripe.calls).toHaveLength(before);
  });

  test.each([
    ['to an account that is gone', 'acct_gone00001', 'resource_missing', 'Connect the Stripe account again'],
    [
      'to an account that is not set up',
      'acct_young0001',
      'insufficient_capabilities_for_transfer',
      'Finish its set-up',
    ],
  ])('%s is refused permanently, with advice for the partner', async (_, account, code, words) => {
    const said = await rail.send(instruction({ account }));
    expect(said).toMatchObject({ status: 'REFUSED', code, reason: expect.stringContaining(words) });
    expect(said).not.toHaveProperty('passing');
    expect(JSON.stringify(said)).not.toContain(account);
  });

  test('waits for funds when the balance is too low, and is sent with a new key', async () => {
    stripe.balances.set('usd', 100);
    const asked = instruction();
    const said = await rail.send(asked);
    expect(said).toMatchObject({ status: 'REFUSED', code: 'balance_insufficient', passing: true });
    expect(said).toMatchObject({ reason: expect.stringContaining('Awaiting funds') });
    stripe.balances.set('usd', 1_000_000);
    const again = { ...asked, key: randomUUID().replaceAll('-', '') };
    expect(await rail.send(again)).toMatchObject({ status: 'CONFIRMED' });
    expect(movedFor(asked)).toEqual([]);
  });

  test('counts as returned after a full reversal, and as paid for the rest after a partial one', async () => {
    const [whole, part] = [instruction(), instruction()];
    for (const asked of [whole, part]) await rail.send(asked);
    stripe.reverse(movedFor(whole)[0]?.reference as string);
    stripe.reverse(movedFor(part)[0]?.reference as string, 345);
    expect(await rail.lookup(whole)).toMatchObject({ status: 'RETURNED', reason: expect.any(String) });
    expect(await rail.lookup(part)).toMatchObject({ status: 'CONFIRMED' });
    const listed = await books(rail, new Date(0), new Date(Date.now() + 5_000));
    expect(listed.find(({ key }) => key === whole.key)).toMatchObject({
      ...{ status: 'RETURNED', amount: money(12_345n, 'USD') },
    });
    expect(listed.find(({ key }) => key === part.key)).toMatchObject({
      ...{ status: 'CONFIRMED', amount: money(12_000n, 'USD') },
    });
  });

  test('ignores transfers of another payout, key or time', async () => {
    const asked = instruction();
    expect(await rail.lookup(asked)).toBeNull();
    await rail.send(asked);
    expect(await rail.lookup(instruction())).toBeNull();
    const later = new Date(Date.now() + 10_000);
    expect(await books(rail, later, new Date(later.getTime() + HOUR_MS))).toEqual([]);
  });

  test('does not treat a transfer under another key as missing, so no second one is sent', async () => {
    const first = instruction();
    await rail.send(first);
    const second = { ...first, key: randomUUID().replaceAll('-', '') };
    await expect(rail.lookup(second)).rejects.toThrow('a transfer of the payout with another key');
    stripe.reverse(movedFor(first)[0]?.reference as string);
    expect(await rail.lookup(second)).toBeNull();
    await rail.send(second);
    expect(await rail.lookup(second)).toMatchObject({ status: 'CONFIRMED' });
  });
});

describe('the list of transfers', () => {
  test('is read over all pages', async () => {
    const ours = await stripeSimulator();
    const { secretKey, webhookSecrets, url: apiBase } = ours;
    const another = stripeRail({ secretKey, webhookSecrets, apiBase }, { timeoutMs: PATIENCE_MS });
    const asked = Array.from({ length: 230 }, (_, at) =>
      instruction({ amount: money(BigInt(at + 1), 'JPY') }),
    );
    for (let at = 0; at < asked.length; at += 23)
      await Promise.all(asked.slice(at, at + 23).map((one) => another.send(one)));
    const listed = await books(another, new Date(0), new Date(Date.now() + 5_000));
    expect(new Set(listed.map(({ key }) => key))).toEqual(new Set(asked.map(({ key }) => key)));
    expect(listed).toHaveLength(230);
    expect(listed.reduce((sum, { amount }) => sum + amount.minor, 0n)).toBe((230n * 231n) / 2n);
    await ours.close();
  });
});

describe('an unknown outcome', () => {
  test.each([
    ['timeout-before', 0],
    ['timeout-after', 1],
    ['500-after', 1],
    ['503-before', 0],
    ['garbage-after', 1],
  ] as const)('after %s is thrown, and the lookup finds %i', async (fault, count) => {
    const asked = instruction();
    stripe.fault = once(fault);
    const sender = fault.startsWith('timeout') ? impatient : rail;
    await expect(sender.send(asked)).rejects.toMatchObject({ name: 'StripeUnknown' });
    if (count) expect(await until(() => rail.lookup(asked))).toMatchObject({ status: 'CONFIRMED' });
    else expect(await rail.lookup(asked)).toBeNull();
    if (!count) expect(await rail.send(asked)).toMatchObject({ status: 'CONFIRMED' });
    expect(movedFor(asked)).toHaveLength(1);
  });

  test.each(['reset-before', 'reset-after'] as const)(
    'after %s is retried once with the same key, and a second failure is thrown',
    async (fault) => {
      const asked = instruction();
      stripe.fault = () => fault;
      await expect(rail.send(asked)).rejects.toMatchObject({ name: 'StripeUnknown' });
      stripe.fault = () => 'none';
      expect(await rail.send(asked)).toMatchObject({ status: 'CONFIRMED' });
      expect(movedFor(asked)).toHaveLength(1);
    },
  );

  test('of a failure stored under the key is looked up, and becomes final after the settling time', async () => {
    const asked = instruction();
    stripe.fault = once('500-before');
    await expect(rail.send(asked)).rejects.toMatchObject({ name: 'StripeUnknown' });
    await expect(rail.send(asked)).rejects.toMatchObject({ name: 'StripeUnknown' }); // too early to tell
    const old = { ...asked, firstSentAt: new Date(Date.now() - rail.settleSeconds * 1_000) };
    expect(await rail.send(old)).toMatchObject({ status: 'REFUSED', code: 'kept_failure', passing: true });
    const fresh = { ...old, key: randomUUID().replaceAll('-', '') };
    expect(await rail.send(fresh)).toMatchObject({ status: 'CONFIRMED' });
    expect([movedFor(asked), movedFor(fresh)].map(({ length }) => length)).toEqual([0, 1]);
  });

  test('of a stored failure after the transfer is the transfer', async () => {
    const asked = instruction();
    stripe.fault = once('500-after');
    await expect(rail.send(asked)).rejects.toMatchObject({ name: 'StripeUnknown' });
    expect(await rail.send(asked)).toMatchObject({ status: 'CONFIRMED' });
    expect(movedFor(asked)).toHaveLength(1);
  });

  test('of a key used for another request is not a refusal', async () => {
    const asked = instruction();
    await rail.send(asked);
    await expect(rail.send({ ...asked, amount: money(1n, 'USD') })).rejects.toMatchObject({
      ...{ name: 'StripeUnknown', message: expect.stringContaining('StripeIdempotencyError') },
    });
  });

  test('ends with the key, which Stripe forgets after a day; the rail stops an hour before', async () => {
    expect(rail.keyLifetimeSeconds).toBe(23 * 3_600);
    const asked = instruction();
    await rail.send(asked);
    stripe.forgetKeys();
    expect(await rail.lookup({ ...asked, firstSentAt: new Date(Date.now() - 25 * HOUR_MS) })).toMatchObject({
      status: 'CONFIRMED',
    });
  });

  test.each([
    ['another amount', { amount: 12_346 }],
    ['an amount as text', { amount: '12345' }],
    ['a hundredth of it', { amount: 123.45 }],
    ['another currency', { currency: 'eur' }],
    ['another account', { destination: 'acct_somebody0else' }],
    ['no account', { destination: null }],
    ['another payout', { transfer_group: randomUUID() }],
    ['another key', { metadata: {} }],
    ['another mode', { livemode: true }],
    ['another kind of thing', { object: 'payout' }],
    ['an id that is none', { id: '../../etc' }],
    ['more reversed than sent', { amount_reversed: 99_999 }],
    ['less than nothing reversed', { amount_reversed: -1 }],
    ['a reversal that is not whole', { reversed: true }],
  ])('includes %s, in the answer and in the lookup', async (_, lie) => {
    const asked = instruction();
    stripe.garbage = (transfer) => JSON.stringify({ ...transfer, ...lie });
    stripe.fault = once('garbage-after');
    await expect(rail.send(asked)).rejects.toMatchObject({
      ...{ name: 'StripeUnknown', message: expect.stringContaining('a transfer that differs in') },
    });
    if (!('transfer_group' in lie || 'metadata' in lie)) {
      stripe.bend = (answer) => ({
        ...answer,
        data: (answer as { data: object[] }).data.map((transfer) => ({ ...transfer, ...lie })),
      });
      await expect(rail.lookup(asked)).rejects.toMatchObject({ name: 'StripeUnknown' });
    }
    stripe.bend = (answer) => answer;
    expect(await rail.lookup(asked)).toMatchObject({ status: 'CONFIRMED' });
  });

  test.each([
    ['HTML', '<html>504</html>'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['half of it', '{"id":"tr_1","object":"trans'],
    ['five megabytes', JSON.stringify({ object: 'transfer', padding: 'x'.repeat(5_000_000) })],
    ['an error of an unknown kind', '{"error":{"type":"surprise","message":"?"}}'],
    ['an error as text', '{"error":"surprise"}'],
  ])('includes %s in place of an answer', async (_, text) => {
    const asked = instruction();
    stripe.garbage = () => text;
    stripe.fault = once('garbage-after');
    await expect(rail.send(asked)).rejects.toMatchObject({ name: 'StripeUnknown' });
    stripe.readFault = () => 'garbage-after';
    await expect(rail.lookup(asked)).rejects.toMatchObject({ name: 'StripeUnknown' });
    stripe.readFault = () => 'none';
    expect(await rail.lookup(asked)).toMatchObject({ status: 'CONFIRMED' });
  });

  test('is reported without a key, an account or an address', async () => {
    const asked = instruction({ account: 'acct_MARKED1032D82eZv' });
    for (const fault of ['timeout-after', '500-after', 'garbage-after', 'reset-after', '429'] as const) {
      stripe.fault = () => fault;
      const error = await impatient.send(asked).catch((thrown: unknown) => thrown);
      const all = JSON.stringify([error, (error as Error).stack, Object.getOwnPropertyDescriptors(error)]);
      expect(all).toContain('Stripe');
      expect(all).not.toMatch(/MARKED|sk_test|127\.0\.0\.1/);
    }
  });
});

describe('a rate limit of Stripe', () => {
  test('with 429 contains the time to wait, for sending and lookup, and counts as not sent', async () => {
    const asked = instruction();
    stripe.fault = once('429');
    stripe.readFault = () => '429';
    for (const ask of [rail.send, rail.lookup]) {
      const error = await ask(asked).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RailBusy);
      expect(error).toMatchObject({ retryAfterSeconds: 2 });
    }
    stripe.readFault = () => 'none';
    expect(await rail.lookup(asked)).toBeNull();
  });

  test('lets payouts wait when Stripe refuses our key', async () => {
    const { webhookSecrets, url: apiBase } = stripe;
    const locked = stripeRail({ secretKey: 'sk_test_of_somebody_else', webhookSecrets, apiBase });
    await expect(locked.send(instruction())).rejects.toBeInstanceOf(RailBusy);
    await expect(locked.lookup(instruction())).rejects.toBeInstanceOf(RailBusy);
  });
});

test('pays two hundred payouts once each through every fault', { timeout: 120_000 }, async () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
  const kinds: readonly Fault[] = [
    ...([
      'timeout-before',
      'timeout-after',
      'reset-before',
      'reset-after',
      '500-before',
      '500-after',
    ] as const),
    ...(['503-before', '429', 'garbage-after', 'slow'] as const),
  ];
  const random = seeded(seed);
  const ours = await stripeSimulator();
  const { secretKey, webhookSecrets, url: apiBase } = ours;
  const quick = stripeRail({ secretKey, webhookSecrets, apiBase }, { timeoutMs: 1_500 });
  ours.fault = seededFaults(seed, 0.4, kinds);
  ours.readFault = seededFaults(seed + 1, 0.2, ['429', '503-before', 'reset-before']);

  /** As the core does: look up what may have been sent, send what was not, a new key only after a refusal. */
  async function pay(asked: PayoutInstruction): Promise<void> {
    let current = asked;
    let fresh = true;
    for (let tries = 0; tries < 60; tries++) {
      try {
        const known = fresh ? null : await quick.lookup(current);
        fresh = false;
        const said = known ?? (await quick.send(current));
        if (said.status === 'CONFIRMED') return;
        if (said.status === 'REFUSED') {
          current = { ...current, key: randomUUID().replaceAll('-', '') };
          fresh = true;
        }
      } catch {
        fresh = false;
      }
    }
    throw new Error(`seed ${seed}: not paid after 60 tries`);
  }
  const asked = Array.from({ length: 200 }, () =>
    instruction({
      amount: money(BigInt(1 + Math.floor(random() * 100_000)), 'USD'),
      firstSentAt: new Date(Date.now() - HOUR_MS), // a kept failure is settled
    }),
  );
  const waiting = asked.values(); // sixteen at a time
  const payAll = async () => {
    for (const one of waiting) await pay(one);
  };
  await Promise.all(Array.from({ length: 16 }, payAll));
  const sum = (list: readonly { readonly minor: bigint }[]) =>
    list.reduce((all, { minor }) => all + minor, 0n);
  expect({ seed, twice: ours.twice(), count: ours.ledger().length }).toEqual({ seed, twice: [], count: 200 });
  expect(sum(ours.ledger())).toBe(sum(asked.map(({ amount }) => amount)));
  expect(Object.keys(ours.injected).length).toBeGreaterThan(8);
  console.info(`stripe: seed ${seed}, 200 payouts, faults ${JSON.stringify(ours.injected)}, paid twice 0`);
  await ours.close();
});

describe('an event', () => {
  const event = (more: object = {}) => ({
    ...{ id: 'evt_1', object: 'event', type: 'transfer.reversed', livemode: false },
    data: { object: { id: 'tr_1', object: 'transfer', metadata: { key: 'a'.repeat(32) } } },
    ...more,
  });
  const told = { id: 'evt_1', type: 'transfer.reversed', key: 'a'.repeat(32), reference: 'tr_1' };
  const hear = (headers: Record<string, string | string[] | undefined>, body: Buffer) =>
    (rail.verifyEvent as NonNullable<PayoutRail['verifyEvent']>)({ headers, body });
  const header = (
    body: Buffer | string,
    secret: string,
    at = Math.floor(Date.now() / 1_000),
    scheme = 'v1',
  ) => `t=${at},${scheme}=${createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex')}`;

  test('is accepted from our account and from a connected one, each with its secret', async () => {
    for (const secret of stripe.webhookSecrets) {
      const { headers, body } = stripe.signed(event(), secret);
      expect(await hear(headers, body)).toEqual(told);
    }
  });

  test('is accepted with an old secret while it is configured, also beside the new one in one header', async () => {
    const [old] = stripe.webhookSecrets;
    const body = Buffer.from(JSON.stringify(event()));
    const at = Math.floor(Date.now() / 1_000);
    const mac = (secret: string) => header(body, secret, at).split(',')[1];
    expect(await hear({ 'stripe-signature': `t=${at},${mac('whsec_not_ours')},${mac(old)}` }, body)).toEqual(
      told,
    );
    const { secretKey, url: apiBase } = stripe;
    const rotated = stripeRail({ secretKey, apiBase, webhookSecrets: ['whsec_newnewnew0123456'] });
    await expect(
      rotated.verifyEvent?.({ headers: { 'stripe-signature': header(body, old) }, body }),
    ).rejects.toThrow();
  });

  const body = Buffer.from(JSON.stringify(event()));
  const now = () => Math.floor(Date.now() / 1_000);
  const secret = () => stripe.webhookSecrets[0];
  test.each<[string, () => { headers: Record<string, string | string[] | undefined>; body: Buffer }]>([
    ['stripped of its signature', () => ({ headers: {}, body })],
    ['with an empty signature', () => ({ headers: { 'stripe-signature': '' }, body })],
    [
      'with the signature twice',
      () => ({ headers: { 'stripe-signature': Array(2).fill(header(body, secret())) }, body }),
    ],
    [
      'with a wrong signature',
      () => ({ headers: { 'stripe-signature': `t=${now()},v1=${'0'.repeat(64)}` }, body }),
    ],
    [
      'signed by another party',
      () => ({ headers: { 'stripe-signature': header(body, 'whsec_somebody_else') }, body }),
    ],
    [
      'with another body',
      () => ({
        headers: { 'stripe-signature': header(body, secret()) },
        body: Buffer.from(body.toString().replace('tr_1', 'tr_2')),
      }),
    ],
    [
      'serialised again',
      () => ({
        headers: { 'stripe-signature': header(body, secret()) },
        body: Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 2)),
      }),
    ],
    [
      'cut off',
      () => ({ headers: { 'stripe-signature': header(body, secret()) }, body: body.subarray(0, -1) }),
    ],
    [
      'without a body',
      () => ({ headers: { 'stripe-signature': header('', secret()) }, body: Buffer.alloc(0) }),
    ],
    [
      'with a mark before its body',
      () => ({
        headers: { 'stripe-signature': header(body, secret()) },
        body: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]),
      }),
    ],
    [
      'that is six minutes old',
      () => ({ headers: { 'stripe-signature': header(body, secret(), now() - 400) }, body }),
    ],
    [
      'of tomorrow',
      () => ({ headers: { 'stripe-signature': header(body, secret(), now() + 86_400) }, body }),
    ],
    [
      'of six minutes ahead',
      () => ({ headers: { 'stripe-signature': header(body, secret(), now() + 400) }, body }),
    ],
    [
      'with another time than the signed one',
      () => ({
        headers: { 'stripe-signature': header(body, secret(), now() - 10).replace(/t=\d+/, `t=${now()}`) },
        body,
      }),
    ],
    [
      'with two times',
      () => ({ headers: { 'stripe-signature': `t=${now() - 900},${header(body, secret())}` }, body }),
    ],
    [
      'with no time',
      () => ({ headers: { 'stripe-signature': header(body, secret()).replace(/t=\d+,/, '') }, body }),
    ],
    [
      'with an invalid time',
      () => ({ headers: { 'stripe-signature': header(body, secret()).replace(/t=\d+/, 't=soon') }, body }),
    ],
    [
      'signed by scheme v0',
      () => ({ headers: { 'stripe-signature': header(body, secret(), now(), 'v0') }, body }),
    ],
  ])('%s is refused, always with the same message', async (_, forged) => {
    const { headers, body: sent } = forged();
    await expect(hear(headers, sent)).rejects.toMatchObject({
      ...{ code: 'UNAUTHENTICATED', message: 'The signature of the event is not valid.' },
    });
  });

  test('that is replayed in time has the same id', async () => {
    const { headers, body: sent } = stripe.signed(event());
    expect(await hear(headers, sent)).toEqual(await hear(headers, sent));
  });

  test.each([
    ['a thin event', { id: 'evt_2', object: 'v2.core.event', type: 'v2.core.account.updated' }],
    [
      'a transfer of another system',
      event({ data: { object: { id: 'tr_2', object: 'transfer', metadata: {} } } }),
    ],
    ['a payout of our own', event({ type: 'payout.paid', data: { object: { object: 'payout' } } })],
    ['something else', event({ type: 'invoice.paid' })],
    ['no event', ['evt_1']],
    ['nothing', null],
  ])('that is %s names no payout', async (_, said) => {
    const { headers, body: sent } = stripe.signed(said as object);
    expect(await hear(headers, sent)).toBeNull();
  });

  test.each([
    ['account.updated', { object: { id: 'acct_1', object: 'account' } }],
    ['capability.updated', { object: { id: 'transfers', object: 'capability', account: 'acct_1' } }],
    ['payout.failed', { object: { id: 'po_1', object: 'payout' } }],
  ])('%s of a connected account names the account to look up', async (type, data) => {
    const { headers, body: sent } = stripe.signed(
      event({ type, data, account: 'acct_1' }),
      stripe.webhookSecrets[1],
    );
    expect(await hear(headers, sent)).toEqual({
      id: 'evt_1',
      type,
      key: null,
      reference: null,
      account: 'acct_1',
    });
  });

  test('is sent signed for every transfer, possibly twice and in any order', async () => {
    stripe.deliveries();
    const asked = instruction();
    await rail.send(asked);
    stripe.reverse(movedFor(asked)[0]?.reference as string);
    const heard = await Promise.all(
      stripe.deliveries(7).map(({ headers, body: sent }) => hear(headers, sent)),
    );
    expect(new Set(heard.map((one) => one?.key))).toEqual(new Set([asked.key]));
    expect(new Set(heard.map((one) => one?.id)).size).toBe(2);
  });

  test('is not accepted without a secret; the rail is polled instead', () => {
    const deaf = stripeRail({ secretKey: stripe.secretKey, webhookSecrets: [], apiBase: stripe.url });
    expect([deaf.verifyEvent, deaf.recheckSeconds]).toEqual([null, 3_600]);
    expect(rail.recheckSeconds).toBeNull();
  });
});

test('an account is opened once for a key, gets links, and has a status', async () => {
  const { secretKey, webhookSecrets, url: apiBase } = stripe;
  const payees = stripePayees({ secretKey, webhookSecrets, apiBase }, { timeoutMs: PATIENCE_MS });
  const [key, partnerId] = [randomUUID(), randomUUID()];
  const payee = { key, tenantId: 'acme', partnerId, country: 'KE', email: 'nancy@northwind.example' };
  const opened = await Promise.all([payees.open(payee), payees.open(payee)]);
  expect(new Set(opened).size).toBe(1);
  const [account] = opened;
  const back = { again: 'https://portal.example/again', done: 'https://portal.example/done' };
  const links = [await payees.link(account, back), await payees.link(account, back)];
  expect(new Set(links.map(({ url }) => url)).size).toBe(2);
  stripe.bankPayouts.set(account, { status: 'failed', failure_code: 'account_closed' });
  expect(await payees.state(account)).toMatchObject({
    ...{ tenantId: 'acme', partnerId, receives: false, paysOut: false },
    required: expect.arrayContaining([expect.stringContaining('The bank refused the last payout')]),
  });
  expect(await payees.state('acct_gone0001')).toBeNull();
});

test.each([
  [{ currently_due: [], past_due: [], disabled_reason: null }, []],
  [{}, []],
  [
    { currently_due: ['individual.dob.day', 'individual.dob.month', 'person_1x.first_name'] },
    ['Give Stripe your personal details.'],
  ],
  [
    { past_due: ['company.tax_id'], currently_due: ['company.owners_provided', 'company.tax_id'] },
    ['Give Stripe the details of the business.', 'Name the owners and directors to Stripe.'],
  ],
  [{ currently_due: ['something.new'] }, ["Stripe requires more details. Open Stripe's form to see them."]],
  [
    { disabled_reason: 'requirements.pending_verification' },
    ['Stripe is still reviewing the account. You do not need to do anything.'],
  ],
  [
    { disabled_reason: 'rejected.fraud', currently_due: ['external_account'] },
    ['Stripe rejected this account. Set up another payout method.'],
  ],
])('with the status %j shows the holder %j', (asked, said) => {
  expect(inWords(asked)).toEqual(said);
});

test.skipIf(noContract)(
  `every call and answer is one of Stripe’s own OpenAPI${noContract ? `: skipped, ${noContract}` : ''}`,
  () => {
    expect(stripe.contract.faults).toEqual([]);
    expect(stripe.contract.checked.requests).toBeGreaterThan(20);
    expect(stripe.contract.checked.responses).toBeGreaterThan(20);
  },
);
