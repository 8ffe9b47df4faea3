import { randomUUID } from 'node:crypto';
import { type EntityManager, raw, sql } from '@mikro-orm/postgresql';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { readConfig } from '../../../src/config/config.ts';
import { asApi, migrate } from '../../../src/database.ts';
import { BoundPool } from '../../../src/kernel/data/bound-pool.ts';
import { enqueue } from '../../../src/kernel/data/jobs.ts';
import { query } from '../../../src/kernel/data/rows.ts';
import { sql as statement } from '../../../src/kernel/data/sql.ts';
import { transact } from '../../../src/kernel/data/transact.ts';
import { type Actor, actorOf, anonymous, system } from '../../../src/kernel/request/actor.ts';
import { boundsOf, ofTenant } from '../../../src/kernel/request/bounds.ts';
import { type Context, contextFor } from '../../../src/kernel/request/context.ts';
import { createPartner } from '../../../src/modules/partners/partner/manage-partner.ts';
import { CreatePartnerInput } from '../../../src/modules/partners/partner/partner.inputs.ts';
import { calculateMetrics } from '../../../src/modules/reporting/metrics/calculate-metrics.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  aPartner,
  CONVERT,
  CREATE_PAYOUT,
  HOLD,
  makeApproved,
  makeClick,
  makeCommission,
  makePartner,
  staffOf,
} from '../../support/make.ts';

// Everything here goes through the kernel's own functions with statements that have no condition at all: as if the
// application had forgotten every check of its own.
const REFUSED = '42501'; // insufficient_privilege: no right to it, or a row that the policies do not take
const TENANTS = ['acme', 'elsewhere'] as const;

let app: TestApp;
const partners: Record<(typeof TENANTS)[number], string[]> = { acme: [], elsewhere: [] };
let tables: string[];
beforeAll(async () => {
  app = await createTestApp();
  for (const tenant of TENANTS) await fill(tenant);
  const { rows } = await owner<{ name: string }>(`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`);
  tables = rows.map(({ name }) => name);
});
afterAll(() => app.close());

const owner = <Row extends object>(text: string, ...values: unknown[]) =>
  app.database.pool.query<Row>(text, values);

/** Two partners of each type with everything that a partner can have. */
async function fill(tenant: (typeof TENANTS)[number]): Promise<void> {
  const staff = await staffOf(app, tenant);
  for (const [index, partnerType] of ['RESELLER', 'AFFILIATE', 'WHITE_LABEL'].entries()) {
    for (let twice = 0; twice < 2; twice++) {
      const { id, referralCode } = await makePartner(app, staff.manager, {
        partnerType,
        payoutMethod: 'STRIPE',
        commissionRate: 10,
      });
      partners[tenant].push(id);
      const click = await makeClick(app, referralCode);
      const sale = { customerId: `buyer-${index}-${twice}`, orderId: randomUUID(), amount: '50.00' };
      await app.ask(staff.manager, CONVERT, { id: click, input: sale });
      const idempotencyKey = randomUUID();
      await makeApproved(app, staff, id, { occurredAt: '2026-01-15T12:00:00Z', idempotencyKey });
      const waiting = await makeCommission(app, staff.manager, id);
      await app.ask(staff.maria, HOLD, { id: waiting, reason: 'to look at' });
      const input = { partnerId: id, periodStart: '2026-01-01', periodEnd: '2026-01-31', idempotencyKey };
      const { createPayout } = await app.ask(staff.maria, CREATE_PAYOUT, { input });
      await owner(
        `insert into payout_attempts (id, tenant_id, payout_id, number, key) values (gen_random_uuid(), $1, $2::uuid, 1, $2)`,
        tenant,
        createPayout.id,
      );
    }
  }
  await app.ask(staff.maria, 'mutation { runPayouts(input: {}) { id } }');
  for (const id of [null, ...partners[tenant]]) {
    await owner(
      `insert into data_keys (id, tenant_id, partner_id, purpose, wrapped, kek_id)
       values (gen_random_uuid(), $1, $2, 'FIELDS', 'w', 'k') on conflict do nothing`,
      tenant,
      id,
    );
  }
  await owner(
    `insert into person_exports (id, tenant_id, requested_by, persons, public_key, expires_at)
     values (gen_random_uuid(), $1, 'admin', '[]', 'k', now())`,
    tenant,
  );
  await owner(
    `insert into rail_events (id, tenant_id, rail, event_id, type) values (gen_random_uuid(), $1, 'stripe', $1, 'paid')`,
    tenant,
  );
  await owner(
    `with made as (
       insert into reconciliations (id, tenant_id, method, rail, from_at, to_at, started_by)
       values (gen_random_uuid(), $1, 'STRIPE', 'stripe', now() - interval '1 day', now(), 'maria') returning id)
     insert into reconciliation_differences (id, tenant_id, reconciliation_id, kind)
     select gen_random_uuid(), $1, id, 'MISSING_HERE' from made`,
    tenant,
  );
  await owner(
    `insert into erasures (id, tenant_id, kind, person_id, erased_at, erased_by, reason, kept)
     values (gen_random_uuid(), $1, 'MEMBER', gen_random_uuid(), now(), 'admin', 'asked', '[]')`,
    tenant,
  );
}

