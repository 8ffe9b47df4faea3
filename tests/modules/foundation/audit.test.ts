import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSchema } from '../../../src/schema.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { CREATE_COMMISSION, makePartner } from '../../support/make.ts';
import { copyOf, makeWorld, type Operation, operations, type World } from '../../support/operations.ts';

let app: TestApp;
let world: World;
beforeAll(async () => {
  app = await createTestApp();
  world = await makeWorld(app);
});
afterAll(() => app.close());

interface Entry {
  id: string;
  tenant_id: string;
  actor_id: string;
  actor_role: string;
  credential: string;
  request_id: string;
  action: string;
  subject_id: string | null;
  subjects: string[];
  partner_id: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  reason: string | null;
  personal: Record<string, Record<string, unknown>> | null;
  xmin: string;
}

/** The entries written since `mark`, with what they say of persons. */
async function entriesSince(mark: number): Promise<Entry[]> {
  const { rows } = await app.database.pool.query(
    `select e.*, p.data as personal, e.xmin from audit_events e left join audit_personal p on p.event_id = e.id
     order by e.id offset $1`,
    [mark],
  );
  return rows;
}
async function mark(): Promise<number> {
  const { rows } = await app.database.pool.query('select count(*)::int as count from audit_events');
  return rows[0].count;
}
async function entriesOf(work: () => Promise<unknown>): Promise<Entry[]> {
  const before = await mark();
  await work();
  return entriesSince(before);
}

/** Mutations without an entry, each with the reason. */
const EXEMPT: Record<string, string> = {
  trackReferral: 'a click of a stranger: the referral that it makes is its own record',
};

/** What adds figures up again finds them as they were. */
const UNCHANGED = new Set(['calculatePartnerMetrics']);

