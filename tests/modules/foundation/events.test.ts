import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asApi } from '../../../src/database.ts';
import { createTestApp, TENANT, type TestApp } from '../../support/app.ts';
import { makeCommission, makePartner } from '../../support/make.ts';

// That every mutation of the schema writes the events of its audit entry is tested in audit.test.ts.

let app: TestApp;
let manager: string;
beforeAll(async () => {
  app = await createTestApp();
  manager = await app.token('PROGRAM_MANAGER');
});
afterAll(() => app.close());

const eventsOf = async (subjectId: string): Promise<string[]> => {
  const { rows } = await app.database.pool.query(
    'select type from events where tenant_id = $1 and subject_id = $2 order by occurred_at, id',
    [TENANT, subjectId],
  );
  return rows.map(({ type }) => type);
};

test('a commission has one event for each change of its state', async () => {
  const partner = await makePartner(app, manager);
  const id = await makeCommission(app, manager, partner.id);
  const approver = await app.token('FINANCE');
  await app.ask(approver, 'mutation ($id: ID!) { approveCommission(id: $id) { id } }', { id });
  expect(await eventsOf(id)).toEqual(['commission.created', 'commission.approved']);
});

test('a bulk approval writes one event for each commission that it approves', async () => {
  const partner = await makePartner(app, manager);
  const ids = await Promise.all([1, 2, 3].map(() => makeCommission(app, manager, partner.id)));
  const approver = await app.token('FINANCE');
  const { approveCommissions } = await app.ask(
    approver,
    'mutation ($ids: [ID!]!) { approveCommissions(ids: $ids) { approved { id } failures { id } } }',
    { ids: [...ids, randomUUID()] },
  );
  expect(approveCommissions.failures).toHaveLength(1);
  for (const id of ids) expect((await eventsOf(id)).slice(1)).toHaveLength(1);
});

test('a refused change writes no event', async () => {
  const partner = await makePartner(app, manager);
  const id = await makeCommission(app, manager, partner.id);
  const { code } = await app.refusal(manager, 'mutation ($id: ID!) { approveCommission(id: $id) { id } }', {
    id,
  });
  expect(code).toBe('FORBIDDEN'); // its maker may not approve it
  expect(await eventsOf(id)).toEqual(['commission.created']);
});

test('a session writes, changes and deletes no event, and a partner reads none', async () => {
  const partner = await makePartner(app, manager);
  const pool = new Pool({ connectionString: asApi(app.database.url), max: 1 });
  const as = (partnerId: string) =>
    pool.query("select set_config('portal.tenant', $1, false), set_config('portal.partner', $2, false)", [
      TENANT,
      partnerId,
    ]);
  try {
    await as('');
    const count = async () => (await pool.query('select count(*)::int as n from events')).rows[0].n;
    expect(await count()).toBeGreaterThan(0);
    const denied = { code: '42501' };
    await expect(
      pool.query(
        `insert into events (id, tenant_id, type, audit_event_id, occurred_at) values ($1, $2, 'payout.paid', $1, now())`,
        [randomUUID(), TENANT],
      ),
    ).rejects.toMatchObject(denied);
    await expect(pool.query(`update events set type = 'payout.paid'`)).rejects.toMatchObject(denied);
    await expect(pool.query('delete from events')).rejects.toMatchObject(denied);
    await expect(pool.query('select forget_events(now(), 1)')).rejects.toMatchObject(denied);
    await as(partner.id);
    expect(await count()).toBe(0);
  } finally {
    await pool.end();
  }
});
