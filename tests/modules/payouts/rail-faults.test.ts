import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { tuning } from '../../../src/kernel/request/tuning.ts';
import { RailCircuitBreaker } from '../../../src/modules/payouts/sending/rail-circuit-breaker.ts';
import { sendPayout } from '../../../src/modules/payouts/sending/send-payout.ts';
import { type PayoutRail, RailBusy } from '../../../src/ports/payout-rail.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { APPROVE, BALANCES, CREATE, earned, january, newPartner, RETRY } from '../../support/earn.ts';
import { SET_PAYOUT_ACCOUNT, staffOf } from '../../support/make.ts';
import { manyPayouts, send } from '../../support/many-payouts.ts';
import { type GenericSimulator, simulatedRail, startSimulator } from '../../support/rail-simulator.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let who: Awaited<ReturnType<typeof staffOf>>;
let simulator: GenericSimulator;
let rail: PayoutRail;

beforeAll(async () => {
  // No waiting between tries: what is told apart here is what happens, not when.
  app = await createTestApp({ rail: () => rail, random: () => 0 }, { PAYOUT_LEASE_SECONDS: '2' });
  who = await staffOf(app);
  simulator = await startSimulator();
  rail = simulatedRail(simulator.url);
  await app.app.startWorker();
});
beforeEach(() => {
  simulator.fault = () => 'none';
  simulator.mute = false;
  rail = simulatedRail(simulator.url); // and with it a circuit breaker without failures
});
afterAll(async () => {
  await app.close();
  await simulator.close();
});

const sql = async <Row extends object>(text: string, ...values: unknown[]): Promise<Row[]> =>
  (await app.database.pool.query<Row>(text, values)).rows;

const PAYOUT = `query ($id: ID!) { payout(id: $id) { status attempts outcomeUnknown actionRequired failureReason providerReference
  attemptHistory { number status key tries providerReference failureCode failureReason saidBy resolvedBy createdAt } } }`;
const RESOLVE =
  'mutation ($id: ID!, $input: ResolvePayoutInput!) { resolvePayout(id: $id, input: $input) { status outcomeUnknown } }';
const CONFIRM = 'mutation ($id: ID!) { confirmPayoutAccount(id: $id) { id checkAskedAt } }';

const seen = async (id: string, by = who.tom) => (await app.ask(by, PAYOUT, { id })).payout;
const reaches = (id: string, fits: (payout: Awaited<ReturnType<typeof seen>>) => boolean, seconds = 20) =>
  until(async () => {
    const now = await seen(id);
    return fits(now) && now;
  }, seconds);
const isNow = (status: string) => (payout: { status: string }) => payout.status === status;

/** A payout of 20.00 that waits for approval. */
async function pending(partner: object = {}): Promise<{ id: string; partnerId: string }> {
  const { id: partnerId } = await newPartner(app, who.manager, partner);
  await earned(app, who, partnerId);
  const { createPayout } = await app.ask(who.maria, CREATE, { input: { partnerId, ...january } });
  return { id: createPayout.id, partnerId };
}
const approve = (id: string) => app.ask(who.tom, APPROVE, { id });

/** Makes every key of a payout older. */
const age = (id: string, seconds: number) =>
  sql(
    `update payout_attempts set created_at = created_at - $2 * interval '1 second' where payout_id = $1`,
    id,
    seconds,
  );
const asksAgain = (id: string) => send(app, [id]);

