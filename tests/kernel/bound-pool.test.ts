import { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BoundPool } from '../../src/kernel/data/bound-pool.ts';
import { actorOf } from '../../src/kernel/request/actor.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const actor = actorOf({ id: 'x', role: 'FINANCE', tenantId: 'acme', credential: 'OIDC' });
const insert = (n: number) => ({
  name: 'one',
  text: 'insert into once values ($1) returning n',
  values: [n],
});

let database: TestDatabase;
let pool: Pool;
let bound: BoundPool;
beforeAll(async () => {
  database = await createDatabase();
  await database.pool.query('create table once (n int unique deferrable initially deferred check (n < 10))');
  pool = new Pool({ connectionString: database.url, max: 1, pipeline: true }); // one connection: what is left on it meets the next
  bound = new BoundPool(pool);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
const kept = async () => (await database.pool.query('select n from once order by n')).rows.map(({ n }) => n);

test('the last statement of a transaction commits it', async () => {
  const [row] = await bound.transact(actor, (send) => send(insert(1), true));
  expect(row).toEqual({ n: 1 });
  expect(await kept()).toEqual([1]);
});

test('a last statement that fails, itself or as it is committed, leaves nothing of its transaction', async () => {
  for (const [n, code] of [
    [10, '23514'],
    [1, '23505'],
  ] as const) {
    const failing = bound.transact(actor, async (send) => {
      await send(insert(2));
      return send(insert(n), true);
    });
    await expect(failing).rejects.toMatchObject({ code });
    expect(await kept()).toEqual([1]);
  }
  await bound.transact(actor, (send) => send(insert(3)));
  expect(await kept()).toEqual([1, 3]);
});

test('a transaction that is refused before its last query is not committed', async () => {
  const refused = bound.transact(actor, async (send) => {
    await send(insert(4));
    throw new Error('refused');
  });
  await expect(refused).rejects.toThrow('refused');
  expect(await kept()).toEqual([1, 3]);
});
