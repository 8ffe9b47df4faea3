import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PayoutRail } from '../../src/ports/payout-rail.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { staffOf } from '../support/make.ts';
import { type GenericSimulator, simulatedRail, startSimulator } from '../support/rail-simulator.ts';
import { until } from '../support/until.ts';
import { AFTER, BEFORE, campaign, faultsOfTheBooks } from './chaos/campaign.ts';

let app: TestApp;
let who: Awaited<ReturnType<typeof staffOf>>;
let simulator: GenericSimulator;
let rail: PayoutRail;

beforeAll(async () => {
  app = await createTestApp({ rail: () => rail, random: () => 0 }, { PAYOUT_LEASE_SECONDS: '2' });
  who = await staffOf(app);
  simulator = await startSimulator();
  rail = simulatedRail(simulator.url);
  await app.app.startWorker();
});
afterAll(async () => {
  await app.close();
  await simulator.close();
});

describe('Payouts over a rail that fails before and after the money moved', () => {
  test.each([
    [11, 'after it moved', AFTER, 0.09],
    [12, 'before it moved', BEFORE, 0.06],
    [13, 'before and after it moved', [...AFTER, ...BEFORE], 0.04],
  ] as const)(
    'pays each payout once and exactly, and loses none (F5, F6, I1 to I4; seed %i: faults %s)',
    async (seed, _, kinds, share) => {
      const toll = await campaign({ app, who, simulator, seed, payouts: 200, kinds, share, seconds: 110 });
      process.stdout.write(`F5, F6: ${JSON.stringify(toll)}\n`);
      expect(toll).toMatchObject({ sent: 200, paidTwice: 0, lost: 0, adrift: 0 });
      expect(toll.injected).toBeGreaterThan(40);
    },
    120_000,
  );

  test('the books check passes afterwards', async () => {
    // Each entry of the audit log is linked a moment after it was written.
    const found = await until(async () => {
      const faults = await faultsOfTheBooks(app);
      return !faults.some((fault) => fault.includes('UNLINKED')) && faults;
    });
    expect(found).toEqual([]);
  });
});
