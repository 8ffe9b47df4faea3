import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PayoutRail } from '../../../src/ports/payout-rail.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { staffOf } from '../../support/make.ts';
import { manyPayouts, send } from '../../support/many-payouts.ts';
import {
  type GenericSimulator,
  signed,
  simulatedRail,
  startSimulator,
} from '../../support/rail-simulator.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let who: Awaited<ReturnType<typeof staffOf>>;
let simulator: GenericSimulator;
let rail: PayoutRail;
let port: number;

beforeAll(async () => {
  app = await createTestApp(
    { rail: (method) => (method === 'STRIPE' ? rail : null), random: () => 0.999 },
    { PAYOUT_LEASE_SECONDS: '3', ANONYMOUS_CALLS_PER_MINUTE: '40' },
  );
  simulator = await startSimulator();
  rail = simulatedRail(simulator.url);
  who = await staffOf(app);
  port = await app.app.listen();
  await app.app.startWorker();
});
beforeEach(() => {
  rail = simulatedRail(simulator.url);
});
afterAll(async () => {
  await app.close();
  await simulator.close();
});

const sql = async <Row extends object>(text: string, ...values: unknown[]): Promise<Row[]> =>
  (await app.database.pool.query<Row>(text, values)).rows;

interface Sent {
  readonly body?: string;
  readonly signature?: string | null;
  readonly name?: string;
  readonly address?: string;
}

async function post(
  event: object,
  { body = JSON.stringify(event), signature, name = 'stripe', address }: Sent = {},
) {
  const given = signature === undefined ? signed(body) : signature;
  const { statusCode } = await app.app.server.inject({
    method: 'POST',
    url: `/webhooks/${name}`,
    headers: { 'content-type': 'application/json', ...(given !== null && { 'x-signature': given }) },
    payload: body,
    ...(address && { remoteAddress: address }),
  });
  return statusCode;
}

const event = (key: string, type = 'transfer.updated') => ({ id: `evt_${randomUUID()}`, type, key });
const stored = (id: string) =>
  sql<{ state: string; note: string | null; tenant_id: string | null }>(
    'select state, note, tenant_id from rail_events where event_id = $1',
    id,
  );
const handled = (id: string, seconds = 30) =>
  until(async () => {
    const [row] = await stored(id);
    return row && row.state !== 'RECEIVED' && row;
  }, seconds);
const statusOf = async (id: string) =>
  (await sql<{ status: string }>('select status from payouts where id = $1', id))[0]?.status;
const postings = async (id: string) =>
  (
    await sql<{ n: number }>(
      `select count(*)::int as n from postings where reference like $1`,
      `payout:${id}:%`,
    )
  )[0]?.n;

/** A payout that the rail has accepted, and is in no hurry to be asked about. */
async function accepted(): Promise<{ id: string; key: string }> {
  const {
    ids: [id = ''],
  } = await manyPayouts(app, who, 1);
  simulator.orders.set(id, 'accept');
  await send(app, [id]);
  await until(
    async () =>
      (
        await sql(
          `select 1 from payout_attempts where payout_id = $1 and status = 'SENT' and lease_until is null`,
          id,
        )
      ).length,
  );
  return { id, key: simulator.keyOf(id) };
}