const finance = (tenantId: string): Actor =>
  actorOf({ id: `maria of ${tenantId}`, role: 'FINANCE', tenantId, credential: 'TOKEN' });
const partner = (tenantId: string, partnerId: string): Actor =>
  actorOf({ id: `partner ${partnerId}`, role: 'PARTNER', tenantId, partnerId, credential: 'TOKEN' });
const as = (actor: Actor): Context => contextFor(app.app.services, { actor, requestId: randomUUID() });

type Row = { tenant_id: string; partner_id?: string; id?: string } & Record<string, unknown>;

async function everyRow(ctx: Context, table: string): Promise<Row[]> {
  const rows = await query(
    ctx,
    statement<{ row: Row }>`select to_jsonb(t) as row from ${statement.raw(table)} t`,
  );
  return rows.map(({ row }) => row);
}

const asOwner = async (table: string): Promise<Row[]> =>
  (await owner<{ row: Row }>(`select to_jsonb(t) as row from ${table} t`)).rows.map(({ row }) => row);

const sorted = (rows: readonly object[]): string[] =>
  rows.map((row) => JSON.stringify(row)).sort((a, b) => (a < b ? -1 : 1));

class Undo extends Error {}

/** What the statement answers inside a transaction of the actor, which is then undone. */
async function tried(actor: Actor, work: (em: EntityManager) => Promise<unknown>): Promise<unknown> {
  let answer: unknown;
  await transact(as(actor), async (em) => {
    answer = await work(em);
    throw new Undo();
  }).catch((error: unknown) => {
    if (!(error instanceof Undo)) answer = (error as { code?: string }).code ?? error;
  });
  return answer;
}

