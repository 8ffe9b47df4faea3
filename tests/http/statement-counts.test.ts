import { readFileSync } from 'node:fs';
import { Kind, parse, print } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDemoData } from '../../src/demo/demo-data.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await createTestApp();
  await makeDemoData(app.database.pool, { now: new Date('2026-11-22T12:00:00Z') });
  token = await app.token('FINANCE', { tenant: 'demo' });
});
afterAll(() => app.close());

/** One operation of the documents that needs no fragment. */
function operation(file: string, name: string): string {
  const { definitions } = parse(readFileSync(`src/documents/${file}.graphql`, 'utf8'));
  const found = definitions.find(
    (node) => node.kind === Kind.OPERATION_DEFINITION && node.name?.value === name,
  );
  if (!found) throw new Error(`no ${name} in ${file}`);
  return print(found);
}

test.each([
  ['PartnerDashboard', 'partners', 'partners', 4],
  ['CommissionReview', 'commissions', 'commissions', 1],
])('%s takes the same few statements at 5 and at 100 rows', async (name, file, list, most) => {
  const query = operation(file, name);
  await app.ask(token, query, { first: 1 }); // the program of the tenant is known from here on
  const counts: number[] = [];
  for (const first of [5, 100]) {
    app.statements.length = 0;
    const data = await app.ask(token, query, { first });
    expect(data[list].edges).toHaveLength(first);
    counts.push(app.statements.length);
  }
  expect(counts[0]).toBe(counts[1]);
  expect(counts[0]).toBeLessThanOrEqual(most);
});

test.each([
  [
    'partners of a tenant',
    `select p.id from partners p where p.tenant_id = 'demo' order by p.id desc limit 21`,
    'partners_tenant',
  ],
  [
    'commissions of a tenant',
    `select c.id from commissions c where c.tenant_id = 'demo' order by c.id desc limit 21`,
    'commissions_tenant',
  ],
  [
    'commissions of a partner',
    `select c.id from commissions c where c.tenant_id = 'demo' and c.partner_id = '550e8400-e29b-41d4-a716-446655440000' order by c.id desc limit 11`,
    'commissions_partner',
  ],
  [
    'reversed commissions',
    `select c.id from commissions c where c.tenant_id = 'demo' and c.status = 'REVERSED' order by c.id desc limit 21`,
    'commissions_status',
  ],
  [
    'commissions in a currency',
    `select c.id from commissions c where c.tenant_id = 'demo' and c.amount_currency = 'CHF' order by c.id desc limit 21`,
    'commissions_currency',
  ],
  [
    'payouts of a partner',
    `select o.id from payouts o where o.tenant_id = 'demo' and o.partner_id = '550e8400-e29b-41d4-a716-446655440000' order by o.id desc limit 4`,
    'payouts_partner',
  ],
  [
    'referrals of a tenant',
    `select f.id from referrals f where f.tenant_id = 'demo' order by f.id desc limit 21`,
    'referrals_tenant',
  ],
])('the list of %s walks an index in its order', async (_, sql, index) => {
  const client = await app.database.pool.connect();
  await client.query('set enable_seqscan = off; set enable_bitmapscan = off'); // the demo is small: which index, not whether
  const { rows } = await client.query(`explain (analyze, buffers) ${sql}`);
  client.release(true);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain(index);
  expect(plan).not.toContain('Sort');
});
