import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Razorpay from 'razorpay';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { razorpayEnrolment } from '../../src/adapters/razorpay/razorpay-enrolment.ts';
import { type RazorpayOptions, razorpayRail } from '../../src/adapters/razorpay/razorpay-rail.ts';
import { PayeeRefused } from '../../src/ports/payee-enrolment.ts';
import { RailBusy, type RailTransfer } from '../../src/ports/payout-rail.ts';
import { hear, inLanes, instructionOf, isBusy, sendUntilKnown } from '../support/rail-driver.ts';
import { type Fault, seededFaults } from '../support/rail-faults.ts';
import { asTheyArrive, deliver } from '../support/rail-server.ts';
import {
  type RazorpaySimulator,
  type RazorpayStatus,
  signedByRazorpay,
  startRazorpay,
} from '../support/razorpay-simulator.ts';

let bank: RazorpaySimulator;
beforeAll(async () => {
  bank = await startRazorpay();
});
afterAll(() => bank.close());
beforeEach(() => {
  bank.fault = () => 'none';
  bank.now = () => new Date();
  bank.begin = { status: 'processing' };
  bank.server.mangle = null;
  bank.server.asked.length = 0;
});

const railOf = (more: Partial<RazorpayOptions> = {}) =>
  razorpayRail({
    ...{
      keyId: bank.access.keyId,
      keySecret: bank.access.keySecret,
      accountNumber: bank.access.accountNumber,
    },
    ...{ baseUrl: bank.url, webhookSecrets: [bank.access.webhookSecret], timeoutMs: 5_000 },
    ...more,
  });
const rupees = (minor: bigint, fundAccount = bank.fundAccount()) =>
  instructionOf('RAZORPAY', minor, 'INR', { razorpayFundAccount: fundAccount });
const moved = (key: string) => bank.ledger().filter((movement) => movement.key === key);