describe('A query without any condition', () => {
  test('returns to staff the rows of its tenant, outside and inside of transactions', async () => {
    for (const table of tables) {
      const rows = await asOwner(table);
      // Keys of repetitions are their actor's own.
      const mine = (row: Row) => row.tenant_id === 'acme' && table !== 'idempotency_keys';
      expect(sorted(await everyRow(as(finance('acme')), table)), table).toEqual(sorted(rows.filter(mine)));
      expect(
        await tried(finance('acme'), async (em) => (await em.execute(`select 1 from ${table}`)).length),
        table,
      ).toBe(rows.filter(mine).length);
    }
  });

  test('returns to a partner its own rows', async () => {
    const [id = ''] = partners.acme;
    const { rows: payouts } = await owner<{ id: string }>('select id from payouts where partner_id = $1', id);
    const ofPayout = new Set(payouts.map((payout) => payout.id));
    const { rows: customers } = await owner<{ id: string }>(
      'select customer_id as id from conversions where partner_id = $1',
      id,
    );
    const ofConversion = new Set(customers.map((customer) => customer.id));
    const own: Record<string, (row: Row) => boolean> = {
      partners: (row) => row.id === id,
      programs: () => true,
      partner_tier_configs: () => true,
      tier_config_versions: () => true,
      exchange_rates: () => true,
      customers: (row) => row.partner_id === id || ofConversion.has(row.id as string),
      data_keys: (row) => row.partner_id === id || row.partner_id === null,
      payout_items: (row) => ofPayout.has(row['payout_id'] as string),
    };
    for (const table of tables) {
      const rows = await asOwner(table);
      const hasPartner = rows.length > 0 && 'partner_id' in (rows[0] as Row);
      const mine = own[table] ?? ((row: Row) => hasPartner && row.partner_id === id);
      const visible = await everyRow(as(partner('acme', id)), table);
      const foreign = visible.filter((row) => row.tenant_id !== 'acme' || !mine(row));
      expect(foreign, table).toEqual([]);
      if (!/^(audit|events$)/.test(table))
        expect(visible.length, table).toBe(
          rows.filter((row) => row.tenant_id === 'acme' && mine(row)).length,
        );
    }
  });

  test('returns no row without a tenant, or for a tenant named like a pattern', async () => {
    const impostors = ['', '*', `acme/${partners.acme[0]}`].map(finance);
    for (const actor of [anonymous, ...impostors]) {
      for (const table of tables) expect(await everyRow(as(actor), table), table).toEqual([]);
    }
  });

  test('returns every row to jobs', async () => {
    for (const table of tables.filter((name) => name !== 'idempotency_keys')) {
      expect((await everyRow(as(system), table)).length, table).toBe((await asOwner(table)).length);
    }
  });

  test('runs on tables with rows of several tenants and partners', async () => {
    const empty: string[] = [];
    for (const table of tables) {
      const rows = await asOwner(table);
      if (TENANTS.some((tenant) => !rows.some((row) => row.tenant_id === tenant))) empty.push(table);
    }
    expect(empty.filter((table) => KNOWN.has(table))).toEqual([]);
  });
});

const KNOWN = new Set([
  ...[
    'programs',
    'partner_tier_configs',
    'partners',
    'partner_history',
    'reseller_configs',
    'affiliate_configs',
  ],
  ...[
    'white_label_configs',
    'partner_metrics',
    'partner_metrics_daily',
    'customers',
    'referrals',
    'conversions',
  ],
  ...['commissions', 'payouts', 'payout_items', 'payout_attempts', 'payout_runs', 'postings', 'audit_events'],
  ...['rail_events', 'reconciliations', 'reconciliation_differences'],
  ...['idempotency_keys', 'data_keys', 'person_exports', 'erasures', 'audit_personal'],
]);

