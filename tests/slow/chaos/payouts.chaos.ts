import { afterAll, expect, test } from 'vitest';
import { createTestApp } from '../../support/app.ts';
import { staffOf } from '../../support/make.ts';
import { simulatedRail, startSimulator } from '../../support/rail-simulator.ts';
import { AFTER, BEFORE, campaign, faultsOfTheBooks, type Toll } from './campaign.ts';
import { vendors } from './rails.ts';
import { vendorCampaign } from './vendor-campaign.ts';

const SEEDS = Number(process.env['CHAOS_SEEDS'] ?? 10);
const tolls: (Toll & { rail: string; seconds: number })[] = [];

afterAll(() => {
  const COLUMNS = ['sent', 'injected', 'paidTwice', 'lost', 'adrift'] as const;
  const line = (name: string, cells: readonly (string | number)[]) =>
    `${name.padEnd(12)}${cells.map((cell) => String(cell).padStart(11)).join('')}`;
  const lines = [...Map.groupBy(tolls, ({ rail }) => rail)].map(([name, of]) =>
    line(name, [
      of.length,
      ...COLUMNS.map((column) => of.reduce((sum, toll) => sum + toll[column], 0)),
      of.reduce((sum, { seconds }) => sum + seconds, 0),
    ]),
  );
  process.stdout.write(`\n${line('rail', ['seeds', ...COLUMNS, 'seconds'])}\n${lines.join('\n')}\n`);
});

async function runSeeds(rail: string, run: (seed: number) => Promise<Toll>): Promise<void> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const since = performance.now();
    const toll = { ...(await run(seed)), rail, seconds: 0 };
    toll.seconds = Math.round((performance.now() - since) / 1_000);
    tolls.push(toll);
    process.stdout.write(`${rail}: seed ${seed} of ${SEEDS}: ${JSON.stringify(toll)}\n`);
    expect(toll).toMatchObject({ paidTwice: 0, lost: 0, adrift: 0 });
  }
}

async function expectRightBooks(app: Awaited<ReturnType<typeof createTestApp>>): Promise<void> {
  const books = await faultsOfTheBooks(app);
  expect(books.filter((fault) => !fault.includes('UNLINKED'))).toEqual([]); // a moment after it was written
}

test('every payout is paid once by a simulated vendor, for every seed', async () => {
  const simulator = await startSimulator();
  const rail = simulatedRail(simulator.url);
  const app = await createTestApp({ rail: () => rail, random: () => 0 }, { PAYOUT_LEASE_SECONDS: '15' });
  try {
    const who = await staffOf(app);
    await app.app.startWorker();
    await runSeeds('generic', (seed) => {
      const kinds = seed % 2 ? AFTER : [...AFTER, ...BEFORE];
      const share = 0.36 / kinds.length;
      return campaign({ app, who, simulator, seed, payouts: 200, kinds, share, seconds: 300 });
    });
    await expectRightBooks(app);
  } finally {
    await app.close();
    await simulator.close();
  }
});

test.each(Object.keys(vendors))('every payout over %s is paid once, whatever the seed', async (name) => {
  const vendor = await (vendors[name] as NonNullable<(typeof vendors)[string]>)();
  const app = await createTestApp(
    { rail: () => vendor.rail, enrolment: () => vendor.enrolment, random: () => 0 },
    { PAYOUT_LEASE_SECONDS: '15' },
  );
  try {
    const who = await staffOf(app);
    await app.app.startWorker();
    await runSeeds(name, (seed) => vendorCampaign({ app, who, vendor, seed, payouts: 100, seconds: 300 }));
    await expectRightBooks(app);
  } finally {
    await app.close();
    await vendor.simulator.close();
  }
});
