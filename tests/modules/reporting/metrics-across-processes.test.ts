import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { readConfig } from '../../../src/config/config.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { newPartner } from '../../support/earn.ts';
import { staffOf } from '../../support/make.ts';
import { hasRedis, startRedis, type TestRedis } from '../../support/redis.ts';
import { listen } from '../../support/sockets.ts';
import { until } from '../../support/until.ts';

describe.skipIf(!hasRedis)('with Redis', () => {
  let redis: TestRedis;
  let here: TestApp;
  let there: Awaited<ReturnType<typeof createApp>>;

  beforeAll(async () => {
    redis = await startRedis();
    here = await createTestApp({}, { REDIS_URL: redis.url });
    const config = readConfig({
      NODE_ENV: 'test',
      JWT_SECRET: 'a secret of the tests, long enough for HS256',
      REDIS_URL: redis.url,
      PORT: '0',
      HOST: '127.0.0.1',
      CERBOS_URL: inject('cerbos'),
      CERBOS_DEADLINE_MS: '5000',
      BUSY_AFTER_MS: '60000', // the machine of a test may be busy with others
    });
    there = await createApp(config, here.database.url);
  });
  afterAll(async () => {
    await there.close();
    await here.close();
    await redis.stop();
  });

  const track = (code: string) =>
    there.server.inject({
      method: 'POST',
      url: '/graphql',
      payload: {
        query: 'mutation ($input: TrackReferralInput!) { trackReferral(input: $input) { id } }',
        variables: { input: { referralCode: code } },
      },
    });

  test('a change in another process is pushed within a second; without Redis a click is still stored', async () => {
    const { manager } = await staffOf(here);
    const { id, referralCode } = await newPartner(here, manager);
    const live = listen(
      await here.app.listen(),
      manager,
      'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }',
      { id },
    );
    await until(async () => here.listeners(id) > 0);
    const started = Date.now();
    await track(referralCode);
    await live.event((event) => event.partnerMetricsUpdated.clicks === 1);
    expect(Date.now() - started).toBeLessThan(1_000);

    if (process.env['REDIS_URL']) return; // not ours to stop
    await redis.stop();
    const answer = await track(referralCode);
    expect(answer.json().errors).toBeUndefined();
    const { partner } = await here.ask(
      manager,
      'query ($id: ID!) { partner(id: $id) { metrics { clicks } } }',
      { id },
    );
    expect(partner.metrics.clicks).toBe(2);
    redis = { url: '', stop: async () => {} };
    await live.client.dispose();
  });
});