describe('A write without any check', () => {
  const copied = (table: string, row: Row) => (em: EntityManager) => {
    const { search_text: _, ...stored } = row as Record<string, unknown>; // the database computes it
    const columns = raw(Object.keys(stored).join(', '));
    return em.execute(
      sql`insert into ${sql.ref(table)} (${columns}) select ${columns} from jsonb_populate_record(null::${sql.ref(table)}, ${JSON.stringify(row)}::jsonb)`,
    );
  };
  const count = (table: string, statement: string) => async (em: EntityManager) =>
    (await em.execute<object[]>(`${statement.replace('$', table)} returning 1`)).length;

  test('inserts no row of another tenant', async () => {
    for (const table of tables) {
      const foreign = (await asOwner(table)).find((row) => row.tenant_id === 'elsewhere');
      if (foreign) expect(await tried(finance('acme'), copied(table, foreign)), table).toBe(REFUSED);
    }
  });

  test('inserts no row of another partner', async () => {
    const [id = ''] = partners.acme;
    for (const table of tables.filter((name) => !/^audit/.test(name))) {
      const ownerOf = (row: Row) => (table === 'partners' ? row.id : row.partner_id);
      const foreign = (await asOwner(table)).find(
        (row) => row.tenant_id === 'acme' && ownerOf(row) != null && ownerOf(row) !== id,
      );
      if (foreign) expect(await tried(partner('acme', id), copied(table, foreign)), table).toBe(REFUSED);
    }
  });

  test('changes and deletes no row of another tenant or partner', async () => {
    const [id = ''] = partners.acme;
    for (const actor of [finance('acme'), partner('acme', id), anonymous]) {
      for (const table of tables) {
        const visible = (await everyRow(as(actor), table)).length;
        for (const statement of ['update $ set tenant_id = tenant_id', 'delete from $']) {
          const answer = await tried(actor, count(table, statement));
          // Refused, kept by a trigger, or no more than what the actor sees.
          if (typeof answer === 'number')
            expect(answer, `${actor.id}: ${statement} ${table}`).toBeLessThanOrEqual(visible);
          else expect(answer, `${actor.id}: ${statement} ${table}`).toMatch(/^(42501|23\d\d\d)$/);
        }
      }
    }
  });

  test('moves no row to another tenant or partner', async () => {
    for (const table of tables) {
      const away = await tried(finance('acme'), count(table, `update $ set tenant_id = 'elsewhere'`));
      if (away !== 0) expect(away, table).toMatch(/^(42501|23\d\d\d)$/);
    }
    const [id = '', other = ''] = partners.acme;
    for (const table of ['commissions', 'referrals', 'payouts', 'reseller_configs']) {
      const away = await tried(partner('acme', id), count(table, `update $ set partner_id = '${other}'`));
      if (away !== 0) expect(away, table).toMatch(/^(42501|23\d\d\d)$/);
    }
  });

  test("a partner's session cannot change money, terms or settings", async () => {
    const [id = ''] = partners.acme;
    const OWN = new Set(
      [
        'partners',
        'members',
        'invitations',
        'api_keys',
        'payout_accounts',
        'tax_ids',
        'data_keys',
        'audit_events',
      ].concat(['audit_personal', 'idempotency_keys', 'rule_usage']),
    );
    for (const table of tables.filter((name) => !OWN.has(name))) {
      for (const statement of ['update $ set tenant_id = tenant_id', 'delete from $']) {
        const touched = await tried(partner('acme', id), count(table, statement));
        if (touched !== 0) expect(touched, `${table}: ${statement}`).toBe('42501');
      }
    }
    const own = (change: string) => tried(partner('acme', id), count('partners', `update $ set ${change}`));
    expect(await own("tier = 'DIAMOND'")).toBe('42501');
    expect(await own('rate_bps = 10000')).toBe('42501');
    expect(await own("contact_name = 'Jane'")).toBe(1);
  });

  test("a partner's session cannot change the owner and the times of its deals and links", async () => {
    const [id = ''] = partners.acme;
    await owner(
      `insert into deals (id, tenant_id, partner_id, company, domain, registered_by, registered_at, expires_at)
       values (gen_random_uuid(), 'acme', $1, 'G', 'wall.example', 'jane', now(), now() + interval '1 day')`,
      id,
    );
    await owner(
      `insert into tracking_links (id, tenant_id, partner_id, path, name, created_by) values (gen_random_uuid(), 'acme', $1, 'wall', 'n', 'jane')`,
      id,
    );
    const change = (table: string, set: string) =>
      tried(partner('acme', id), count(table, `update $ set ${set}`));
    for (const set of [
      "expires_at = '2099-01-01'",
      "registered_at = '2020-01-01'",
      "domain = 'other.example'",
    ])
      expect(await change('deals', set), set).toBe(REFUSED);
    for (const set of ["path = 'other'", "created_by = 'staff'"])
      expect(await change('tracking_links', set), set).toBe(REFUSED);
    expect(await change('deals', 'closed_at = now()')).toBe(1);
    expect(await change('tracking_links', "name = 'm', archived_at = now()")).toBe(1);
  });

  test('reads only deals of its own tenant, and closes none early', async () => {
    const ask = (text: string, bounds: string) =>
      tried(system, async (em) => {
        await em.execute(bounds);
        return em.execute(text);
      });
    const state = "select prospect_state('acme', null, 'wall.example', null, '2099-01-01') as state";
    expect(await ask(state, "set local portal.tenant = 'acme'")).toEqual([{ state: 'TAKEN' }]);
    expect(await ask(state, 'reset portal.tenant')).toEqual([{ state: 'FREE' }]);
  });

  test('erases nothing of another tenant', async () => {
    const [id = ''] = partners.acme;
    const erase = (actor: Actor) =>
      tried(actor, async (em) => {
        const [one] = await em.execute<{ rows: string }[]>(
          sql`select erase_audit_personal('acme', ${id}) as rows`,
        );
        const [all] = await em.execute<{ rows: string }[]>(
          sql`select erase_audit_personal_about('acme', array[${partners.acme}]::uuid[]) as rows`,
        );
        return Number(one?.rows) + Number(all?.rows);
      });
    expect(await erase(finance('elsewhere'))).toBe(0);
    expect(await erase(partner('acme', id))).toBe(0);
    expect(await erase(finance('acme'))).toBeGreaterThan(0);
  });

  test('deletes idempotency keys of all tenants only as a job', async () => {
    const forget = (actor: Actor) =>
      tried(actor, (em) => em.execute(sql`select forget_idempotency_keys('infinity', 1000000) as count`));
    for (const actor of [finance('acme'), partner('acme', partners.acme[0] as string), anonymous])
      expect(await forget(actor)).toBe(REFUSED);
    expect(await forget(system)).toEqual([{ count: expect.anything() }]);
  });

  test('starts only jobs about its own rows, under their own keys', async () => {
    const [own = '', next = ''] = partners.acme;
    const [foreign = ''] = partners.elsewhere;
    const check = (id: string, key = `check_logo:${id}`, more: object = {}) =>
      ['check_logo', { ...more, partnerId: id }, key] as const;
    const recalculate = (tenantId: string) =>
      ['recalculate_metrics', { tenantId }, `recalculate_metrics:${tenantId}`] as const;
    const start = async (actor: Actor, [job, payload, key]: readonly [string, object, string]) =>
      (await tried(actor, (em) =>
        em.execute(sql`select enqueue_job(${job}, ${JSON.stringify(payload)}::json, ${key}, 0)`),
      )) === REFUSED
        ? REFUSED
        : 'started';
    for (const call of [check(own), check(next), recalculate('acme')])
      expect(await start(finance('acme'), call), JSON.stringify(call)).toBe('started');
    expect(await start(partner('acme', own), check(own))).toBe('started');
    expect(await start(system, ['seal_audit', {}, 'seal_audit'])).toBe('started');
    for (const call of [
      check(foreign),
      check(foreign, `check_logo:${own}`),
      check(foreign, `check_logo:${own}`, { id: own }),
      check(own, `check_logo:${foreign}`),
      check(own, 'seal_audit'),
      recalculate('elsewhere'),
      recalculate('*'),
      ['rotate_keys', { replaceBefore: '2100-01-01' }, 'rotate_keys'],
      ['seal_audit', {}, 'seal_audit'],
      ['send_payout', {}, 'send_payout:'],
    ] as const)
      expect(await start(finance('acme'), call), JSON.stringify(call)).toBe(REFUSED);
    for (const call of [check(next), recalculate('acme')])
      expect(await start(partner('acme', own), call), JSON.stringify(call)).toBe(REFUSED);
    expect(await start(anonymous, check(own))).toBe(REFUSED);
  });

  test('writes no audit entry in the name of another actor', async () => {
    const entry = (actorId: string) => (em: EntityManager) =>
      em.execute(sql`
        insert into audit_events (id, tenant_id, actor_id, actor_role, request_id, action, after, credential, subjects)
        values (gen_random_uuid(), 'acme', ${actorId}, 'FINANCE', 'r', 'payout.approved', '{}', 'TOKEN', '{}') returning 1`);
    expect(await tried(finance('acme'), entry('maria of acme'))).toHaveLength(1);
    expect(await tried(finance('acme'), entry('somebody else'))).toBe(REFUSED);
  });

  test('recalculates only metrics of visible partners', async () => {
    const foreign = partners.elsewhere[0] as string;
    const clicks = async () =>
      (
        await owner<{ clicks: string }>(
          'select sum(clicks) as clicks from partner_metrics where partner_id = $1',
          foreign,
        )
      ).rows[0]?.clicks;
    const recalculate = (actor: Actor) =>
      transact(as(actor), (em) =>
        em.execute(sql`select recalculate_visible_metrics(array[${[foreign]}]::uuid[])`),
      );
    const right = await clicks();
    await owner('update partner_metrics set clicks = clicks + 7 where partner_id = $1', foreign);
    const wrong = await clicks();
    expect(wrong).not.toBe(right);
    await recalculate(finance('acme'));
    await recalculate(partner('elsewhere', partners.elsewhere[1] as string));
    expect(await clicks()).toBe(wrong);
    await recalculate(partner('elsewhere', foreign));
    expect(await clicks()).toBe(right);
  });
});

