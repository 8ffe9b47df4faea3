import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config/config.ts';
import { tuning } from '../../src/kernel/request/tuning.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { call, FIFTY, ONE } from '../support/calls.ts';
import { makePartner, staffOf } from '../support/make.ts';
import { hasOwnRedis, type OwnRedis, startOwnRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
});
afterAll(() => app.close());

async function partnerAt(tier: string): Promise<{ id: string; token: string }> {
  const { id } = await makePartner(app, staff.manager, { tier });
  return { id, token: await app.token('PARTNER', { partner: id }) };
}

describe.skipIf(!hasOwnRedis)('two processes on one Redis', () => {
  let redis: OwnRedis;
  let here: App;
  let there: App;
  /** Both processes, with so much patience for Redis. */
  async function open(callCounterTimeoutMs = tuning.callCounterTimeoutMs): Promise<void> {
    const config = readConfig({
      NODE_ENV: 'test',
      JWT_SECRET: 'a secret of the tests, long enough for HS256',
      REDIS_URL: redis.url,
      PROCESSES: '2',
      CERBOS_URL: inject('cerbos'),
      CERBOS_DEADLINE_MS: '5000',
      BUSY_AFTER_MS: '60000', // the machine of a test may be busy with others
      LOG_LEVEL: 'silent',
      PORT: '0',
    });
    here = await createApp(config, app.database.url, { tuning: { ...tuning, callCounterTimeoutMs } });
    there = await createApp(config, app.database.url, { tuning: { ...tuning, callCounterTimeoutMs } });
  }
  const close = () => Promise.all([here.close(), there.close()]);
  beforeAll(async () => {
    redis = await startOwnRedis();
    await open(5_000); // a busy machine counts the same
  });
  afterAll(async () => {
    await close();
    await redis.stop();
  });

  /** Calls both processes until one refuses. Returns the number of calls that succeeded. */
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
    beforeAll(async () => {
      await close();
      await open();
    });
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
      'because it %s: each process allows half of the limit, no partner waits, and Redis counts again within 10 s',
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

    test('limits guesses of tokens and codes also while Redis is not available', async () => {
      const token = await app.token('GUEST');
      const query = 'mutation { acceptInvitation(token: "x") { __typename } }';
      const guess = () => call(here, { token, query });
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