describe('An outcome that is not known', () => {
  test('shows an unknown outcome to staff with its attempts, and to the partner in words', async () => {
    simulator.fault = () => 'timeout-after';
    const { id, partnerId } = await pending();
    simulator.mute = true;
    await approve(id);
    const now = await reaches(id, ({ outcomeUnknown }) => outcomeUnknown);
    expect(now).toMatchObject({ status: 'PROCESSING', attemptHistory: [{ number: 1, status: 'UNKNOWN' }] });
    const partner = await app.token('PARTNER', { partner: partnerId });
    expect(await seen(id, partner)).toMatchObject({ outcomeUnknown: true, attemptHistory: [] });
    simulator.mute = false;
    expect(await reaches(id, isNow('PAID'))).toMatchObject({
      attempts: 1,
      outcomeUnknown: false,
      attemptHistory: [{ status: 'CONFIRMED', providerReference: expect.stringMatching(/^tr_/) }],
    });
    expect(simulator.twice()).toEqual([]);
  });

  test.each([
    ['a day', 86_400],
    ['seven days', 7 * 86_400],
    ['thirty days', 30 * 86_400],
  ])(
    'looks up an attempt whose key was valid for %s, and sends nothing more under it (F7)',
    async (_, lifetime) => {
      rail = simulatedRail(simulator.url, { keyLifetimeSeconds: lifetime });
      simulator.fault = () => 'reset-after';
      const { id } = await pending();
      simulator.mute = true;
      await approve(id);
      await reaches(id, ({ outcomeUnknown }) => outcomeUnknown);
      await age(id, lifetime + 3_600);
      const { send: sent } = simulator.calls;
      simulator.mute = false;
      await asksAgain(id);
      expect(await reaches(id, isNow('PAID'))).toMatchObject({ attempts: 1 });
      expect(simulator.calls.send).toBe(sent);
    },
  );

  test('waits for the settling time of an expired key before it uses a new key, then pays once (F7)', async () => {
    rail = simulatedRail(simulator.url, { keyLifetimeSeconds: 86_400, settleSeconds: 600 });
    simulator.fault = () => 'timeout-before';
    const { id } = await pending();
    simulator.mute = true;
    await approve(id);
    const [first] = (await reaches(id, ({ outcomeUnknown }) => outcomeUnknown)).attemptHistory;
    await age(id, 86_400);
    const sent = simulator.calls.send;
    simulator.fault = () => 'none';
    simulator.mute = false;
    await asksAgain(id);
    await reaches(id, ({ attemptHistory: [attempt] }) => attempt.tries > first.tries + 1);
    expect(await seen(id)).toMatchObject({ status: 'PROCESSING', attempts: 1, outcomeUnknown: true });
    expect(simulator.calls.send).toBe(sent);
    await age(id, 600);
    await asksAgain(id);
    const paid = await reaches(id, isNow('PAID'));
    expect(paid).toMatchObject({
      attempts: 2,
      attemptHistory: [{ status: 'FAILED', failureCode: 'KEY_EXPIRED' }, { status: 'CONFIRMED' }],
    });
    expect(paid.attemptHistory[1].key).not.toBe(first.key);
    expect(simulator.ledger().filter(({ key }) => key === paid.attemptHistory[1].key)).toHaveLength(1);
  });

  test('never sends a payout again that the rail acknowledged and then lost, and alerts a person', async () => {
    const { id } = await pending();
    simulator.orders.set(id, 'accept');
    await approve(id);
    await reaches(id, ({ attemptHistory: [attempt] }) => attempt?.status === 'SENT');
    simulator.forgotten.add(simulator.keyOf(id));
    await age(id, 3 * 86_400);
    const { send: sent } = simulator.calls;
    await asksAgain(id);
    await reaches(id, ({ outcomeUnknown }) => outcomeUnknown);
    expect(simulator.calls.send).toBe(sent);
    expect(app.logged).toContainEqual(
      expect.objectContaining({
        level: 50,
        payoutId: id,
        msg: expect.stringMatching(/a person must check the payout/),
      }),
    );
  });

  test('settles an unknown outcome by hand only after two people give the same outcome', async () => {
    rail = simulatedRail(simulator.url, { keyLifetimeSeconds: 3_600 });
    simulator.fault = () => 'timeout-after';
    simulator.mute = true;
    const { id, partnerId } = await pending();
    await approve(id);
    await reaches(id, ({ outcomeUnknown }) => outcomeUnknown);
    const fresh = (user: string) => app.token('FINANCE', { user, signedInAt: new Date() });
    const [maria, tom] = await Promise.all([fresh('maria'), fresh('tom')]);
    const paid = { outcome: 'PAID', reference: 'bank-77', evidence: 'the statement of the bank, line 12' };
    const say = async (by: string, input: object) => {
      // A worker that asks the rail at the moment comes first.
      for (;;) {
        const { data, errors } = await app.send(by, RESOLVE, { id, input });
        if (errors?.[0]?.extensions.reason !== 'BEING_ASKED')
          return { data, refusal: errors?.[0]?.extensions };
        await until(
          async () =>
            !(await sql(`select 1 from payout_attempts where payout_id = $1 and lease_until >= now()`, id))
              .length,
        );
      }
    };
    expect((await say(maria, { ...paid, reference: null })).refusal).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.reference',
    });
    expect((await say(maria, paid)).data?.resolvePayout).toMatchObject({
      status: 'PROCESSING',
      outcomeUnknown: true,
    });
    expect((await say(maria, paid)).data?.resolvePayout.status).toBe('PROCESSING'); // once more is still one person
    expect((await say(tom, { ...paid, reference: 'bank-78' })).refusal).toMatchObject({
      reason: 'SAID_OTHERWISE',
    });
    expect((await say(tom, paid)).data?.resolvePayout).toMatchObject({
      status: 'PAID',
      outcomeUnknown: false,
    });
    expect(await seen(id)).toMatchObject({ attemptHistory: [{ saidBy: 'maria', resolvedBy: 'tom' }] });
    expect((await app.ask(who.tom, BALANCES, { id: partnerId })).partner.balances).toMatchObject([
      { inTransit: { amount: '0.00' }, paid: { amount: '20.00' } },
    ]);
    expect((await say(tom, paid)).refusal).toMatchObject({ code: 'CONFLICT', reason: 'NOT_UNKNOWN' });
  });
});