/** Fingerprints of tokens name nobody; they are asked for before it is known who calls. */
const ofNoTenant = new Set(['signed_out_tokens']);

describe("The API's role", () => {
  test.each([
    'alter table commissions disable row level security',
    'alter table commissions disable trigger all',
    'alter table commissions add column more text',
    'drop policy of_the_scope on commissions',
    'drop table commissions',
    'truncate commissions',
    'create table more (id int)',
    'create schema more',
    'create role more',
    "select protect('partner_metrics')",
    'set session_replication_role = replica',
    'set row_security = off; select * from commissions',
    "update postings set reference = 'x'",
    'delete from postings',
    'update audit_events set actor_id = actor_id',
    'delete from audit_events',
    'update partner_metrics set clicks = 0',
    'delete from partner_history',
    'select * from graphile_worker.jobs',
    'select * from graphile_worker._private_jobs',
    "select graphile_worker.add_job('send_payout')",
    'select * from mikro_orm_migrations',
    "select recalculate_partner_metrics('{}')",
    "copy commissions to program 'true'",
    "select pg_read_file('PG_VERSION')",
  ])('may not: %s', async (statement) => {
    const pool = new Pool({ connectionString: asApi(app.database.url), max: 1 });
    await pool.query(`select set_config('portal.tenant', '*', false)`);
    onTestFinished(() => pool.end());
    await expect(pool.query(statement)).rejects.toMatchObject({ code: REFUSED });
  });

  test('owns no object', async () => {
    const { rows } = await owner(`
      select pg_describe_object(classid, objid, objsubid) as owned from pg_shdepend
      where refobjid = 'partner_portal_api'::regrole and deptype = 'o'`);
    expect(rows).toEqual([]);
  });

  test('has no right to a table without policies, and never the right to truncate', async () => {
    const { rows } = await owner<{
      name: string;
      bound: boolean;
      policies: number;
      any: boolean;
      more: boolean;
    }>(`
      select c.relname as name, c.relrowsecurity as bound,
        (select count(*)::int from pg_policy p where p.polrelid = c.oid and p.polpermissive
          and p.polroles = array['partner_portal_api'::regrole::oid]) as policies,
        has_table_privilege('partner_portal_api', c.oid, 'select, insert, update, delete')
          or has_any_column_privilege('partner_portal_api', c.oid, 'select, insert, update') as any,
        has_table_privilege('partner_portal_api', c.oid, 'truncate, trigger, references') as more
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')`);
    for (const { name, bound, policies, any, more } of rows) {
      if (tables.includes(name) || (any && !ofNoTenant.has(name)))
        expect({ name, bound, policies: policies > 0 }).toEqual({ name, bound: true, policies: true });
      expect(more, name).toBe(false);
    }
  });

  test('is the only role that runs functions with the rights of the owner, all with a safe search path', async () => {
    const { rows } = await owner<{ name: string; path: string | null; everybody: boolean }>(`
      select p.proname as name, (select set from unnest(p.proconfig) set where set like 'search_path=%') as path,
        p.prorettype <> 'trigger'::regtype and has_function_privilege('public', p.oid, 'execute') as everybody
      from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef`);
    expect(rows.length).toBeGreaterThan(10);
    for (const { name, path, everybody } of rows) {
      expect(path, name).toMatch(/^search_path=.*pg_temp$/);
      expect(everybody, name).toBe(false);
    }
  });

  test('can be used by a separate login that cannot become the owner', async () => {
    const login = `t_api_${randomUUID().slice(0, 8)}`;
    await owner(`create role ${login} login password 'of the test' in role partner_portal_api`);
    const url = new URL(app.database.url);
    const ownerName = url.username;
    Object.assign(url, { username: login, password: 'of%20the%20test' });
    const config = (api: string) =>
      readConfig({
        NODE_ENV: 'test',
        JWT_SECRET: 'x'.repeat(40),
        DATABASE_URL: app.database.url,
        DATABASE_API_URL: api,
      });

    const other = await createApp(config(url.href), app.database.url);
    const ctx = contextFor(other.services, { actor: finance('acme'), requestId: randomUUID() });
    expect((await everyRow(ctx, 'partners')).length).toBe(partners.acme.length);
    await transact(ctx, (em) =>
      enqueue(em, 'recalculate_metrics', { tenantId: 'acme' }, { key: 'recalculate_metrics:acme' }),
    );
    for (const statement of [`set role ${ownerName}`, `set session authorization ${ownerName}`]) {
      await expect(transact(ctx, (em) => em.execute(statement))).rejects.toMatchObject({ code: REFUSED });
    }
    await other.close();

    await owner(`grant ${ownerName} to ${login}`);
    for (const refused of [app.database.url, asApi(app.database.url), url.href]) {
      await expect(createApp(config(refused), app.database.url)).rejects.toThrow(
        'DATABASE_API_URL must name a separate login',
      );
    }
    await owner(`drop role ${login}`);
  });
});

