import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config/config.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { makePartner, staffOf, TRACK } from '../support/make.ts';
import { hasOwnRedis, type OwnRedis, startOwnRedis } from '../support/redis.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

const ONE = '{ __typename }';
const FIFTY = `{ ${Array.from({ length: 50 }, (_, i) => `a${i}: __typename`).join(' ')} }`;

interface Reply {
  readonly status: number;
  readonly code: string | undefined;
  readonly limit: number;
  readonly remaining: number;
  readonly reset: number;
  readonly retryAfter: number;
  readonly retryInBody: number | undefined;
  readonly ms: number;
}

async function call(
  { server }: App,
  {
    token = null,
    query = ONE,
    variables = {},
    from = '127.0.0.1',
  }: { token?: string | null; query?: string; variables?: object; from?: string } = {},
): Promise<Reply> {
  const started = performance.now();
  const { statusCode, headers, body } = await server.inject({
    method: 'POST',
    url: '/graphql',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': from,
      ...(token && { authorization: `Bearer ${token}` }),
    },
    payload: JSON.stringify({ query, variables }),
  });
  const { errors } = JSON.parse(body);
  return {
    ms: performance.now() - started,
    status: statusCode,
    code: errors?.[0].extensions.code,
    retryInBody: errors?.[0].extensions.retryAfter,
    limit: Number(headers['ratelimit-limit']),
    remaining: Number(headers['ratelimit-remaining']),
    reset: Number(headers['ratelimit-reset']),
    retryAfter: Number(headers['retry-after']),
  };
}

let app: TestApp;
let port: number;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  app = await createTestApp(
    {},
    { ANONYMOUS_CALLS_PER_MINUTE: '20', STAFF_CALLS_PER_HOUR: '5000', TRUST_PROXY: '1' },
  );
  staff = await staffOf(app);
  port = await app.app.listen();
});
afterAll(() => app.close());

async function partnerAt(tier: string): Promise<{ id: string; token: string }> {
  const { id } = await makePartner(app, staff.manager, { tier });
  return { id, token: await app.token('PARTNER', { partner: id }) };
}