describe('A refusal', () => {
  test('retries a temporary refusal automatically with a new key and growing delays, and releases the commissions after five', async () => {
    const { id, partnerId } = await pending();
    simulator.orders.set(id, 'refuse-passing');
    await approve(id);
    const waits: number[] = [];
    for (let attempt = 1; attempt < 5; attempt++) {
      await reaches(id, ({ status, attempts }) => status === 'APPROVED' && attempts === attempt);
      const [job] = await sql<{ seconds: number }>(
        `select extract(epoch from run_at - now())::float8 as seconds from graphile_worker.jobs where key = $1`,
        `send_payout:${id}`,
      );
      waits.push(Math.round((job?.seconds ?? 0) / 60));
      await asksAgain(id); // the waiting time is over
    }
    expect(waits).toEqual([5, 20, 80, 320]);
    const now = await reaches(id, isNow('FAILED'), 40);
    expect(now).toMatchObject({ attempts: 5, failureReason: 'The account is closed: set another one.' });
    expect(new Set(now.attemptHistory.map(({ key }: { key: string }) => key)).size).toBe(5);
    expect(await app.refusal(who.maria, RETRY, { id })).toMatchObject({ reason: 'RELEASED' });
    expect((await app.ask(who.tom, BALANCES, { id: partnerId })).partner.balances).toMatchObject([
      { payable: { amount: '20.00' }, inTransit: { amount: '0.00' } },
    ]);
  });

  test('leaves a permanent refusal to a person, with a message for the partner', async () => {
    const { id, partnerId } = await pending();
    simulator.orders.set(id, 'refuse');
    await approve(id);
    await reaches(id, isNow('FAILED'));
    const partner = await app.token('PARTNER', { partner: partnerId });
    expect(await seen(id, partner)).toMatchObject({
      attempts: 1,
      failureReason: 'The account is closed: set another one.',
    });
  });

  test('refuses a payout without an account before it calls the rail', async () => {
    const {
      ids: [id = ''],
    } = await manyPayouts(app, who, 1);
    rail = simulatedRail(simulator.url, { needsAccount: true });
    const { send: sent } = simulator.calls;
    await asksAgain(id);
    expect(await reaches(id, isNow('FAILED'))).toMatchObject({
      attemptHistory: [{ failureCode: 'NO_ACCOUNT' }],
    });
    expect(simulator.calls.send).toBe(sent);
  });
});

test('shows on the payout what the rail waits for until it is done', async () => {
  const { id } = await pending();
  simulator.orders.set(id, 'action');
  await approve(id);
  expect(await reaches(id, ({ actionRequired }) => actionRequired !== null)).toMatchObject({
    status: 'PROCESSING',
    outcomeUnknown: false,
    actionRequired: 'Claim it in the mail that you got.',
  });
  simulator.decide(id, 'CONFIRMED');
  expect(await reaches(id, isNow('PAID'))).toMatchObject({ actionRequired: null });
});

