import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { historiesApp, runHistories, type World } from './commission-histories.ts';

const count = 100 * Number(process.env['CHAOS_SEEDS'] ?? 10);
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));

let world: World;
beforeAll(async () => {
  world = await historiesApp();
});
afterAll(() => world?.app.close());

test(`each sale has its terms and earns what the sales that are left give, and the books are proved (SEED=${seed})`, async () => {
  const wrong = await runHistories(world, { seed, count }, (done) => {
    if (done % 100 === 0) process.stdout.write(`commissions: ${done} of ${count} histories\n`);
  });
  expect(wrong.slice(0, 3).join('\n\n'), `${wrong.length} faults in ${count} histories`).toBe('');
});