/** Everything in the database but the locks. */
async function everything(): Promise<Record<string, string>> {
  const { pool } = app.database;
  everyTable ??= (
    await pool.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema in ('public', 'graphile_worker') order by 1`,
    )
  ).rows
    .map(({ name }) => `select '${name}', md5(string_agg(t::text, '' order by t::text)) from ${name} t`)
    .join(' union all ');
  const { rows } = await pool.query({ text: everyTable, rowMode: 'array' });
  return Object.fromEntries(rows);
}
let everyTable: string | null = null;

describe('every mutation writes one audit entry', () => {
  test('the table of mutations covers every operation of the schema', async () => {
    const mutations = Object.keys((await createSchema()).getMutationType()?.getFields() ?? {});
    expect(mutations.filter((name) => !operations[name])).toEqual([]);
    expect(mutations.length).toBeGreaterThan(15);
    expect(Object.keys(EXEMPT)).toEqual(['trackReferral']);
  });

  const mutations = Object.entries(operations).filter(([, { document }]) =>
    document.trimStart().startsWith('mutation'),
  );
  /** Whoever does it: an admin, or somebody of that role whom nobody has seen before. */
  const doer = async ({ by, spends }: Operation): Promise<string | null> =>
    by ? app.token(by, { user: randomUUID() }) : spends ? copyOf(app, world.as.admin) : world.as.admin;
  test.each(mutations)('%s', async (name, operation: Operation) => {
    const { document, variables, subject, by } = operation;
    const row = (await subject?.(world)) ?? '';
    const token = await doer(operation);
    const entries = await entriesOf(() => app.ask(token, document, variables?.(row)));
    if (EXEMPT[name]) return expect(entries).toEqual([]);
    expect(entries.map(({ action }) => action)).toHaveLength(1);
    const [entry] = entries as [Entry];
    expect(entry).toMatchObject({
      tenant_id: 'acme',
      actor_id: by ? expect.any(String) : expect.stringMatching(/^platform_admin-/),
      actor_role: by ?? 'PLATFORM_ADMIN',
      credential: 'TOKEN',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      action: expect.stringMatching(/^\w+\.\w+$/),
    });
    expect(entry.after).not.toBeNull();
    if (!UNCHANGED.has(name))
      expect([entry.before, entry.personal?.['before']]).not.toEqual([
        entry.after,
        entry.personal?.['after'],
      ]);
    expect(JSON.stringify([entry.before, entry.after])).not.toMatch(/@|"minor"/);
    const { rows: events } = await app.database.pool.query(
      'select tenant_id, partner_id, type, subject_id, xmin from events where audit_event_id = $1 order by id',
      [entry.id],
    );
    const changed = entry.subjects.length > 0 ? entry.subjects : [entry.subject_id];
    const { tenant_id, partner_id, action, xmin } = entry;
    expect(events.map(({ subject_id }) => subject_id).toSorted()).toEqual(changed.toSorted());
    for (const event of events) expect(event).toMatchObject({ tenant_id, partner_id, type: action, xmin });
    const about = [entry.subject_id, ...entry.subjects, entry.tenant_id];
    expect(about.filter(Boolean).length).toBeGreaterThan(0);
  });
  // The entry fails at the commit; were it in a transaction of its own, the change would stand without it.
  test.each(mutations.filter(([name]) => !EXEMPT[name]))(
    'a failed audit entry rolls back %s',
    { tags: ['slow'] },
    async (_, operation) => {
      const { document, variables, subject } = operation;
      const row = (await subject?.(world)) ?? '';
      await app.database.pool.query(`
        create function no_entry() returns trigger language plpgsql as $$ begin raise exception 'no entry today'; end $$;
        create constraint trigger no_entry after insert on audit_events deferrable initially deferred
          for each row execute function no_entry()`);
      const before = await everything();
      try {
        const token = await doer({ ...operation, spends: false });
        expect((await app.refusal(token, document, variables?.(row))).code).toBe('INTERNAL_SERVER_ERROR');
        expect(await everything()).toEqual(before);
      } finally {
        await app.database.pool.query('drop trigger no_entry on audit_events; drop function no_entry()');
      }
    },
  );

  test('a refused mutation writes no audit entry', async () => {
    const entries = await entriesOf(async () => {
      const { document, variables } = operations['createPayout'] as Operation;
      await app.refusal(world.as.admin, document, variables?.(await world.newcomer()));
    });
    expect(entries.map(({ action }) => action)).toEqual(['partner.created']); // of the newcomer
  });

  test('a repeated mutation writes no audit entry, because it has no effect', async () => {
    const input = { partnerId: world.partner.id, type: 'BONUS', amount: '5.00', idempotencyKey: 'once' };
    const entries = await entriesOf(async () => {
      await app.ask(world.as.admin, CREATE_COMMISSION, { input });
      await app.ask(world.as.admin, CREATE_COMMISSION, { input });
    });
    expect(entries).toHaveLength(1);
  });

  test('a mutation of many commissions writes one audit entry that lists them', async () => {
    const ids = [await world.pending(), await world.pending(), await world.pending()];
    const operation = operations['approveCommissions'] as Operation;
    const token = await doer(operation);
    const [entry, ...more] = await entriesOf(() => app.ask(token, operation.document, { ids }));
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ action: 'commissions.approved', subject_id: null });
    expect(new Set(entry?.subjects)).toEqual(new Set(ids));
  });

  test('a mutation for another tenant is in the audit log of that tenant', async () => {
    const [entry] = await entriesOf(() => makePartner(app, world.maker, { tenantId: 'elsewhere' }));
    expect(entry).toMatchObject({ tenant_id: 'elsewhere', actor_id: 'maker' });
  });

  test('an audit entry contains the values before and after, and only the differences', async () => {
    const id = await world.newcomer();
    const update =
      'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }';
    const input = {
      tier: 'GOLD',
      contactName: 'Jane',
      reseller: { creditLimit: '250.00', managesBilling: true },
    };
    const [entry] = await entriesOf(() => app.ask(world.as.admin, update, { id, input }));
    expect(entry).toMatchObject({ subject_id: id, partner_id: id });
    expect(entry?.before).toEqual({
      tier: 'BRONZE',
      contactName: null,
      creditLimit: null,
      managesBilling: false,
    });
    expect(entry?.after).toEqual({
      ...{ tier: 'GOLD', contactName: null, managesBilling: true },
      creditLimit: { amount: '250.00', currency: 'USD' },
    });
    expect(entry?.personal).toEqual({ after: { contactName: 'Jane' } });
  });

  test('an audit entry contains the given reason', async () => {
    const { document } = operations['cancelPayout'] as Operation;
    const [entry] = await entriesOf(async () =>
      app.ask(world.as.admin, document, { id: await world.payout() }),
    ).then((entries) => entries.filter(({ action }) => action === 'payout.canceled'));
    expect(entry).toMatchObject({
      reason: 'x',
      before: { status: 'PENDING' },
      after: { status: 'CANCELED' },
    });
  });
});

describe('the audit log', () => {
  const LOG = `query ($filter: AuditFilter) { auditEvents(filter: $filter, first: 100) { totalCount edges { node {
    action actorId actorRole credential requestId subjectId subjectIds partnerId before after reason erased chained createdAt
  } } } }`;
  interface Shown {
    action: string;
    subjectId: string | null;
  }
  const shown = async (filter: object, by = world.staff.maria): Promise<Shown[]> =>
    (await app.ask(by, LOG, { filter })).auditEvents.edges.map(({ node }: { node: Shown }) => node);

  test('lists audit entries, newest first', async () => {
    const id = await world.newcomer();
    const rename =
      'mutation ($id: ID!) { updatePartner(id: $id, input: { email: "new@example.com" }) { id } }';
    await app.ask(world.staff.manager, rename, { id });
    expect(await shown({ partnerId: id })).toMatchObject([
      {
        ...{
          action: 'partner.updated',
          actorId: 'manager',
          actorRole: 'PROGRAM_MANAGER',
          credential: 'TOKEN',
        },
        ...{ subjectId: id, subjectIds: [], partnerId: id, reason: null, erased: false, chained: false },
        before: { email: 'john@acme.com' },
        after: { email: 'new@example.com' },
      },
      { action: 'partner.created', actorId: 'maker', before: null },
    ]);
  });

  test('filters audit entries by row, also one of many, by action, by actor and by time', async () => {
    const [one, other] = [await world.pending(), await world.pending()];
    const since = new Date();
    await app.ask(world.staff.tom, operations['approveCommissions']?.document as string, {
      ids: [one, other],
    });
    const actions = async (filter: object) => (await shown(filter)).map(({ action }) => action);
    expect(await actions({ subjectId: one })).toEqual(['commissions.approved', 'commission.created']);
    expect(await actions({ subjectId: one, action: 'commission.created' })).toEqual(['commission.created']);
    expect(await actions({ subjectId: one, actorId: 'tom' })).toEqual(['commissions.approved']);
    expect(await actions({ subjectId: one, from: since })).toEqual(['commissions.approved']);
    expect(await actions({ subjectId: one, to: since })).toEqual(['commission.created']);
    expect(await app.refusal(world.staff.maria, LOG, { filter: { subjectId: '42' } })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'filter.subjectId',
    });
  });

  test('hides entries of other tenants, and all entries from partners', async () => {
    const id = await world.newcomer();
    expect(await shown({ partnerId: id })).toHaveLength(1);
    expect(await shown({ partnerId: id }, world.as['finance elsewhere'] as string)).toEqual([]);
    expect((await app.refusal(world.as.partner, LOG, {})).code).toBe('FORBIDDEN');
  });
});
