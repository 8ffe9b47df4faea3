import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { system } from '../../src/kernel/request/actor.ts';
import { contextFor } from '../../src/kernel/request/context.ts';
import { resumePayouts } from '../../src/modules/payouts/sending/resume-payouts.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { APPROVE, BALANCES, CREATE, earned, january, newPartner, PAYOUT } from '../support/earn.ts';
import { staffOf } from '../support/make.ts';
import { manyPayouts } from '../support/many-payouts.ts';
import { until } from '../support/until.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp({}, { PAYOUT_LEASE_SECONDS: '2' });
});
afterAll(() => app.close());

test('resumes payouts of lost jobs in batches of five hundred, each once', async () => {
  const { ids } = await manyPayouts(app, await staffOf(app), 501);
  const change = (set: string) =>
    app.database.pool.query(
      `begin; set local session_replication_role = replica;
       update payouts set ${set} where id = any('{${ids.join()}}'); commit`,
    );
  await change(`updated_at = now() - interval '1 minute'`);
  const resume = () => resumePayouts(contextFor(app.app.services, { actor: system, requestId: 'a worker' }));
  expect([await resume(), await resume(), await resume()]).toEqual([500, 1, 0]);
  await app.database.pool.query('delete from graphile_worker._private_jobs'); // they are not to be sent here
  await change(`status = 'CANCELED'`);
});

test('another worker pays once after a worker was killed before or after the transfer', async () => {
  const who = await staffOf(app);
  const payouts: Record<string, { id: string; partnerId: string }> = {};
  for (const moment of ['before', 'after']) {
    const partner = await newPartner(app, who.manager);
    await earned(app, who, partner.id);
    const { createPayout } = await app.ask(who.maria, CREATE, {
      input: { partnerId: partner.id, ...january },
    });
    await app.ask(who.tom, APPROVE, { id: createPayout.id });
    payouts[moment] = { id: createPayout.id, partnerId: partner.id };
    const worker = spawn(
      process.execPath,
      [
        '--import',
        '@oxc-node/core/register',
        'tests/support/dying-worker.ts',
        app.database.url,
        moment,
        createPayout.id,
      ],
      {
        env: {
          ...process.env,
          CERBOS_URL: inject('cerbos'),
          JWT_SECRET: 'x'.repeat(40),
          NODE_ENV: 'test',
          PAYOUT_LEASE_SECONDS: '2',
        },
        stdio: 'inherit',
      },
    );
    expect((await once(worker, 'exit'))[1]).toBe('SIGKILL');
    expect((await app.ask(who.tom, PAYOUT, { id: createPayout.id })).payout.status).toBe('PROCESSING');
  }

  await app.app.startWorker();
  for (const { id, partnerId } of Object.values(payouts)) {
    const paid = await until(async () => {
      const { payout } = await app.ask(who.tom, PAYOUT, { id });
      return payout.status === 'PAID' && payout;
    }, 40);
    expect(paid.attempts).toBe(1);
    const { rows } = await app.database.pool.query(
      'select count(*)::int as n from sandbox_rail.transfers where payout_id = $1',
      [id],
    );
    expect(rows[0].n).toBe(1);
    const { partner } = await app.ask(who.tom, BALANCES, { id: partnerId });
    expect(partner.balances).toMatchObject([
      { payable: { amount: '0.00' }, inTransit: { amount: '0.00' }, paid: { amount: '20.00' } },
    ]);
  }
}, 120_000);