test('reopens the balance after a return, and blocks the account until a person has checked it', async () => {
  const { id, partnerId } = await pending();
  const owner = await app.token('PARTNER', { partner: partnerId, signedInAt: new Date() });
  const { setPayoutAccount: account } = await app.ask(owner, SET_PAYOUT_ACCOUNT, {
    input: {
      ...{ partnerId, method: 'STRIPE', holderName: 'Acme Resellers Inc', country: 'US', currency: 'USD' },
      stripeAccount: 'acct_1234567890ab',
    },
  });
  await sql(`update payout_accounts set usable_from = now() - interval '1 hour' where id = $1`, account.id);
  await approve(id);
  await reaches(id, isNow('PAID'));
  expect(simulator.ledger().find(({ key }) => key === simulator.keyOf(id))?.destination).toBe(
    'acct_1234567890ab',
  );
  simulator.decide(id, 'RETURNED');
  await asksAgain(id);
  await reaches(id, isNow('RETURNED'));
  const { partner } = await app.ask(
    owner,
    `query ($id: ID!) { partner(id: $id) { balances { payable { amount } paid { amount } } payoutAccounts { id checkAskedAt checkReason } } }`,
    { id: partnerId },
  );
  expect(partner).toMatchObject({
    balances: [{ payable: { amount: '20.00' }, paid: { amount: '0.00' } }],
    payoutAccounts: [
      { checkAskedAt: expect.any(String), checkReason: 'The receiving bank returned the payment.' },
    ],
  });
  rail = simulatedRail(simulator.url, { needsAccount: true });
  const next = { input: { partnerId, ...january } };
  expect(await app.refusal(who.maria, CREATE, next)).toMatchObject({ reason: 'ACCOUNT_TO_CHECK' });
  expect((await app.ask(owner, CONFIRM, { id: account.id })).confirmPayoutAccount.checkAskedAt).toBeNull();
  expect(await app.refusal(owner, CONFIRM, { id: account.id })).toMatchObject({ reason: 'NOT_ASKED' });
  const again = (await app.ask(who.maria, CREATE, next)).createPayout.id;
  // What was approved before that account was doubted goes out as soon as it is confirmed.
  await sql('update payout_accounts set check_asked_at = now() where id = $1', account.id);
  await sql(
    `update payouts set status = 'APPROVED', approved_by = 'tom', approved_at = now() where id = $1`,
    again,
  );
  const ctx = contextFor(app.app.services, { actor: system, requestId: 'a worker' });
  expect(await sendPayout(ctx, again, 30)).toBe('BUSY');
  await app.ask(owner, CONFIRM, { id: account.id });
  await reaches(again, isNow('PAID'));
});

describe('An approved payout', () => {
  const HOLD = 'mutation ($id: ID!) { holdPayouts(partnerId: $id, reason: "fraud?") { id } }';
  const RELEASE = 'mutation ($id: ID!) { releasePayouts(partnerId: $id, reason: "it was none") { id } }';

  test('does not send an approved payout during a payout hold, and sends it after the release', async () => {
    const {
      partnerId,
      ids: [id = ''],
    } = await manyPayouts(app, who, 1);
    await app.ask(who.tom, HOLD, { id: partnerId });
    const { send: sent } = simulator.calls;
    await asksAgain(id);
    expect(await reaches(id, ({ actionRequired }) => actionRequired !== null)).toMatchObject({
      ...{ status: 'APPROVED', attempts: 0, actionRequired: expect.stringContaining('are on hold') },
    });
    expect(simulator.calls.send).toBe(sent);
    await app.ask(who.tom, RELEASE, { id: partnerId });
    expect(await reaches(id, isNow('PAID'))).toMatchObject({ attempts: 1, actionRequired: null });
  });

  test('does not retry a payout of a partner that was suspended meanwhile', async () => {
    const {
      partnerId,
      ids: [id = ''],
    } = await manyPayouts(app, who, 1);
    await sql(`update partners set status = 'SUSPENDED' where id = $1`, partnerId);
    const { send: sent } = simulator.calls;
    await asksAgain(id);
    expect(await reaches(id, ({ actionRequired }) => actionRequired !== null)).toMatchObject({
      ...{ status: 'APPROVED', actionRequired: expect.stringContaining('ACTIVE') },
    });
    expect(simulator.calls.send).toBe(sent);
  });
});

describe('A payout that many workers are at', () => {
  const context = () => contextFor(app.app.services, { actor: system, requestId: 'a worker' });

  test('sends a payout once with twenty workers (F11)', async () => {
    const {
      ids: [id = ''],
    } = await manyPayouts(app, who, 1);
    const { send: sent } = simulator.calls;
    simulator.fault = () => 'slow';
    const came = await Promise.all(Array.from({ length: 20 }, () => sendPayout(context(), id, 2)));
    expect(came.filter((what) => what === 'MOVED')).toHaveLength(1);
    expect(simulator.calls.send).toBe(sent + 1);
    expect(simulator.twice()).toEqual([]);
  });

  test('refuses the settlement by a worker that lost its lease (F11)', async () => {
    const {
      ids: [id = ''],
    } = await manyPayouts(app, who, 1);
    const real = rail;
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { promise: inside, resolve: arrived } = Promise.withResolvers<void>();
    rail = {
      ...real,
      async send(instruction) {
        arrived();
        await held;
        await real.send(instruction);
        return { status: 'REFUSED', code: 'stale', reason: 'said by a worker that is long gone' };
      },
    };
    const slow = sendPayout(context(), id, 1);
    await inside;
    rail = real;
    await until(async () => (await sendPayout(context(), id, 2)) === 'MOVED');
    release();
    expect(await slow).toBe('BUSY');
    expect(await seen(id)).toMatchObject({ status: 'PAID', attempts: 1 });
    expect(simulator.twice()).toEqual([]);
  });
});