test('The owner of the database need not be a superuser', async () => {
  const name = `t_owner_${randomUUID().slice(0, 8)}`;
  await owner(`create role ${name} login password 'of the test' in role partner_portal_api`);
  await owner(`create database ${name} owner ${name}`);
  onTestFinished(async () => {
    await owner(`drop database ${name} with (force)`);
    await owner(`drop role ${name}`);
  });
  const url = new URL(app.database.url);
  Object.assign(url, { pathname: `/${name}`, username: name, password: 'of%20the%20test' });
  await migrate(url.href);

  const plain = await createApp(readConfig({ NODE_ENV: 'test', JWT_SECRET: 'x'.repeat(40) }), url.href);
  onTestFinished(() => plain.close());
  const ctx = contextFor(plain.services, { actor: finance('acme'), requestId: randomUUID() });
  const id = await createPartner(ctx, Object.assign(new CreatePartnerInput(), aPartner()));
  await transact(ctx, (em) =>
    enqueue(em, 'recalculate_metrics', { tenantId: 'acme' }, { key: 'recalculate_metrics:acme' }),
  );
  await calculateMetrics(ctx, id);
  expect((await everyRow(ctx, 'partners')).map((row) => row.id)).toEqual([id]);
  const elsewhere = contextFor(plain.services, { actor: finance('elsewhere'), requestId: randomUUID() });
  expect(await everyRow(elsewhere, 'partners')).toEqual([]);
});

