import { afterAll, beforeAll, expect, test } from 'vitest';
import { commissionHistory, historiesApp } from './chaos/commission-histories.ts';

// A history again: SEED=... HISTORIES=1 npx vitest run ... More of them: npm run chaos.
const HISTORIES = Number(process.env['HISTORIES'] ?? 100);
const seed = Number(process.env['SEED'] ?? 676_057_046);

let world: Awaited<ReturnType<typeof historiesApp>>;
beforeAll(async () => {
  world = await historiesApp();
});
afterAll(() => world?.app.close());

test(`through the graph, each sale earns the amount that the sales that are left give (SEED=${seed})`, async () => {
  const failed: string[] = [];
  let next = 0;
  const work = async () => {
    while (next < HISTORIES)
      await commissionHistory(world, seed + next++).catch((error: Error) => failed.push(error.message));
  };
  await Promise.all(Array.from({ length: 4 }, work));
  expect(failed.slice(0, 3).join('\n\n'), `${failed.length} of ${HISTORIES} histories`).toBe('');
}, 900_000);