describe('a payout by RazorpayX', () => {
  test('is sent with our key as documented, and is paid when the bank has it', async () => {
    const rail = railOf({ narration: 'Übernahme: Müller & Söhne, 2026/11 #42' });
    const instruction = rupees(1_234_500n);
    const sent = await rail.send(instruction);
    expect(sent).toEqual({ status: 'ACCEPTED', reference: expect.stringMatching(/^pout_/) });
    const order = bank.server.asked.find(({ path, method }) => method === 'POST' && path === '/v1/payouts');
    expect(order?.headers['x-payout-idempotency']).toBe(instruction.key);
    expect(JSON.parse(order?.text as string)).toEqual({
      account_number: bank.access.accountNumber,
      fund_account_id: instruction.destination?.details['razorpayFundAccount'],
      ...{ amount: 1_234_500, currency: 'INR', mode: 'IMPS', purpose: 'payout', queue_if_low_balance: true },
      ...{ reference_id: instruction.key, narration: 'Ubernahme Muller  Sohne 202611', notes: {} },
    });
    const reference = (sent as { reference: string }).reference;
    bank.move(instruction.key, 'processed');
    expect(await rail.lookup({ ...instruction, reference })).toEqual({ status: 'CONFIRMED', reference });
    expect(await rail.lookup(instruction)).toEqual({ status: 'CONFIRMED', reference });
  });

  test.each<[string, 'bank_account' | 'vpa', bigint, string]>([
    ['up to five lakh at once', 'bank_account', 50_000_000n, 'IMPS'],
    ['above it on the same day', 'bank_account', 50_000_001n, 'RTGS'],
    ['to a UPI address', 'vpa', 10_000_000n, 'UPI'],
  ])('is sent %s', async (_, kind, minor, mode) => {
    expect(await railOf().send(rupees(minor, bank.fundAccount(kind)))).toMatchObject({ status: 'ACCEPTED' });
    const [order] = bank.server.asked.filter(({ method }) => method === 'POST');
    expect(JSON.parse(order?.text as string).mode).toBe(mode);
  });

  test('is sent by NEFT between the configured limits', async () => {
    const rail = railOf({ limits: { impsMaximum: 100_000n, rtgsMinimum: 300_000n } });
    await rail.send(rupees(200_000n));
    const [order] = bank.server.asked.filter(({ method }) => method === 'POST');
    expect(JSON.parse(order?.text as string).mode).toBe('NEFT');
  });

  test('is not sent above the limit of UPI, with advice', async () => {
    const instruction = rupees(10_000_001n, bank.fundAccount('vpa'));
    expect(await railOf().send(instruction)).toMatchObject({
      status: 'REFUSED',
      reason: expect.stringContaining('Set a bank account'),
    });
    expect(moved(instruction.key)).toEqual([]);
  });

  test('supports only rupees, from one rupee on', async () => {
    const rail = railOf();
    expect(rail.currencySupport('INR')).toEqual({ step: 1n, minimum: 100n, maximum: null });
    expect(rail.currencySupport('USD')).toBeNull();
    await expect(rail.send(rupees(99n))).rejects.toThrow('only rupees, at least one');
  });

  test.each<[RazorpayStatus[], string, object]>([
    [
      ['pending'],
      'pending_approval',
      { status: 'ACCEPTED', actionRequired: expect.stringContaining('release') },
    ],
    [['queued'], 'low_balance', { status: 'ACCEPTED', actionRequired: expect.stringContaining('balance') }],
    [['scheduled'], '', { status: 'ACCEPTED' }],
    [['processing'], 'beneficiary_bank_confirmation_pending', { status: 'ACCEPTED' }],
    [['processing', 'processed'], 'payout_processed', { status: 'CONFIRMED' }],
    [['processing', 'failed'], 'beneficiary_bank_offline', { status: 'REFUSED', passing: true }],
    [['processing', 'failed'], 'gateway_timeout', { status: 'REFUSED', passing: true }],
    [
      ['processing', 'failed'],
      'invalid_ifsc_code',
      { status: 'REFUSED', reason: expect.stringContaining('Set the account again with the IFSC') },
    ],
    [['processing', 'failed'], 'constructor', { status: 'REFUSED', code: 'constructor' }],
    [['pending', 'rejected'], '', { status: 'REFUSED', code: 'rejected' }],
    [['queued', 'cancelled'], '', { status: 'REFUSED', code: 'cancelled' }],
    [
      ['processing', 'processed', 'reversed'],
      'bank_account_closed',
      { status: 'RETURNED', reason: 'The payment was returned. The account is closed. Set another account.' },
    ],
    [['processing', 'failed', 'reversed'], 'beneficiary_bank_offline', { status: 'RETURNED' }],
  ])('with the status %j (%s) has the right outcome', async ([first, ...rest], reason, outcome) => {
    const rail = railOf();
    const instruction = rupees(500n);
    bank.begin = { status: first as RazorpayStatus, reason };
    await rail.send(instruction);
    for (const status of rest) bank.move(instruction.key, status, reason);
    const heard = await rail.lookup(instruction);
    expect(heard).toMatchObject(outcome);
    expect('passing' in (heard as object)).toBe('passing' in outcome);
    expect('actionRequired' in (heard as object)).toBe('actionRequired' in outcome);
  });

  test('is refused for a deleted fund account, with advice', async () => {
    const instruction = rupees(500n, 'fa_doesnotexist00');
    expect(await railOf().send(instruction)).toMatchObject({
      status: 'REFUSED',
      reason: expect.stringContaining('set the account again'),
    });
  });
});

