import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import { staffOf } from '../support/make.ts';
import { until } from '../support/until.ts';
import { faultsOfTheBooks } from './chaos/campaign.ts';
import { type Vendor, vendors } from './chaos/rails.ts';
import { vendorCampaign } from './chaos/vendor-campaign.ts';

const SEED = 51;
const PAYOUTS: Record<string, number> = { stripe: 24, razorpayx: 8, paypal: 16 };

let app: TestApp;
let who: Awaited<ReturnType<typeof staffOf>>;
let all: Vendor[];

beforeAll(async () => {
  all = await Promise.all(Object.values(vendors).map((start) => start()));
  const of = (method: string) => all.find((vendor) => vendor.method === method);
  app = await createTestApp(
    {
      rail: (method) => of(method)?.rail ?? null,
      enrolment: (method) => of(method)?.enrolment ?? null,
      random: () => 0,
    },
    { PAYOUT_LEASE_SECONDS: '15' },
  );
  who = await staffOf(app);
  await app.app.startWorker();
});
afterAll(async () => {
  await app.close();
  for (const { simulator } of all) await simulator.close();
});

test.each(Object.keys(PAYOUTS))(
  'pays each payout over %s once, also with repeated, late or lost messages (F5, F6, F8 to F10)',
  async (name) => {
    const vendor = all.find(({ rail }) => rail.name === name) as Vendor;
    const payouts = PAYOUTS[name] ?? 0;
    const toll = await vendorCampaign({ app, who, vendor, seed: SEED, payouts, seconds: 90 });
    process.stdout.write(`${name}: ${JSON.stringify(toll)}\n`);
    expect(toll).toMatchObject({ sent: payouts, paidTwice: 0, lost: 0, adrift: 0, differences: 0 });
    expect(toll.injected).toBeGreaterThan(1);
    expect(toll.dropped).toBeGreaterThan(0);
    expect(toll.returned).toBeGreaterThan(0);
  },
  150_000,
);

test('the books check passes afterwards (I1 to I4)', async () => {
  const found = await until(async () => {
    const faults = await faultsOfTheBooks(app);
    return !faults.some((fault) => fault.includes('UNLINKED')) && faults;
  });
  expect(found).toEqual([]);
});
