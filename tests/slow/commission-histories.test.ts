import { afterAll, beforeAll, expect, test } from 'vitest';
import { historiesApp, runHistories, type World } from './chaos/commission-histories.ts';

// A history again: SEED=... HISTORIES=1 npx vitest run ... More of them: npm run chaos.
const count = Number(process.env['HISTORIES'] ?? 100);
const seed = Number(process.env['SEED'] ?? 676_057_046);

let world: World;
beforeAll(async () => {
  world = await historiesApp();
});
afterAll(() => world?.app.close());

test(`through the graph, each sale has its terms and earns what the sales that are left give, and the books are proved (SEED=${seed})`, async () => {
  const wrong = await runHistories(world, { seed, count });
  expect(wrong.slice(0, 3).join('\n\n'), `${wrong.length} faults in ${count} histories`).toBe('');
  // Promotions that are dated back raise sales, or the histories say nothing about them.
  const { rows } = await world.app.database.pool.query(
    "select count(distinct tenant_id)::int as count from commissions where reason like 'The partner reached another tier%'",
  );
  process.stdout.write(`${rows[0].count} of ${count} histories have a promotion that raises sales\n`);
  expect(rows[0].count).toBeGreaterThanOrEqual(Math.floor(count / 10));
}, 900_000);