describe('A message of a rail', () => {
  test('settles the payout of a rail event at once, by asking the rail', async () => {
    const { id, key } = await accepted();
    simulator.decide(id, 'CONFIRMED');
    const told = { ...event(key, 'transfer.failed'), amount: 999_999 }; // the rail itself says otherwise
    expect(await post(told)).toBe(200);
    expect(await handled(told.id)).toMatchObject({ state: 'APPLIED', tenant_id: 'acme' });
    expect(await statusOf(id)).toBe('PAID');
  });

  test('applies a rail event once that arrives fifteen times at once and again later (F8)', async () => {
    const { id, key } = await accepted();
    simulator.decide(id, 'CONFIRMED');
    const told = event(key);
    expect(new Set(await Promise.all(Array.from({ length: 15 }, () => post(told))))).toEqual(new Set([200]));
    await handled(told.id);
    expect(await post(told)).toBe(200);
    expect(await stored(told.id)).toHaveLength(1);
    expect(await statusOf(id)).toBe('PAID');
    expect(await postings(id)).toBe(2);
  });

  test('reaches the same state when rail events arrive in another order (F9)', async () => {
    const { id, key } = await accepted();
    simulator.decide(id, 'CONFIRMED');
    const [paid, created] = [event(key, 'transfer.paid'), event(key, 'transfer.created')];
    await post(paid);
    await handled(paid.id);
    await post(created);
    expect(await handled(created.id)).toMatchObject({ state: 'APPLIED' });
    expect(await statusOf(id)).toBe('PAID');
  });

  test('reopens the balance once when paid money returns (F9)', async () => {
    const { id, key } = await accepted();
    simulator.decide(id, 'CONFIRMED');
    const paid = event(key, 'transfer.paid');
    await post(paid);
    await handled(paid.id);
    simulator.decide(id, 'RETURNED');
    const back = [event(key, 'transfer.reversed'), event(key, 'transfer.reversed')];
    await Promise.all(back.map((one) => post(one)));
    await Promise.all(back.map(({ id: eventId }) => handled(eventId)));
    expect(await statusOf(id)).toBe('RETURNED');
    expect(await postings(id)).toBe(3);
  });

  test('parks a rail event that reports the failure of a paid payout until a person dismisses it (F9)', async () => {
    const { id, key } = await accepted();
    simulator.decide(id, 'CONFIRMED');
    const paid = event(key, 'transfer.paid');
    await post(paid);
    await handled(paid.id);
    simulator.decide(id, 'REFUSED');
    const failed = event(key, 'transfer.failed');
    expect(await post(failed)).toBe(200);
    expect(await handled(failed.id)).toMatchObject({
      state: 'PARKED',
      note: expect.stringMatching(/reports that it failed/),
    });
    expect(await statusOf(id)).toBe('PAID');
    const { railEvents } = await app.ask(
      who.tom,
      'query ($id: ID!) { railEvents(filter: { state: PARKED, payoutId: $id }) { totalCount edges { node { id type eventId rail note handledAt } } } }',
      { id },
    );
    expect(railEvents).toMatchObject({
      totalCount: 1,
      edges: [{ node: { eventId: failed.id, rail: 'stripe' } }],
    });
    const DISMISS =
      'mutation ($id: ID!) { dismissRailEvent(id: $id, reason: "the bank was asked") { state note } }';
    const one = { id: railEvents.edges[0].node.id };
    expect((await app.ask(who.tom, DISMISS, one)).dismissRailEvent).toEqual({
      state: 'IGNORED',
      note: 'the bank was asked',
    });
    expect(await app.refusal(who.tom, DISMISS, one)).toMatchObject({ code: 'CONFLICT' });
  });

  test('parks a rail event about a failed attempt when the rail did pay', async () => {
    const { id, key } = await accepted();
    simulator.decide(id, 'REFUSED');
    await send(app, [id]);
    await until(async () => (await statusOf(id)) === 'FAILED');
    simulator.decide(id, 'CONFIRMED');
    const told = event(key);
    await post(told);
    expect(await handled(told.id)).toMatchObject({
      state: 'PARKED',
      note: expect.stringMatching(/CONFIRMED/),
    });
    expect(await statusOf(id)).toBe('FAILED');
    expect(app.logged).toContainEqual(expect.objectContaining({ level: 50, payoutId: id }));
  });

  test('completes a parked rail event when its payout is settled in another way', async () => {
    const { id, key } = await accepted();
    const fine = rail;
    rail = { ...fine, lookup: () => Promise.reject(new Error('no answer')) };
    const told = event(key);
    await post(told);
    // After its first try, or that one would put off what follows.
    const eventId = await until(async () => {
      const [row] = await sql<{ id: string }>(
        'update rail_events set tries = 5 where event_id = $1 and tries > 0 returning id',
        told.id,
      );
      return row?.id;
    });
    await sql(
      `select graphile_worker.add_job('hear_rail', json_build_object('eventId', $1::text), job_key := 'hear_rail:' || $1::text)`,
      eventId,
    );
    expect(await handled(told.id)).toMatchObject({ state: 'PARKED' });
    simulator.decide(id, 'CONFIRMED');
    rail = fine;
    await until(async () => {
      await send(app, [id]);
      return (await statusOf(id)) === 'PAID';
    });
    await until(async () => (await stored(told.id))[0]?.state === 'APPLIED');
  });

  test('stores a rail event of an unknown payout and looks again; acknowledges other events without storing them', async () => {
    const foreign = event(randomUUID().replaceAll('-', ''));
    expect(await post(foreign)).toBe(200);
    await until(
      async () =>
        (await sql<{ tries: number }>('select tries from rail_events where event_id = $1', foreign.id))[0]
          ?.tries,
    );
    await sql('update rail_events set tries = 5 where event_id = $1', foreign.id);
    await sql(
      `select graphile_worker.add_job('hear_rail', json_build_object('eventId', id), job_key := 'hear_rail:' || id)
      from rail_events where event_id = $1`,
      foreign.id,
    );
    expect(await handled(foreign.id)).toMatchObject({ state: 'PARKED', tenant_id: null });
    const [{ id: eventId } = { id: '' }] = await sql<{ id: string }>(
      'select id from rail_events where event_id = $1',
      foreign.id,
    );
    const DISMISS = 'mutation ($id: ID!) { dismissRailEvent(id: $id, reason: "not ours") { state } }';
    expect(await app.refusal(who.tom, DISMISS, { id: eventId })).toMatchObject({ code: 'NOT_FOUND' });
    expect((await app.ask(who.admin, DISMISS, { id: eventId })).dismissRailEvent.state).toBe('IGNORED');
    const other = { id: 'evt_other', type: 'balance.available' };
    expect(await post(other)).toBe(200);
    expect(await stored(other.id)).toEqual([]);
  });
});