describe('a payout with an answer without proof', () => {
  test.each<[Fault, number]>([
    ['timeout-before', 0],
    ['timeout-after', 1],
    ['reset-before', 0],
    ['reset-after', 1],
    ['500-before', 0],
    ['500-after', 1],
    ['503-before', 0],
    ['garbage-after', 1],
  ])('(%s) is unknown, is looked up, and is sent again under the same key only', async (fault, times) => {
    const rail = railOf();
    const instruction = rupees(700n);
    bank.fault = () => fault;
    const heard = await hear(railOf({ timeoutMs: 600 }).send(instruction));
    expect(heard.status).toBe('UNKNOWN');
    expect(isBusy(heard)).toBe(false);
    expect(moved(instruction.key)).toHaveLength(times);
    bank.fault = () => 'none';
    expect(await rail.lookup(instruction)).toEqual(
      times ? { status: 'ACCEPTED', reference: moved(instruction.key)[0]?.reference } : null,
    );
    expect(await rail.send(instruction)).toMatchObject({ status: 'ACCEPTED' });
    expect(moved(instruction.key)).toHaveLength(1);
  });

  test('waits for the time that Razorpay requests, and counts as not sent', async () => {
    const instruction = rupees(700n);
    bank.fault = () => '429';
    await expect(railOf().send(instruction)).rejects.toMatchObject({ retryAfterSeconds: 2 });
    await expect(railOf().send(instruction)).rejects.toBeInstanceOf(RailBusy);
    expect(moved(instruction.key)).toEqual([]);
  });

  test('counts a payout as not sent when the connection or the key is refused', async () => {
    const gone = await startRazorpay();
    await gone.close();
    await expect(railOf({ baseUrl: gone.url }).send(rupees(700n))).rejects.toBeInstanceOf(RailBusy);
    await expect(railOf({ keySecret: 'another' }).send(rupees(700n))).rejects.toBeInstanceOf(RailBusy);
  });

  test('finds the payout when the key was used with another body', async () => {
    const instruction = rupees(700n);
    await railOf().send(instruction);
    const again = await railOf({ narration: 'Another text' }).send(instruction);
    expect(again).toEqual({ status: 'ACCEPTED', reference: moved(instruction.key)[0]?.reference });
    expect(moved(instruction.key)).toHaveLength(1);
  });

  test('is found by our reference after the key expired, and is not sent again', async () => {
    const rail = railOf();
    const instruction = rupees(700n);
    bank.fault = () => 'reset-after';
    await hear(rail.send(instruction));
    bank.fault = () => 'none';
    bank.now = () => new Date(Date.now() + 8 * 86_400_000);
    expect(await rail.lookup(instruction)).toMatchObject({ status: 'ACCEPTED' });
    expect(rail.keyLifetimeSeconds).toBe(7 * 86_400);
  });

  test('gets no proof from a list that ignores our reference or contains the key twice', async () => {
    const rail = railOf();
    const instruction = rupees(700n);
    await rail.send(rupees(100n));
    bank.server.mangle = (_, { query }) =>
      query.has('reference_id') ? { items: [{ id: 'pout_1', reference_id: 'another' }] } : undefined;
    await expect(rail.lookup(instruction)).rejects.toThrow('does not match the request');
    bank.server.mangle = null;
    await rail.send(instruction);
    bank.server.mangle = ({ body }) => ({
      items: (body as { items: object[] }).items.flatMap((one) => [one, one]),
    });
    await expect(rail.lookup(instruction)).rejects.toThrow('2 payouts with one key');
  });

  const kinds: readonly Fault[] = [
    ...(['timeout-after', 'reset-after', '500-after', 'garbage-after', 'slow'] as const),
    ...(['timeout-before', 'reset-before', '500-before', '503-before', '429'] as const),
  ];
  test.each([1, 2, 3])('is paid once through all faults, seed %i', async (seed) => {
    const rail = railOf({ timeoutMs: 600 });
    bank.begin = { status: 'processed' };
    const faults = seededFaults(seed, 0.6, kinds);
    let injected = 0;
    bank.fault = () => {
      const fault = faults();
      if (fault !== 'none') injected += 1;
      return fault;
    };
    const instructions = Array.from({ length: 60 }, (_, index) => rupees(BigInt(1_000 + index)));
    const results = await inLanes(instructions, 12, (one) => sendUntilKnown(rail, one));
    expect(results.map(({ heard }) => heard.status)).toEqual(Array(60).fill('CONFIRMED'));
    const ledger = instructions.map(({ key }) => moved(key));
    expect(ledger.map((movements) => movements.map(({ minor }) => minor))).toEqual(
      instructions.map(({ amount }) => [amount.minor]),
    );
    expect(bank.twice()).toEqual([]);
    expect(injected).toBeGreaterThan(40);
  });
});

