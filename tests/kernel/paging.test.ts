import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, TENANT, type TestApp } from '../support/app.ts';

let app: TestApp;
let finance: string;
beforeAll(async () => {
  app = await createTestApp();
  finance = await app.token('FINANCE');
  await app.ask(finance, '{ program { currency } }'); // its first caller creates the program
});
afterAll(() => app.close());

/** Adds rates without triggers, which would compute figures again for each. */
async function rates(from: number, to: number): Promise<void> {
  const client = await app.database.pool.connect();
  await client.query('set session_replication_role = replica');
  await client.query(
    `insert into exchange_rates (id, tenant_id, base, quote, rate, effective_on, created_by)
      select new_id(), $1, 'EUR', 'USD', 1, date '1990-01-01' + n, 'x' from generate_series($2::int, $3::int) n`,
    [TENANT, from, to],
  );
  client.release(true);
}
const count = async (args = '') =>
  (await app.ask(finance, `{ exchangeRates(first: 1${args}) { totalCount totalCountIsExact } }`))
    .exchangeRates;

test('a list counts up to 10,000 rows, and all of them where an exact count is asked for', async () => {
  await rates(1, 10_000);
  expect(await count()).toEqual({ totalCount: 10_000, totalCountIsExact: true });
  await rates(10_001, 12_345);
  expect(await count()).toEqual({ totalCount: 10_000, totalCountIsExact: false });
  expect(await count(', exactCount: false')).toEqual({ totalCount: 10_000, totalCountIsExact: false });
  expect(await count(', exactCount: true')).toEqual({ totalCount: 12_345, totalCountIsExact: true });
});

test('a page without pageInfo reads no row more than it shows', async () => {
  const page = async (fields: string) => {
    app.statements.length = 0;
    await app.ask(finance, `{ exchangeRates(first: 7) { edges { node { id } } ${fields} } }`);
    return app.statements
      .filter((text) => text.includes('exchange_rates'))
      .map((text) => /limit (\d+)/.exec(text)?.[1]);
  };
  expect(await page('')).toEqual(['7']);
  expect(await page('pageInfo { hasNextPage }')).toEqual(['8']);
});