test('The policies do not change the row estimates of the planner', async () => {
  await owner('analyze');
  const api = new Pool({ connectionString: asApi(app.database.url), max: 1 });
  onTestFinished(() => api.end());
  const expected = async (pool: Pool, table: string): Promise<number> => {
    const { rows } = await pool.query(
      `explain (format json) select 1 from ${table} where tenant_id = 'acme'`,
    );
    return rows[0]['QUERY PLAN'][0].Plan['Plan Rows'];
  };
  let compared = 0;
  for (const table of tables) {
    const without = await expected(app.database.pool, table);
    if (without < 10) continue;
    compared++;
    expect(await expected(api, table), table).toBeGreaterThanOrEqual(Math.floor(without / 4));
  }
  expect(compared).toBeGreaterThan(3);
});

describe('A connection', () => {
  const connections = (max: number) => {
    const pool = new Pool({ connectionString: asApi(app.database.url), max, pipeline: true });
    onTestFinished(() => pool.end());
    return { pool, bound: new BoundPool(pool) };
  };
  const seen = {
    text: 'select distinct tenant_id as tenant, partner_id as partner from commissions',
    name: 'seen',
  };
  type Seen = { tenant: string; partner: string };

  test('a shared connection returns to each caller only its own rows', async () => {
    const { pool, bound } = connections(4);
    const actors = TENANTS.flatMap((tenant) => [
      finance(tenant),
      ...partners[tenant].slice(0, 3).map((id) => partner(tenant, id)),
    ]).concat(anonymous);
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const actor = actors[(index * 7) % actors.length] as Actor;
        if (index % 11 === 0) {
          await expect(bound.query(boundsOf(actor), { text: 'select 1 / 0' })).rejects.toMatchObject({
            code: '22012',
          });
        }
        const rows = await bound.query<Seen>(boundsOf(actor), seen);
        const expected =
          actor === anonymous
            ? []
            : actor.partnerId
              ? [{ tenant: actor.tenantId, partner: actor.partnerId }]
              : partners[actor.tenantId as 'acme'].map((id) => ({ tenant: actor.tenantId, partner: id }));
        expect(sorted(rows), actor.id).toEqual(sorted(expected));
      }),
    );
    expect(pool.totalCount).toBeLessThanOrEqual(4);
  });

  test('a connection without a scope returns nothing and is not used again', async () => {
    const { bound } = connections(1);
    const pid = async () =>
      (await bound.query<{ pid: number }>(ofTenant('acme'), { text: 'select pg_backend_pid() as pid' }))[0]
        ?.pid;
    const before = await pid();
    expect((await bound.query(ofTenant('acme'), seen)).length).toBe(partners.acme.length);
    // PostgreSQL refuses a NUL, and the statement behind would still see what the caller before saw.
    await expect(bound.query({ tenant: 'elsewhere\0', partner: '' }, seen)).rejects.toMatchObject({
      code: '22021',
    });
    expect((await bound.query<Seen>(ofTenant('elsewhere'), seen)).map(({ tenant }) => tenant)).toEqual(
      partners.elsewhere.map(() => 'elsewhere'),
    );
    expect(await pid()).not.toBe(before);
  });

  test('a connection keeps no setting of an ended transaction', async () => {
    await Promise.all(
      Array.from({ length: 20 }, () => transact(as(system), (em) => em.execute('select 1 from commissions'))),
    );
    for (let index = 0; index < 20; index++) {
      expect(await app.app.services.em.fork().execute('select 1 from commissions')).toEqual([]);
    }
  });

  test('a request reads its own rows also outside of a transaction', async () => {
    const rows = await as(finance('acme')).em.execute<{ id: string }[]>('select id from partners');
    expect(sorted(rows)).toEqual(sorted(partners.acme.map((id) => ({ id }))));
  });
});