test.each([[true], [false]])(
  'asks the rail again when news arrives while a worker waits for its answer (second worker: %s)',
  async (bySecondWorker) => {
    const {
      ids: [id = ''],
    } = await manyPayouts(app, who, 1);
    const fine = rail;
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { promise: inside, resolve: arrived } = Promise.withResolvers<void>();
    let looks = 0;
    rail = {
      ...fine,
      async send(instruction) {
        if (instruction.payoutId !== id) return fine.send(instruction); // the worker still has payouts of other tests
        arrived();
        await held;
        // The answer is from before the news, and the rail need not be asked for hours.
        return { status: 'ACCEPTED', reference: `looked-${id}`, lookAgainSeconds: 6 * 3_600 };
      },
      async lookup(instruction) {
        if (instruction.payoutId !== id) return fine.lookup(instruction);
        looks += 1;
        return { status: 'CONFIRMED', reference: `looked-${id}` };
      },
    };
    const ctx = contextFor(app.app.services, { actor: system, requestId: 'a worker' });
    const slow = sendPayout(ctx, id, 30);
    await inside;
    await asksAgain(id); // the news
    if (bySecondWorker) expect(await sendPayout(ctx, id, 30)).toBe('BUSY');
    expect(looks).toBe(0);
    release();
    expect(await slow).toBe('STAYED');
    expect(await reaches(id, isNow('PAID'))).toMatchObject({ attempts: 1 });
    rail = fine;
  },
);

test('parks a rail status that arrives after two people gave an attempt up', async () => {
  const {
    ids: [id = ''],
  } = await manyPayouts(app, who, 1);
  const fine = rail;
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { promise: inside, resolve: arrived } = Promise.withResolvers<void>();
  rail = {
    ...fine,
    async send(instruction) {
      if (instruction.payoutId !== id) return fine.send(instruction);
      arrived();
      await held;
      return fine.send(instruction);
    },
  };
  const ctx = contextFor(app.app.services, { actor: system, requestId: 'a worker' });
  const slow = sendPayout(ctx, id, 30);
  await inside;
  // Its lease is over, and what it does is not known: two people say that it never went.
  await sql(
    `update payout_attempts set status = 'UNKNOWN', lease_until = now() - interval '1 second' where payout_id = $1`,
    id,
  );
  for (const user of ['maria', 'tom']) {
    const by = await app.token('FINANCE', { user, signedInAt: new Date() });
    await app.ask(by, RESOLVE, { id, input: { outcome: 'NOT_SENT', evidence: 'the rail says so' } });
  }
  release();
  expect(await slow).toBe('BUSY');
  expect(await seen(id)).toMatchObject({ status: 'FAILED' });
  const { railEvents } = await app.ask(
    who.tom,
    'query ($id: ID!) { railEvents(filter: { state: PARKED, payoutId: $id }) { edges { node { note } } } }',
    { id },
  );
  expect(railEvents.edges).toEqual([{ node: { note: expect.stringContaining('CONFIRMED') } }]);
  expect(app.logged).toContainEqual(
    expect.objectContaining({ level: 50, payoutId: id, msg: expect.stringContaining('given up') }),
  );
});