describe('a partner', () => {
  test.each([
    ['BRONZE', 1_000],
    ['SILVER', 2_500],
    ['GOLD', 5_000],
    ['PLATINUM', 10_000],
    ['DIAMOND', 25_000],
  ])('at %s has %i calls an hour, and fifty names cost fifty', async (tier, limit) => {
    const { token } = await partnerAt(tier);
    expect(await call(app.app, { token })).toMatchObject({
      status: 200,
      limit,
      remaining: limit - 1,
      reset: 3_600,
    });
    expect(await call(app.app, { token, query: FIFTY })).toMatchObject({
      status: 200,
      remaining: limit - 51,
    });
    expect(await call(app.app, { token, query: '{ nonsense }' })).toMatchObject({
      status: 400,
      remaining: limit - 52,
    });
    expect(await call(app.app, { token, query: '{' })).toMatchObject({ status: 400, remaining: limit - 53 });
  });

  test('is refused when they are used up, with the time to wait, whatever its credential or way', async () => {
    const { id, token } = await partnerAt('BRONZE');
    for (let i = 0; i < 19; i++)
      expect(await call(app.app, { token, query: FIFTY })).toMatchObject({ status: 200 });
    expect(
      await call(app.app, { token: await app.token('PARTNER', { partner: id }), query: FIFTY }),
    ).toMatchObject({ status: 200, remaining: 0 });
    const refused = await call(app.app, { token });
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED', limit: 1_000, remaining: 0 });
    expect(refused.retryAfter).toBeGreaterThan(3_500);
    expect(refused.retryInBody).toBe(refused.retryAfter);

    const live = listen(port, token, ONE, {});
    expect(await until(async () => live.errors[0])).toMatchObject({
      extensions: { code: 'RATE_LIMITED', retryAfter: expect.any(Number) },
    });
    await live.client.dispose();

    const other = await partnerAt('BRONZE');
    expect(await call(app.app, other)).toMatchObject({ status: 200, remaining: 999 });
    expect(await call(app.app, { token: staff.manager })).toMatchObject({ status: 200, limit: 5_000 });
  });

  test('is refused an operation that asks for more than is left, and not a smaller one', async () => {
    const { id, token } = await partnerAt('BRONZE');
    await app.ask(staff.manager, LIMIT, { id, limit: 60 });
    expect(await call(app.app, { token, query: FIFTY })).toMatchObject({
      status: 200,
      limit: 60,
      remaining: 10,
    });
    expect(await call(app.app, { token, query: FIFTY })).toMatchObject({ status: 429 });
  });

  test('may have a limit of its own, which it cannot give itself', async () => {
    const { id, token } = await partnerAt('BRONZE');
    const { updatePartner } = await app.ask(staff.manager, LIMIT, { id, limit: 7 });
    expect(updatePartner.apiLimitOverride).toBe(7);
    expect(await call(app.app, { token })).toMatchObject({ limit: 7, remaining: 6 });
    expect(await app.refusal(token, LIMIT, { id, limit: 1_000 })).toMatchObject({ code: 'FORBIDDEN' });
    for (const limit of [0, -1, 1_000_001])
      expect(await app.refusal(staff.manager, LIMIT, { id, limit })).toMatchObject({
        code: 'BAD_USER_INPUT',
        field: 'input.apiLimitOverride',
      });
    expect(
      (await app.ask(staff.manager, LIMIT, { id, limit: null })).updatePartner.apiLimitOverride,
    ).toBeNull();
  });

  test('pays for each message of its socket', async () => {
    const { token } = await partnerAt('BRONZE');
    for (let i = 0; i < 2; i++) {
      const live = listen(port, token, FIFTY, {});
      await live.event((data) => data.a0 === 'Query');
      await live.client.dispose();
    }
    expect(await call(app.app, { token })).toMatchObject({ remaining: 899 });
  });
});

const LIMIT = `mutation ($id: ID!, $limit: Int) {
  updatePartner(id: $id, input: { apiLimitOverride: $limit }) { id apiLimitOverride }
}`;

describe('who has no credential', () => {
  test('has the calls of its address, and no other address pays for it', async () => {
    const variables = { input: { referralCode: 'NOBODY' } };
    for (let i = 0; i < 20; i++) await call(app.app, { query: TRACK, variables, from: '203.0.113.7' });
    expect(await call(app.app, { query: TRACK, variables, from: '203.0.113.7' })).toMatchObject({
      status: 429,
      code: 'RATE_LIMITED',
      limit: 20,
    });
    expect(await call(app.app, { from: '203.0.113.8' })).toMatchObject({ status: 200, remaining: 19 });
    expect(await call(app.app, { from: '203.0.113.7', token: staff.manager })).toMatchObject({ status: 200 });
  });

  test('has one address, however many of its network it uses', async () => {
    for (let i = 0; i < 20; i++) await call(app.app, { from: `2001:db8:1:2::${i}` });
    expect(await call(app.app, { from: '2001:db8:1:2:ffff::1' })).toMatchObject({ status: 429 });
    expect(await call(app.app, { from: '2001:db8:1:3::1' })).toMatchObject({ status: 200 });
  });

  test('or a bad one is slowed down, and nobody with a good one from the same address', async () => {
    const from = '198.51.100.1';
    for (let i = 0; i < 20; i++)
      expect(await call(app.app, { token: `bad${i}`, from })).toMatchObject({ status: 401 });
    const refused = await call(app.app, { token: 'bad', from });
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect(refused.retryAfter).toBeGreaterThan(0);
    expect(await call(app.app, { token: staff.manager, from })).toMatchObject({ status: 200 });
  });
});