describe('an impossible answer of Razorpay', () => {
  const change = (fields: object) => (payout: object) => ({ ...payout, ...fields });
  const lies: [string, (payout: object) => unknown][] = [
    ['another amount', change({ amount: 70_000 })],
    ['another currency', change({ currency: 'USD' })],
    ['another account', change({ fund_account_id: 'fa_somebodyelse00' })],
    ['another key', change({ reference_id: 'f'.repeat(32) })],
    ['no key', change({ reference_id: null })],
    ['a negative fee', change({ fees: -590 })],
    ['an amount in words', change({ amount: '700' })],
    ['an unknown status', change({ status: 'paid' })],
    ['no status', change({ status: undefined })],
    ['no id', change({ id: '../../etc' })],
    ['a page of HTML', () => '<html><body>Welcome</body></html>'],
    ['five megabytes', (payout) => ({ ...payout, padding: 'x'.repeat(5_000_000) })],
    ['a list', (payout) => [payout]],
    ['nothing', () => ''],
    ['null', () => 'null'],
  ];
  test.each(lies)('%s: is unknown, never paid', async (_, lie) => {
    const rail = railOf();
    const instruction = rupees(700n);
    bank.begin = { status: 'processed' };
    bank.server.mangle = ({ body }, { path, method }) => {
      if (!path.startsWith('/v1/payouts')) return undefined;
      const { items } = body as { items?: object[] };
      return method === 'GET' && items ? { items: items.map(lie) } : lie(body as object);
    };
    const heard = await hear(rail.send(instruction));
    expect(heard.status).toBe('UNKNOWN');
    await expect(rail.lookup(instruction)).rejects.toThrow();
    const reference = moved(instruction.key)[0]?.reference as string;
    await expect(rail.lookup({ ...instruction, reference })).rejects.toThrow();
    expect(String((heard as { error: unknown }).error)).not.toMatch(
      new RegExp(`${bank.access.keySecret}|${bank.access.accountNumber}|fa_|Welcome`),
    );
  });

  test('of a fund account: is unknown, and its token is in no error', async () => {
    bank.server.mangle = (_, { path }) => (path.startsWith('/v1/fund_accounts') ? '<html>' : undefined);
    const heard = await hear(railOf().send(rupees(700n)));
    expect(String((heard as { error: unknown }).error)).toBe(
      'Error: Razorpay: GET /fund_accounts did not return a JSON object',
    );
  });

  test('of a payout that it had and has no more: is unknown', async () => {
    const instruction = { ...rupees(700n), reference: 'pout_neverexisted' };
    await expect(railOf().lookup(instruction)).rejects.toThrow('for a known payout');
  });
});

test('lists all transfers page by page', async () => {
  const own = await startRazorpay();
  try {
    const at = Date.parse('2026-11-20T10:00:00Z');
    const fundAccount = own.fundAccount();
    const rail = railOf({ baseUrl: own.url });
    const instructions = Array.from({ length: 205 }, (_, index) =>
      rupees(BigInt(1_000 + index), fundAccount),
    );
    for (const [index, instruction] of instructions.entries()) {
      own.now = () => new Date(at + index * 60_000);
      await rail.send(instruction);
    }
    own.move(instructions[3]?.key as string, 'processed');
    const listed: RailTransfer[] = [];
    for await (const one of rail.list?.(new Date(at + 60_000), new Date(at + 204 * 60_000)) ?? [])
      listed.push(one);
    expect(listed.map(({ key }) => key).toReversed()).toEqual(
      instructions.slice(1, 204).map(({ key }) => key),
    );
    expect(listed.find(({ key }) => key === instructions[3]?.key)).toMatchObject({
      status: 'CONFIRMED',
      amount: instructions[3]?.amount,
      at: new Date(at + 3 * 60_000),
    });
  } finally {
    await own.close();
  }
});