describe('A signed rail event with text that cannot be stored', () => {
  const NUL = '\0';
  const HALF = '\ud800';
  const parked = (id: string) =>
    sql<{ state: string; note: string; type: string; key: string | null; reference: string | null }>(
      'select state, note, type, key, reference from rail_events where event_id = $1',
      id,
    );
  const of = (more: object) => ({ ...event('k'), ...more });

  test.each([
    ['a NUL in its type', { type: `transfer${NUL}.paid` }, { type: 'transfer\\u0000.paid', key: 'k' }],
    ['a NUL in its key', { key: `k${NUL}` }, { key: 'k\\u0000' }],
    ['a NUL in its reference', { reference: NUL }, { reference: '\\u0000' }],
    ['half a surrogate pair in its key', { key: `${HALF}k` }, { key: '\\ud800k' }],
    ['half a surrogate pair in its type', { type: `t${HALF}` }, { type: 't\\ud800' }],
  ])('is acknowledged and parked: %s', async (_, more, kept) => {
    const told = of(more);
    for (const _ of [1, 2]) expect(await post(told)).toBe(200);
    expect(await parked(told.id)).toEqual([
      expect.objectContaining({ state: 'PARKED', note: expect.stringContaining('NUL'), ...kept }),
    ]);
  });

  test('is stored once by its id, also when the id cannot be stored', async () => {
    const id = randomUUID();
    for (const _ of [1, 2]) expect(await post(of({ id: `${id}${NUL}` }))).toBe(200);
    expect(await post(of({ id: `${id}${HALF}` }))).toBe(200);
    expect(await parked(`${id}\\u0000`)).toMatchObject([{ state: 'PARKED', key: 'k' }]);
    expect(await parked(`${id}\\ud800`)).toMatchObject([{ state: 'PARKED', key: 'k' }]);
  });

  test('is listed, and a person can dismiss it', async () => {
    const told = of({ key: NUL });
    await post(told);
    const [row] = await sql<{ id: string }>('select id from rail_events where event_id = $1', told.id);
    const dismiss = 'mutation ($id: ID!) { dismissRailEvent(id: $id, reason: "nonsense") { state } }';
    expect((await app.ask(who.admin, dismiss, { id: row?.id })).dismissRailEvent.state).toBe('IGNORED');
  });

  test('counts as usual when the text is elsewhere in the message', async () => {
    const { id, key } = await accepted();
    simulator.decide(id, 'CONFIRMED');
    const told = { ...event(key), description: NUL };
    expect(await post(told)).toBe(200);
    expect(await handled(told.id)).toMatchObject({ state: 'APPLIED' });
  });
});

