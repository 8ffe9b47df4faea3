import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import { call, FIFTY, ONE } from '../support/calls.ts';
import { makePartner, staffOf, TRACK } from '../support/make.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

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
  ])('a partner at %s has %i calls an hour, and fifty aliases cost fifty calls', async (tier, limit) => {
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

  test('refuses a partner above its limit with the time to wait, for any credential and transport', async () => {
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

  test('refuses an operation above the remaining calls, and allows a smaller one', async () => {
    const { id, token } = await partnerAt('BRONZE');
    await app.ask(staff.manager, LIMIT, { id, limit: 60 });
    expect(await call(app.app, { token, query: FIFTY })).toMatchObject({
      status: 200,
      limit: 60,
      remaining: 10,
    });
    expect(await call(app.app, { token, query: FIFTY })).toMatchObject({ status: 429 });
  });

  test('a partner can have its own limit, which only staff can set', async () => {
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

  test('each message of a socket counts as a call', async () => {
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

describe('a caller without a credential', () => {
  test('anonymous calls count for their address only', async () => {
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

  test('all addresses of a network count as one', async () => {
    for (let i = 0; i < 20; i++) await call(app.app, { from: `2001:db8:1:2::${i}` });
    expect(await call(app.app, { from: '2001:db8:1:2:ffff::1' })).toMatchObject({ status: 429 });
    expect(await call(app.app, { from: '2001:db8:1:3::1' })).toMatchObject({ status: 200 });
  });

  test('limits a caller with an invalid credential', async () => {
    const from = '198.51.100.1';
    for (let i = 0; i < 20; i++)
      expect(await call(app.app, { token: `bad${i}`, from })).toMatchObject({ status: 401 });
    const refused = await call(app.app, { token: 'bad', from });
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
    expect(refused.retryAfter).toBeGreaterThan(0);
  });
});

describe('a valid credential is not refused for the refused ones of its address', () => {
  const from = '198.51.100.77';
  beforeAll(async () => {
    for (let i = 0; i < 30; i++) {
      await call(app.app, { token: `bad${i}`, from });
      await call(app.app, { from });
    }
    expect(await call(app.app, { token: 'bad', from })).toMatchObject({ status: 429 });
    expect(await call(app.app, { from })).toMatchObject({ status: 429 });
  });

  test.each(['staff', 'a partner', 'an API key', 'a guest'])(
    'of %s, seen for the first time',
    async (who) => {
      const { id } = await partnerAt('BRONZE');
      const key = async () => {
        const input = { partnerId: id, name: 'integration', scopes: ['READ'] };
        const { createApiKey } = await app.ask(
          staff.manager,
          'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
          { input },
        );
        return createApiKey.secret as string;
      };
      const token =
        who === 'an API key'
          ? await key()
          : await (who === 'staff'
              ? app.token('ANALYST')
              : who === 'a guest'
                ? app.token('GUEST')
                : app.token('PARTNER', { partner: id }));
      expect(await call(app.app, { token, from })).toMatchObject({ status: 200 });
      const live = listen(port, token, ONE, {});
      await live.event((data) => data !== null);
      await live.client.dispose();
    },
  );

  test('while refused ones go on arriving', async () => {
    const flood = Array.from({ length: 300 }, (_, i) => call(app.app, { token: `pp_test_guess${i}`, from }));
    const valid = await Promise.all(
      Array.from({ length: 5 }, async () => call(app.app, { token: await app.token('ANALYST'), from })),
    );
    expect(valid.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set((await Promise.all(flood)).map(({ status }) => status))).toEqual(new Set([429]));
  });

  test('and a guest has calls of its own, which another guest does not use up', async () => {
    const [one, other] = [await app.token('GUEST'), await app.token('GUEST')];
    for (let i = 0; i < 20; i++)
      expect(await call(app.app, { token: one, from })).toMatchObject({ status: 200 });
    expect(await call(app.app, { token: one, from })).toMatchObject({ status: 429 });
    expect(await call(app.app, { token: other, from })).toMatchObject({ status: 200 });
  });
});
