import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commissionHistory, historiesApp } from './commission-histories.ts';

const HISTORIES = 100 * Number(process.env['CHAOS_SEEDS'] ?? 10);
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));

let world: Awaited<ReturnType<typeof historiesApp>>;
beforeAll(async () => {
  world = await historiesApp();
});
afterAll(() => world?.app.close());

test(`each sale earns the amount that the sales that are left give (SEED=${seed})`, async () => {
  const failed: string[] = [];
  for (let nth = 0; nth < HISTORIES; nth++) {
    await commissionHistory(world, seed + nth).catch((error: Error) => failed.push(error.message));
    if (nth % 100 === 99) process.stdout.write(`commissions: ${nth + 1} of ${HISTORIES} histories\n`);
  }
  expect(failed.slice(0, 3).join('\n\n'), `${failed.length} of ${HISTORIES} histories`).toBe('');
});