describe('An unsigned rail event', () => {
  const count = async () => (await sql<{ n: number }>('select count(*)::int as n from rail_events'))[0]?.n;

  test.each([
    ['has no signature', { signature: null }, 401],
    ['has an empty one', { signature: '' }, 401],
    ['has a wrong one', { signature: 'f'.repeat(64) }, 401],
    ['has one of another body', { signature: signed('{}') }, 401],
    ['is signed and no JSON', { body: '{"id":' }, 400],
    ['is for a rail that there is not', { name: 'nobody' }, 404],
    ['is for a rail that is not set up', { name: 'paypal' }, 404],
  ])('refuses a rail event without a signature or %s, and stores nothing (B18)', async (_, more, status) => {
    const before = await count();
    expect(await post(event('k'), { address: '10.1.1.1', ...more })).toBe(status);
    expect(await count()).toBe(before);
  });

  test('refuses a rail event above a megabyte', async () => {
    expect(await post({}, { body: `"${'x'.repeat(1024 * 1024)}"` })).toBe(413);
  });

  test('gets 429 above the limit of its address, and a signed one from there is taken', async () => {
    const address = '10.9.9.9';
    const answers: number[] = [];
    for (let i = 0; i < 60; i++) answers.push(await post(event('k'), { signature: 'x', address }));
    expect(answers.at(0)).toBe(401);
    expect(answers.at(-1)).toBe(429);
    const before = (await count()) as number;
    for (const from of [address, '10.9.9.8']) expect(await post(event('k'), { address: from })).toBe(200);
    expect(await count()).toBe(before + 2);
    expect(await post(event('k'), { signature: 'x', address })).toBe(429);
  });
});

test('acknowledges a storm of rail events fast, stores all of them, and applies each once (L8)', {
  tags: ['slow'],
  timeout: 120_000,
}, async () => {
  const { ids } = await manyPayouts(app, who, 40);
  for (const id of ids) simulator.orders.set(id, 'accept');
  await send(app, ids);
  await until(
    async () =>
      (
        await sql<{ n: number }>(
          `select count(*)::int as n from payout_attempts where payout_id = any($1) and status = 'SENT'`,
          ids,
        )
      )[0]?.n === ids.length,
    60,
  );
  for (const id of ids) simulator.decide(id, 'CONFIRMED');
  const storm = ids.flatMap((id) => Array.from({ length: 10 }, () => event(simulator.keyOf(id))));
  const took: number[] = [];
  const started = performance.now();
  await Promise.all(
    storm.map(async (one, at) => {
      await new Promise((resolve) => setTimeout(resolve, at * 5)); // 200 a second
      const body = JSON.stringify(one);
      const begun = performance.now();
      const response = await fetch(`http://127.0.0.1:${port}/webhooks/stripe`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-signature': signed(body) },
        body,
      });
      await response.arrayBuffer();
      expect(response.status).toBe(200);
      took.push(performance.now() - begun);
    }),
  );
  took.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((share) => Math.round(took[Math.floor(took.length * share)] ?? 0));
  process.stdout.write(
    `${storm.length} messages in ${Math.round(performance.now() - started)} ms: p50 ${p50} ms, p99 ${p99} ms\n`,
  );
  await until(
    async () =>
      (
        await sql<{ n: number }>(
          `select count(*)::int as n from payouts where id = any($1) and status = 'PAID'`,
          ids,
        )
      )[0]?.n === ids.length,
    60,
  );
  const [row] = await sql<{ n: number }>(
    `select count(*)::int as n from rail_events where event_id = any($1)`,
    storm.map(({ id }) => id),
  );
  expect(row?.n).toBe(storm.length);
  const [posted] = await sql<{ n: number }>(
    `select count(*)::int as n from postings p join payouts o on p.reference like 'payout:' || o.id || ':%' where o.id = any($1)`,
    ids,
  );
  expect(posted?.n).toBe(2 * ids.length);
});