describe('A rail that fails again and again', () => {
  function breaker() {
    let now = 0;
    const made = new RailCircuitBreaker(
      { name: 'paypal' },
      { now: () => now, random: () => 0, firstOpenMs: tuning.railPauseMs },
    );
    const call = async (how: 'ANSWERED' | 'FAILED') => {
      const wait = await made.enter();
      if (wait === null) made.leave(how);
      return wait;
    };
    return {
      made,
      call,
      pass: (ms: number) => {
        now += ms;
      },
    };
  }
  const times = async (count: number, work: () => Promise<unknown>) => {
    for (let i = 0; i < count; i++) await work();
  };

  test('opens the circuit breaker for growing times, tries once, and closes it after an answer (F6)', async () => {
    const { made, call, pass } = breaker();
    await times(4, () => call('FAILED'));
    expect(await call('ANSWERED')).toBeNull();
    await times(5, () => call('FAILED'));
    expect(await call('ANSWERED')).toBe(2);
    pass(2_000);
    expect(await made.enter()).toBeNull(); // the probe
    expect(await call('ANSWERED')).toBe(2); // and nobody beside it
    made.leave('FAILED');
    expect(await call('ANSWERED')).toBe(4);
    pass(4_000);
    expect(await call('ANSWERED')).toBeNull();
    expect(await call('ANSWERED')).toBeNull();
  });

  test('asks a recovering rail in the order of the payouts', async () => {
    const made = new RailCircuitBreaker(
      { name: 'razorpayx' },
      { now: () => performance.now(), random: () => 0, firstOpenMs: tuning.railPauseMs },
    );
    const begun = performance.now();
    const entered: number[] = [];
    const waits = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map((nth) =>
        made.enter().then((wait) => {
          if (wait === null) {
            entered.push(nth);
            made.leave('ANSWERED');
          }
          return wait;
        }),
      ),
    );
    expect(entered).toEqual([1, 2, 3, 4, 5, 6]);
    expect(waits.slice(6)).toEqual([2, 2]);
    const took = performance.now() - begun;
    expect(took).toBeGreaterThanOrEqual(990);

    for (let i = 0; i < 20; i++) {
      expect(await made.enter()).toBeNull();
      made.leave('NOT_ASKED');
    }
    expect(performance.now() - begun - took).toBeLessThan(1_000);
  });

  test('respects the time at which a failing rail allows the next call', async () => {
    const { made, call, pass } = breaker();
    made.openFor(30);
    expect(await call('ANSWERED')).toBe(30);
    pass(30_000);
    expect(await call('ANSWERED')).toBeNull();
  });

  test('continues when the rail refuses the key of one payout, and lets two people settle that payout', async () => {
    const {
      ids: [refused = '', other = ''],
    } = await manyPayouts(app, who, 2);
    const fine = rail;
    rail = {
      ...fine,
      async send(instruction) {
        if (instruction.payoutId !== refused) return fine.send(instruction);
        throw new RailBusy('refused, and it may hide that the first one went through', 900, true);
      },
    };
    const context = () => contextFor(app.app.services, { actor: system, requestId: 'a worker' });
    // A worker died in the middle of the first call: what is left says SENDING.
    await sendPayout(context(), refused, 1);
    await sql(
      `update payout_attempts set status = 'SENDING', lease_until = null where payout_id = $1`,
      refused,
    );
    expect(await sendPayout(context(), refused, 1)).toBe('UNKNOWN');
    expect(await sendPayout(context(), other, 2)).toBe('MOVED');
    expect(await seen(refused)).toMatchObject({ status: 'PROCESSING', outcomeUnknown: true });
    for (const user of ['maria', 'tom']) {
      const by = await app.token('FINANCE', { user, signedInAt: new Date() });
      await app.ask(by, RESOLVE, { id: refused, input: { outcome: 'NOT_SENT', evidence: 'PayPal says so' } });
    }
    expect(await seen(refused)).toMatchObject({ status: 'FAILED', outcomeUnknown: false });
  });

  test('uses up no attempt while the circuit breaker is open, and delays no other rail', async () => {
    const broken: PayoutRail = {
      ...rail,
      lookup: () => Promise.reject(new Error('down')),
      send: () => Promise.reject(new Error('down')),
    };
    const fine = rail;
    rail = broken;
    const services = { ...app.app.services, tuning }; // its pauses are as long as in production
    const context = () => contextFor(services, { actor: system, requestId: 'a worker' });
    const { ids } = await manyPayouts(app, who, 5);
    await until(async () => {
      for (const id of ids) await sendPayout(context(), id, 2);
      const [row] = await sql<{ n: number }>(
        `select sum(tries)::int as n from payout_attempts where payout_id = any($1)`,
        ids,
      );
      return (row?.n ?? 0) >= 5;
    });
    const {
      ids: [next = ''],
    } = await manyPayouts(app, who, 1);
    expect(await sendPayout(context(), next, 2)).toBe('BUSY');
    expect(await seen(next)).toMatchObject({ status: 'APPROVED', attempts: 0 });
    rail = fine; // another rail, with its own circuit breaker
    await until(async () => ['MOVED', 'NOTHING_TO_DO'].includes(await sendPayout(context(), next, 2)));
  });
});