describe('an event of Razorpay', () => {
  const OLD = 'the webhook secret before';
  const rail = (more = {}) => railOf({ webhookSecrets: [bank.access.webhookSecret, OLD], ...more });
  const heardBy = (event: { headers: object; body: Buffer }, more = {}) =>
    rail(more).verifyEvent?.({ headers: event.headers as Record<string, string>, body: event.body });
  const seconds = (ms = 0) => Math.floor((Date.now() + ms) / 1_000);
  const event = (created_at = seconds(), name = 'payout.processed') => ({
    ...{ entity: 'event', event: name, contains: ['payout'], created_at },
    payload: {
      payout: { entity: { id: 'pout_12345678', reference_id: 'a'.repeat(32), status: 'processed' } },
    },
  });
  const signed = (body: object = event(), secret = bank.access.webhookSecret) =>
    signedByRazorpay(body, 'evt1', secret);

  test('names the payout to look up', async () => {
    expect(await heardBy(signed())).toEqual({
      ...{ id: 'evt1', type: 'payout.processed', key: 'a'.repeat(32), reference: 'pout_12345678' },
    });
  });

  test('keeps an id that cannot be stored, so that the message is parked', async () => {
    const odd = event(seconds(), 'payout.processed\0');
    Object.assign(odd.payload.payout.entity, { id: 'pout_\0', reference_id: '\ud800' });
    expect(await heardBy(signed(odd))).toEqual({
      ...{ id: 'evt1', type: 'payout.processed\0', key: '\ud800', reference: 'pout_\0' },
    });
  });

  test("is verified like by Razorpay's own package", () => {
    const { headers, body } = signed();
    const verifies = (secret: string) =>
      Razorpay.validateWebhookSignature(body.toString(), String(headers['x-razorpay-signature']), secret);
    expect([verifies(bank.access.webhookSecret as string), verifies('guessed')]).toEqual([true, false]);
  });

  test('is accepted with the secret before a rotation', async () => {
    expect(await heardBy(signed(event(), OLD))).toMatchObject({ id: 'evt1' });
  });

  test('is ignored for other objects than payouts', async () => {
    expect(await heardBy(signed(event(seconds(), 'payout.downtime.started')))).toBeNull();
    expect(await heardBy(signed(event(seconds(), 'transaction.created')))).toBeNull();
    const foreign = {
      ...event(),
      payload: { payout: { entity: { id: 'pout_1', reference_id: 'Invoice 7' } } },
    };
    expect(await heardBy(signed(foreign))).toMatchObject({ key: null, reference: 'pout_1' });
  });

  test('without an id gets an id from its bytes, so that a copy is recognised', async () => {
    const { headers, body } = signed();
    const { 'x-razorpay-event-id': _, ...rest } = headers;
    const [first, second] = [await heardBy({ headers: rest, body }), await heardBy({ headers: rest, body })];
    expect(first?.id).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toEqual(first);
  });

  const good = signed;
  const signature = 'x-razorpay-signature';
  test.each<[string, () => { headers: object; body: Buffer }]>([
    ['stripped of its signature', () => ({ ...good(), headers: {} })],
    ['with an empty one', () => ({ ...good(), headers: { ...good().headers, [signature]: '' } })],
    ['with a wrong one', () => ({ ...good(), headers: { ...good().headers, [signature]: '0'.repeat(64) } })],
    [
      'with two',
      () => ({ ...good(), headers: { ...good().headers, [signature]: [good().headers[signature], 'x'] } }),
    ],
    [
      'with half of one',
      () => ({ ...good(), headers: { [signature]: String(good().headers[signature]).slice(0, 32) } }),
    ],
    ['of another body', () => ({ ...good(), body: good(event(1)).body })],
    ['written anew', () => ({ ...good(), body: Buffer.from(JSON.stringify(event(), null, 1)) })],
    ['cut short', () => ({ ...good(), body: good().body.subarray(0, -1) })],
    ['with one byte more', () => ({ ...good(), body: Buffer.concat([good().body, Buffer.from('\n')]) })],
    ['of three days ago', () => good(event(seconds(-3 * 86_400_000)))],
    ['of tomorrow', () => good(event(seconds(86_400_000)))],
    ['without a time', () => good({ ...event(), created_at: undefined })],
    ['signed by a stranger', () => good(event(), 'guessed')],
    ['signed by nothing', () => good(event(), '')],
    [
      'marked with a scheme of its own',
      () => ({ ...good(), headers: { ...good().headers, [signature]: `v0=${good().headers[signature]}` } }),
    ],
    ['that is no JSON', () => signedByRazorpay('{', 'evt1', bank.access.webhookSecret)],
  ])('%s is refused', async (_, forged) => {
    await expect(heardBy(forged())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('is refused with a removed secret', async () => {
    const only = { webhookSecrets: [bank.access.webhookSecret] };
    await expect(heardBy(signed(event(), OLD), only)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(railOf({ webhookSecrets: [] }).verifyEvent).toBeNull();
    expect(railOf({ webhookSecrets: [] }).recheckSeconds).toBeGreaterThan(3 * 86_400);
  });

  test('gives the same result when an event arrives twice, late or never', async () => {
    const own = await startRazorpay();
    const rail = railOf({ baseUrl: own.url });
    const instructions = Array.from({ length: 12 }, () => rupees(700n, own.fundAccount()));
    const ids = new Set<string>();
    const states = new Map<string, string>();
    const inbox = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { headers } = request;
      const heard = await rail.verifyEvent?.({ headers, body: Buffer.concat(chunks) }).catch(() => null);
      response.writeHead(heard ? 200 : 401).end();
      if (!heard?.key || ids.has(heard.id)) return;
      ids.add(heard.id);
    });
    await new Promise<void>((resolve) => inbox.listen(0, '127.0.0.1', resolve));
    try {
      for (const instruction of instructions) {
        await rail.send(instruction);
        own.move(instruction.key, 'processed');
      }
      own.move(instructions[0]?.key as string, 'reversed', 'bank_account_closed');
      const url = `http://127.0.0.1:${(inbox.address() as AddressInfo).port}`;
      const sent = asTheyArrive(own.events(), 7, { drop: 0.1, twice: 0.5 });
      expect(new Set(await deliver(url, sent))).toEqual(new Set([200]));
      expect(await deliver(url, own.events('a stranger'))).toEqual(Array(25).fill(401));
      expect(sent.length).toBeGreaterThan(ids.size);
      for (const instruction of instructions)
        states.set(instruction.key, (await rail.lookup(instruction))?.status as string);
      expect([...states.values()]).toEqual(['RETURNED', ...Array(11).fill('CONFIRMED')]);
    } finally {
      inbox.close();
      inbox.closeAllConnections();
      await own.close();
    }
  });
});

describe('a payee', () => {
  const enrolment = () =>
    razorpayEnrolment({ keyId: bank.access.keyId, keySecret: bank.access.keySecret, baseUrl: bank.url });
  const payee = (more: object = {}) => ({
    reference: 'b'.repeat(32),
    holderName: 'Zoë Northwind & Söhne GmbH',
    account: { accountNumber: '50100123456789', ifsc: 'HDFC0000053' },
    ...more,
  });

  test('is created once for repeated requests, by bank account and by UPI', async () => {
    const first = await enrolment().enrol(payee());
    expect(first).toMatch(/^fa_/);
    expect(await enrolment().enrol(payee())).toBe(first);
    const upi = { account: { upiAddress: 'nancy.northwind@okbank' } };
    const second = await enrolment().enrol(payee(upi));
    expect(second).not.toBe(first);
    expect(await enrolment().enrol(payee(upi))).toBe(second);
    const contacts = bank.contacts().filter((contact) => contact['reference_id'] === 'b'.repeat(32));
    expect(contacts).toMatchObject([{ name: 'Zoe Northwind Sohne GmbH', type: 'vendor' }]);
    expect(await railOf().send(rupees(700n, second))).toMatchObject({ status: 'ACCEPTED' });
  });

  test.each([
    ['of a branch that is none', { account: { accountNumber: '501001234', ifsc: 'NONE0000001' } }, 'ifsc'],
    ['whose name has no Latin letters', { reference: 'c1', holderName: 'नैन्सी' }, 'holderName'],
  ])('%s is refused by its field', async (_, more, field) => {
    const refusal = await enrolment()
      .enrol(payee(more))
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(PayeeRefused);
    expect(refusal).toMatchObject({ field });
    expect(String(refusal)).not.toMatch(/501001234|NONE/);
  });

  test('is not partly created after an invalid answer of Razorpay', async () => {
    bank.server.mangle = (_, { method }) => (method === 'POST' ? { id: 'fa_' } : undefined);
    await expect(enrolment().enrol(payee({ reference: 'd1' }))).rejects.toThrow('returned no payee id');
  });
});
