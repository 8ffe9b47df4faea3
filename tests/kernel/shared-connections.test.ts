import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BoundPool } from '../../src/kernel/data/bound-pool.ts';
import { SharedConnections } from '../../src/kernel/data/shared-connections.ts';
import type { Bounds } from '../../src/kernel/request/bounds.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const CONNECTIONS = 8;
const READS = 6_000;
const ASKED = {
  name: 'asked',
  text: `select current_setting('portal.tenant') as tenant, current_setting('portal.partner') as partner, $1::int as n`,
};
const SLOW = { ...ASKED, name: 'slow', text: `${ASKED.text}, pg_sleep(0.002)` };
const FAILING = { ...ASKED, name: 'failing', text: `${ASKED.text}, 1 / ($1::int - $1::int)` };

interface Answer extends Bounds {
  readonly n: number;
}

let database: TestDatabase;
let pool: Pool;
let bound: BoundPool;
beforeAll(async () => {
  database = await createDatabase();
  pool = new Pool({
    connectionString: database.url,
    max: CONNECTIONS,
    pipeline: true,
    application_name: 'x',
  });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  bound = new BoundPool(pool);
});
afterAll(async () => {
  await bound.end();
  await database.drop();
});

const all = { tenant: 'a', partner: '' };
const ask = (bounds: Bounds, n: number) => bound.read<Answer>(bounds, { ...ASKED, values: [n] });

test('no read runs within the bounds of another, whatever fails, is cancelled or is cut off between them', async () => {
  const tenants = ['a', 'b', 'c', '*', ''];
  const partners = ['', randomUUID(), randomUUID()];
  const outcomes = { answered: 0, failed: 0, cut: 0 };
  let running = true;
  /** Cancels and ends the shared connections, a few hundred times a second. */
  const disturb = async () => {
    for (let n = 0; running; n++) {
      await database.pool.query(
        `select ${n % 20 === 0 ? 'pg_terminate_backend' : 'pg_cancel_backend'}(pid) from pg_stat_activity
          where application_name = 'x' and datname = current_database() order by random() limit 1`,
      );
      await sleep(1);
    }
  };
  const disturbing = disturb();
  const reader = async (first: number) => {
    for (let n = first; n < READS; n += 60) {
      const bounds = {
        tenant: tenants[n % tenants.length] as string,
        partner: partners[Math.floor(Math.random() * partners.length)] as string,
      };
      const kind = [ASKED, ASKED, ASKED, SLOW, FAILING][Math.floor(Math.random() * 5)] as typeof ASKED;
      try {
        const rows = await bound.read<Answer>(bounds, { ...kind, values: [n] });
        expect(rows).toEqual([expect.objectContaining({ ...bounds, n })]);
        outcomes.answered++;
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === undefined && !/connection|terminat|closed/i.test(String(error))) throw error;
        if (code === '22012') outcomes.failed++;
        else outcomes.cut++;
      }
    }
  };
  await Promise.all(Array.from({ length: 60 }, (_, i) => reader(i))).finally(() => {
    running = false;
  });
  await disturbing;
  expect(outcomes.answered + outcomes.failed + outcomes.cut).toBe(READS);
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(20);
  const after = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(all, n)));
  expect(after.map(([row]) => row?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  expect(pool.totalCount).toBeLessThanOrEqual(CONNECTIONS);
  process.stdout.write(`${JSON.stringify(outcomes)}\n`);
});

test('the reads of bounds that cannot be set are refused, and those behind them are answered', async () => {
  const impossible = { tenant: 'a\0b', partner: '' };
  const answers = await Promise.allSettled(
    Array.from({ length: 40 }, (_, n) => ask(n % 2 ? all : impossible, n)),
  );
  for (const [n, answer] of answers.entries()) {
    if (n % 2) expect(answer).toMatchObject({ value: [{ ...all, n }] });
    else expect(answer).toMatchObject({ status: 'rejected', reason: { code: '22021' } });
  }
});

test('a hundred reads at once use half of the connections, so that a long query finds one of its own', async () => {
  const own = new Pool({ connectionString: database.url, max: CONNECTIONS, pipeline: true });
  const fresh = new BoundPool(own);
  const many = Array.from({ length: 100 }, (_, n) => fresh.read<Answer>(all, { ...ASKED, values: [n] }));
  const alone = await fresh.query<{ pid: number }>(all, { text: 'select pg_backend_pid() as pid' });
  expect(alone).toHaveLength(1);
  expect((await Promise.all(many)).map(([row]) => row?.n)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  expect(own.totalCount).toBeLessThanOrEqual(CONNECTIONS / 2 + 1);
  await fresh.end();
});

test('a statement that takes half a second has a connection of its own from then on', async () => {
  const long = { name: 'long', text: 'select pg_sleep(0.5), pg_backend_pid() as pid' };
  const shared = new Set<number>();
  await bound.read(all, long);
  const waiting = bound.read<{ pid: number }>(all, long);
  const started = performance.now();
  const rows = await Promise.all(
    Array.from({ length: 40 }, () =>
      bound.read<{ pid: number }>(all, { name: 'pid', text: 'select pg_backend_pid() as pid' }),
    ),
  );
  for (const [row] of rows) shared.add(row?.pid as number);
  expect(performance.now() - started).toBeLessThan(150);
  expect(shared).not.toContain((await waiting)[0]?.pid);
});

test('one late answer of 300 ms makes no statement slow, and ten fast ones make it fast again', () => {
  const shared = new SharedConnections(pool, 1);
  const statement = { name: 'list', text: 'select 1' };
  shared.took(statement, 300);
  expect(shared.isSlow(statement)).toBe(false);
  shared.took(statement, 500);
  expect(shared.isSlow(statement)).toBe(true);
  expect(shared.isSlow({ name: 'another', text: 'select 2' })).toBe(false);
  for (let n = 0; n < 10; n++) shared.took(statement, 1);
  expect(shared.isSlow(statement)).toBe(false);
});
