import { afterAll, expect, test } from 'vitest';
import { createTestApp } from '../support/app.ts';
import { staffOf } from '../support/make.ts';
import { AFTER, BEFORE, campaign, faultsOfTheBooks, type Toll } from './campaign.ts';
import { rails } from './rails.ts';

const SEEDS = Number(process.env['CHAOS_SEEDS'] ?? 10);
const PAYOUTS = 200;
const tolls: (Toll & { rail: string })[] = [];

afterAll(() => {
  const sum = (of: (toll: Toll) => number) => tolls.reduce((total, toll) => total + of(toll), 0);
  const names = [...new Set(tolls.map(({ rail }) => rail))].join(', ');
  process.stdout.write(`
rails             ${names}
seeds             ${tolls.length}
payouts sent      ${sum(({ sent }) => sent)}
faults injected   ${sum(({ injected }) => injected)}
paid twice        ${sum(({ paidTwice }) => paidTwice)}
lost              ${sum(({ lost }) => lost)}
not settled       ${sum(({ adrift }) => adrift)}
`);
});

test.each(Object.keys(rails))('every payout over %s is paid once, whatever the seed', async (name) => {
  const { simulator, rail } = await (rails[name] as NonNullable<(typeof rails)[string]>)();
  const app = await createTestApp({ rail: () => rail, random: () => 0 }, { PAYOUT_LEASE_SECONDS: '15' });
  try {
    const who = await staffOf(app);
    await app.app.startWorker();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const kinds = seed % 2 ? AFTER : [...AFTER, ...BEFORE];
      const share = 0.36 / kinds.length;
      const toll = await campaign({
        app,
        who,
        simulator,
        seed,
        payouts: PAYOUTS,
        kinds,
        share,
        seconds: 300,
      });
      tolls.push({ ...toll, rail: name });
      process.stdout.write(`${name}: seed ${seed} of ${SEEDS}: ${JSON.stringify(toll)}\n`);
      expect(toll).toMatchObject({ paidTwice: 0, lost: 0, adrift: 0 });
    }
    const books = await faultsOfTheBooks(app);
    expect(books.filter((fault) => !fault.includes('UNLINKED'))).toEqual([]); // a moment after it was written
  } finally {
    await app.close();
    await simulator.close();
  }
});