describe.skipIf(!hasOwnRedis)('two processes on one Redis', () => {
  let redis: OwnRedis;
  let here: App;
  let there: App;
  beforeAll(async () => {
    redis = await startOwnRedis();
    const config = readConfig({
      NODE_ENV: 'test',
      JWT_SECRET: 'a secret of the tests, long enough for HS256',
      REDIS_URL: redis.url,
      PROCESSES: '2',
      LOG_LEVEL: 'silent',
      PORT: '0',
    });
    here = await createApp(config, app.database.url);
    there = await createApp(config, app.database.url);
  });
  afterAll(async () => {
    await here.close();
    await there.close();
    await redis.stop();
  });

  /** Calls both in turn until one is refused; answers with how many went well. */
  async function callsUntilRefused(token: string, query: string): Promise<number> {
    for (let calls = 0; ; ) {
      const replies = await Promise.all(
        [here, there, here, there].map((process) => call(process, { token, query })),
      );
      for (const { status } of replies) {
        if (status === 429) return calls;
        expect(status).toBe(200);
        calls++;
      }
    }
  }

  test.each([
    ['BRONZE', 1_000, ONE, 1],
    ['SILVER', 2_500, FIFTY, 50],
    ['DIAMOND', 25_000, FIFTY, 50],
  ])(
    'refuse a partner at %s after %i calls, give or take 1 %',
    { retry: 2 },
    async (tier, limit, query, cost) => {
      const { token } = await partnerAt(tier);
      const calls = (await callsUntilRefused(token, query)) * cost;
      expect(calls).toBeLessThanOrEqual(limit * 1.01);
      expect(calls).toBeGreaterThanOrEqual(limit * 0.99 - cost);
    },
  );

  describe('that goes away', () => {
    afterEach(async () => {
      redis.goOn();
      await redis.start();
    });
    beforeEach(() => until(async () => (await sharedBy(here)) && (await sharedBy(there))));

    /** Whether what one process counts is known to the other. */
    async function sharedBy(process: App): Promise<boolean> {
      const { token } = await partnerAt('BRONZE');
      await call(process, { token, query: FIFTY });
      return (await call(process === here ? there : here, { token })).remaining < 955;
    }

    /** How long each of so many calls takes, slowest first. */
    async function times(token: string, count: number): Promise<number[]> {
      const all: number[] = [];
      for (let i = 0; i < count; i++) {
        const { status, ms } = await call(here, { token });
        expect(status).toBe(200);
        all.push(ms);
      }
      return all.toSorted((a, b) => b - a);
    }

    test.each([
      ['stops', () => redis.stop(), () => redis.start()],
      ['hangs', async () => redis.hang(), async () => redis.goOn()],
    ])(
      'because it %s: partners go on within half the budget each, nobody waits, and it counts again within 10 s',
      async (_, leave, comeBack) => {
        const { token } = await partnerAt('BRONZE');
        const [usual = 0] = await times(token, 50);
        await leave();
        const [, , , , , sixth = 0] = await times(token, 100); // one pays for finding out; a busy machine stalls a few
        expect(sixth).toBeLessThan(usual + 50);
        for (let i = 0; i < 10; i++) await call(here, { token, query: FIFTY });
        expect(await call(here, { token, query: FIFTY })).toMatchObject({ status: 429 });

        await comeBack();
        const started = Date.now();
        await until(() => sharedBy(here), 10);
        expect(Date.now() - started).toBeLessThan(10_000);
      },
    );

    test('what can be guessed is not tried meanwhile', async () => {
      const guess = () => call(here, { query: 'mutation { acceptInvitation(token: "x") { __typename } }' });
      expect((await guess()).code).not.toBe('SERVICE_UNAVAILABLE');
      await redis.stop();
      await until(async () => (await guess()).code === 'SERVICE_UNAVAILABLE');
      const refused = await guess();
      expect(refused).toMatchObject({ status: 503 });
      expect(refused.retryAfter).toBeGreaterThan(0);
      expect(await call(here, { token: staff.manager })).toMatchObject({ status: 200 });
    });
  });
});
