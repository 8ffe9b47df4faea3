import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { PayoutRail } from '../../src/ports/payout-rail.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { staffOf } from '../support/make.ts';
import { seeded } from '../support/rail-faults.ts';
import { type GenericSimulator, simulatedRail, startSimulator } from '../support/rail-simulator.ts';
import { until } from '../support/until.ts';
import { AFTER, campaign, faultsOfTheBooks, type Toll } from './chaos/campaign.ts';

const SEED = 41;
const LEASE = '3';

let app: TestApp;
let who: Awaited<ReturnType<typeof staffOf>>;
let simulator: GenericSimulator;
let rail: PayoutRail;
const uncertain = seeded(SEED);

beforeAll(async () => {
  // Its clock is ten minutes early or late, and steps between (F13): who has a payout, and until when, the database says.
  const clock = { now: () => new Date(Date.now() + Math.round((uncertain() - 0.5) * 1_200_000)) };
  simulator = await startSimulator();
  rail = simulatedRail(simulator.url);
  app = await createTestApp({ rail: () => rail, random: () => 0, clock }, { PAYOUT_LEASE_SECONDS: LEASE });
  who = await staffOf(app);
});
afterAll(async () => {
  await app.close();
  await simulator.close();
});

let started: Promise<void> | null = null;
/** A worker that lives. */
const alive = () => {
  started ??= app.app.startWorker();
  return started;
};

const say = (what: string, toll: Toll) => process.stdout.write(`${what}: ${JSON.stringify(toll)}\n`);

/** A worker process; answers with the signal that ended it, or null where it has nothing left to do. */
async function worker(seed: number, idle: () => Promise<boolean>): Promise<string | null> {
  const args = ['--import', '@oxc-node/core/register', 'tests/support/chaos-worker.ts'];
  const child = spawn(process.execPath, [...args, app.database.url, simulator.url, String(seed)], {
    env: {
      ...process.env,
      CERBOS_URL: inject('cerbos'),
      JWT_SECRET: 'x'.repeat(40),
      NODE_ENV: 'test',
      PAYOUT_LEASE_SECONDS: LEASE,
    },
    stdio: 'inherit',
  });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  const [, signal] = await Promise.race([
    ended,
    until(idle, 240).then(() => {
      child.kill('SIGTERM');
      return ended;
    }),
  ]);
  return signal;
}

test('workers that are killed repeatedly pay each payout once and lose none (F1)', async () => {
  const payouts = 60;
  let kills = 0;
  const toll = await campaign({
    ...{ app, who, simulator, seed: SEED, payouts, kinds: AFTER, share: 0.05, seconds: 120 },
    async meanwhile(ids) {
      const idle = async () => {
        const { rows } = await app.database.pool.query(
          `select 1 from payouts where id = any($1) and status <> 'PAID' limit 1`,
          [ids],
        );
        return rows.length === 0;
      };
      for (let i = 0; i < 4; i++) if ((await worker(SEED + i, idle)) === 'SIGKILL') kills++;
      await alive();
    },
  });
  say(`F1, seed ${SEED}, ${kills} workers killed`, toll);
  expect(kills).toBeGreaterThan(1);
  expect(toll).toMatchObject({ paidTwice: 0, lost: 0, adrift: 0 });
}, 400_000);

test('the books check passes afterwards (I1 to I4)', async () => {
  // Each entry of the audit log is linked a moment after it was written.
  const found = await until(async () => {
    const faults = await faultsOfTheBooks(app);
    return !faults.some((fault) => fault.includes('UNLINKED')) && faults;
  });
  expect(found).toEqual([]);
});