describe('Reconciliation', () => {
  const START =
    'mutation ($input: StartReconciliationInput!) { startReconciliation(input: $input) { id state startedBy } }';
  const READ = `query ($id: ID!) { reconciliation(id: $id) { state checked matched missingHere missingThere differentAmounts differentStatuses
    differences(first: 100) { totalCount edges { node { kind payoutId reference ourStatus theirStatus ourAmount { amount } theirAmount { amount currency } } } } } }`;
  const today = () => ({
    method: 'STRIPE',
    from: new Date(Date.now() - 3_600_000).toISOString(),
    to: new Date(Date.now() + 3_600_000).toISOString(),
  });
  async function compared(input: object = today()) {
    const { startReconciliation } = await app.ask(who.tom, START, { input });
    return until(async () => {
      const { reconciliation } = await app.ask(who.tom, READ, { id: startReconciliation.id });
      return reconciliation.state === 'DONE' && reconciliation;
    }, 40);
  }

  test('lists exactly the differences of both sides, and finds the lost rail event of a payout automatically (F10)', async () => {
    const paid = async () => {
      const {
        ids: [id = ''],
      } = await manyPayouts(app, who, 1);
      await send(app, [id]);
      await until(async () => (await statusOf(id)) === 'PAID');
      return id;
    };
    const same = await paid();
    const known = (await compared()).differences.totalCount; // of the tests before
    const stray = simulator.stray(4_321n);
    const gone = await paid();
    simulator.remove(gone);
    const other = await paid();
    simulator.change(other, 7n);
    const late = await accepted();
    simulator.decide(late.id, 'CONFIRMED'); // and its message is lost
    const found = await compared();
    expect(found).toMatchObject({ missingHere: 1, missingThere: 1, differentAmounts: 1 });
    const nodes: { payoutId: string | null; reference: string }[] = found.differences.edges.map(
      ({ node }: { node: object }) => node,
    );
    expect(nodes).toHaveLength(known + 4);
    const of = (id: string) => nodes.find(({ payoutId }) => payoutId === id);
    expect(nodes.find(({ reference }) => reference === stray)).toMatchObject({
      kind: 'MISSING_HERE',
      payoutId: null,
      theirAmount: { amount: '43.21', currency: 'USD' },
      ourAmount: null,
    });
    expect(of(gone)).toMatchObject({ kind: 'MISSING_THERE', ourStatus: 'PAID', theirAmount: null });
    expect(of(other)).toMatchObject({
      kind: 'DIFFERENT_AMOUNT',
      theirAmount: { amount: '0.07' },
      ourAmount: { amount: '20.00' },
    });
    expect(of(late.id)).toMatchObject({
      kind: 'DIFFERENT_STATUS',
      ourStatus: 'PROCESSING',
      theirStatus: 'CONFIRMED',
    });
    expect(of(same)).toBeUndefined();
    await until(async () => (await statusOf(late.id)) === 'PAID');
    expect((await compared()).differences.totalCount).toBe(known + 3);
  });

  test('looks up each payout of a rail without a list', async () => {
    const { ids } = await manyPayouts(app, who, 25);
    await send(app, ids);
    await until(async () => (await Promise.all(ids.map(statusOf))).every((status) => status === 'PAID'));
    const before = await compared();
    rail = simulatedRail(simulator.url, { lists: false });
    const found = await compared();
    expect(found.missingThere).toBe(before.missingThere);
    expect(found.missingHere).toBe(0);
    expect(found.matched).toBeGreaterThan(20);
  });

  test('continues when the rail does not report one payout, names that payout, and restarts a lost reconciliation job', async () => {
    const {
      ids: [dumb = ''],
    } = await manyPayouts(app, who, 1);
    await send(app, [dumb]);
    await until(async () => (await statusOf(dumb)) === 'PAID');
    const known = await compared();
    const fine = simulatedRail(simulator.url, { lists: false });
    rail = {
      ...fine,
      lookup: (instruction) =>
        instruction.payoutId === dumb ? Promise.reject(new Error('no answer')) : fine.lookup(instruction),
    };
    const found = await compared();
    expect(found.differences.edges.map(({ node }: { node: object }) => node)).toContainEqual(
      expect.objectContaining({ kind: 'UNTOLD', payoutId: dumb, ourStatus: 'PAID' }),
    );
    expect(found.missingThere).toBe(known.missingThere);
    rail = fine;
    const [left] = await sql<{ id: string }>(
      `update reconciliations set state = 'RUNNING', finished_at = null, touched_at = now() - interval '1 hour'
       where id = (select id from reconciliations where state = 'DONE' and not recent order by id desc limit 1) returning id`,
    );
    await sql(
      `select graphile_worker.add_job('reconcile', '{}', job_key := 'reconcile:' || $1::text, run_at := now() + interval '1 day')`,
      left?.id,
    );
    await sql(
      `update graphile_worker._private_jobs set attempts = max_attempts where key = 'reconcile:' || $1::text`,
      left?.id,
    );
    const stateOf = () => sql<{ state: string }>('select state from reconciliations where id = $1', left?.id);
    await until(async () => (await stateOf())[0]?.state === 'DONE', 40);
  });

  test('ends a reconciliation job at its next lookup after another job restarted it', async () => {
    const fine = simulatedRail(simulator.url, { lists: false });
    const [known] = await sql<{ last: string }>(
      "select coalesce(max(id::text), '') as last from reconciliations",
    );
    let paid: Set<string> | null = null; // when another job took the reconciliation over
    const lookups: string[] = [];
    rail = {
      ...fine,
      async lookup(instruction) {
        if (paid) lookups.push(instruction.payoutId);
        // A job of an earlier test may ask first, before the reconciliation runs.
        const taken =
          paid === null &&
          (await sql(
            `update reconciliations set run = new_id(), state = 'DONE', finished_at = now() where state = 'RUNNING' and id::text > $1 returning id`,
            known?.last,
          ));
        if (taken && taken.length > 0)
          paid = new Set(
            (await sql<{ id: string }>("select id from payouts where status = 'PAID'")).map(({ id }) => id),
          );
        return fine.lookup(instruction);
      },
    };
    await compared();
    expect(paid).not.toBeNull();
    // Only a reconciliation looks up payouts that are paid.
    expect(lookups.filter((id) => paid?.has(id)).length).toBeLessThanOrEqual(10);
  });

  test('refuses a reconciliation with an invalid period or a method without a rail', async () => {
    const { from, to } = today();
    expect(
      await app.refusal(who.tom, START, { input: { method: 'STRIPE', from: to, to: from } }),
    ).toMatchObject({ field: 'input.to' });
    expect(await app.refusal(who.tom, START, { input: { ...today(), method: 'PAYPAL' } })).toMatchObject({
      reason: 'NO_RAIL',
    });
  });
});
