import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from '@mikro-orm/postgresql';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { transact } from '../../../src/kernel/data/transact.ts';
import { actorOf, type Role, system } from '../../../src/kernel/request/actor.ts';
import { type Context, contextFor } from '../../../src/kernel/request/context.ts';
import { record } from '../../../src/modules/foundation/audit/record.ts';
import { linkAudit, sealAudit } from '../../../src/modules/foundation/audit/seal-audit.ts';
import { verifyAudit } from '../../../src/modules/foundation/audit/verify-audit.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { makePartner, staffOf } from '../../support/make.ts';
import { until } from '../../support/until.ts';

const SECRET = 'the secret of the audit tests, 32 characters or more';
let app: TestApp;
let folder: string;
let file: string;
let owner: Client; // of the database, with nothing that stops it
let maria: string;
let manager: string;
let tenant: string;
let made = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-seals-'));
  file = join(folder, 'below', 'seals.jsonl');
  app = await createTestApp({}, { AUDIT_SEAL_FILE: file, JWT_SECRET: SECRET });
  owner = new Client({ connectionString: app.database.url });
  await owner.connect();
  await owner.query('set session_replication_role = replica'); // no trigger, no reference
});
afterAll(async () => {
  await owner.end();
  await app.close();
  await rm(folder, { recursive: true });
});

/** A tenant of ten linked entries. */
async function aLog(): Promise<void> {
  tenant = `tenant-${++made}`;
  ({ maria, manager } = await staffOf(app, tenant));
  const { id } = await makePartner(app, manager);
  for (let i = 0; i < 9; i++) await update(id, { companyName: `Acme ${i}`, rate: `${i}` });
  await linkAudit(ctx());
}

const UPDATE = `mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }`;
const update = (id: string, { companyName, rate }: { companyName: string; rate: string }) =>
  app.ask(manager, UPDATE, { id, input: { companyName, commissionRate: rate } });

const ctx = () => contextFor(app.app.services, { actor: system, requestId: 'test' });
const verify = () => verifyAudit(ctx(), tenant);
const idAt = async (seq: number): Promise<string> =>
  (await owner.query('select event_id from audit_links where tenant_id = $1 and seq = $2', [tenant, seq]))
    .rows[0].event_id;

/** What an owner who knows the algorithm does to have a chain that holds together from `seq` on. */
async function rebuild(from: number): Promise<void> {
  await owner.query('begin');
  const { rows } = await owner.query(
    `select l.seq, l.event_id from audit_links l where l.tenant_id = $1 and l.seq >= $2 order by l.seq`,
    [tenant, from],
  );
  for (const { event_id } of rows)
    await owner.query(
      `update audit_links l set event_hash = h.event,
         prev_hash = h.prev, hash = sha256(h.prev || int8send(l.seq) || h.event)
       from (select audit_event_hash(e) as event, coalesce((select p.hash from audit_links p join audit_links me on me.event_id = e.id
               where p.tenant_id = me.tenant_id and p.seq = me.seq - 1), decode(repeat('00', 32), 'hex')) as prev
             from audit_events e where e.id = $1) h
       where l.event_id = $1`,
      [event_id],
    );
  await owner.query('commit');
}

/** Makes room or closes a gap; seq is unique, so by way of negative numbers. */
async function shift(from: number, by: number): Promise<void> {
  await owner.query('update audit_links set seq = -seq where tenant_id = $1 and seq >= $2', [tenant, from]);
  await owner.query('update audit_links set seq = -seq + $2 where tenant_id = $1 and seq < 0', [tenant, by]);
}

const ANYTHING = `
  insert into audit_events (id, tenant_id, created_at, actor_id, actor_role, credential, request_id, action, subjects, after)
  values (new_id(), $1, $2, 'mallory', 'FINANCE', 'TOKEN', 'r', 'payout.approved', '{}', '{}') returning id`;
const insertEvent = async (at = new Date('2026-01-01')): Promise<string> =>
  (await owner.query(ANYTHING, [tenant, at])).rows[0].id;

describe('an unchanged audit log', () => {
  beforeEach(aLog);

  test('passes the check, with the place of its last seal', async () => {
    expect(await verify()).toEqual({ checked: 10, firstFault: null, sealedThrough: null });
    await sealAudit(ctx());
    expect(await verify()).toEqual({ checked: 10, firstFault: null, sealedThrough: 10n });
    const answer = await app.ask(
      maria,
      '{ verifyAudit { ok checked firstFault { kind seq eventId } sealedThrough } }',
    );
    expect(answer.verifyAudit).toEqual({ ok: true, checked: 10, firstFault: null, sealedThrough: 10 });
  });

  test('continues after its seal, and gets a new seal only when it grew', async () => {
    expect((await sealAudit(ctx())).filter(({ tenantId }) => tenantId === tenant)).toHaveLength(1);
    expect((await sealAudit(ctx())).filter(({ tenantId }) => tenantId === tenant)).toEqual([]);
    await makePartner(app, manager);
    expect((await sealAudit(ctx())).find(({ tenantId }) => tenantId === tenant)).toMatchObject({ seq: 11n });
    expect(await verify()).toEqual({ checked: 11, firstFault: null, sealedThrough: 11n });
  });

  test('the hash covers every column of an entry', async () => {
    const id = await idAt(5);
    const { rows } = await owner.query(
      `select column_name as name, data_type as type from information_schema.columns where table_name = 'audit_events'`,
    );
    expect(rows.length).toBeGreaterThan(12);
    for (const { name, type } of rows) {
      const other: Record<string, string> = {
        uuid: 'new_id()',
        text: `coalesce(${name}, '') || 'x'`,
        jsonb: `'{"another": 1}'`,
        ARRAY: 'array[new_id()]',
        'timestamp with time zone': `${name} + interval '1 millisecond'`,
      };
      await owner.query('begin');
      await owner.query(`create table kept as select * from audit_events where id = $1`, [id]);
      await owner.query('commit');
      await owner.query(`update audit_events set ${name} = ${other[type]} where id = $1`, [id]);
      const { firstFault } = await verify();
      const kind = name === 'id' ? 'DELETED' : 'CHANGED';
      expect(firstFault, name).toMatchObject({ seq: 5n, eventId: id, kind });
      await owner.query(
        `delete from audit_events where id = $1 or (tenant_id like 'tenant-%' and not exists (select from audit_links where event_id = audit_events.id))`,
        [id],
      );
      await owner.query(`insert into audit_events select * from kept; drop table kept`);
    }
    expect((await verify()).firstFault).toBeNull();
  });
});

describe('manipulation by the owner of the database without triggers:', () => {
  beforeEach(aLog);

  test('finds a changed entry', async () => {
    await owner.query(`update audit_events set after = '{"rateBps": 1}' where id = $1`, [await idAt(4)]);
    expect((await verify()).firstFault).toEqual({ kind: 'CHANGED', seq: 4n, eventId: await idAt(4) });
  });

  test('finds a changed entry with its changed link', async () => {
    await owner.query(`update audit_events set actor_id = 'somebody else' where id = $1`, [await idAt(4)]);
    await owner.query(
      `update audit_links l set event_hash = audit_event_hash(e), hash = sha256(l.prev_hash || int8send(l.seq) || audit_event_hash(e))
       from audit_events e where e.id = l.event_id and l.tenant_id = $1 and l.seq = 4`,
      [tenant],
    );
    expect((await verify()).firstFault).toEqual({ kind: 'CHANGED', seq: 4n, eventId: await idAt(4) });
  });

  test('finds a changed link', async () => {
    await owner.query(`update audit_links set hash = sha256('x') where tenant_id = $1 and seq = 6`, [tenant]);
    expect((await verify()).firstFault).toEqual({ kind: 'CHANGED', seq: 6n, eventId: await idAt(6) });
  });

  test('finds changed personal values of an entry', async () => {
    await owner.query(
      `update audit_personal set data = '{"after": {"companyName": "Other"}}' where event_id = $1`,
      [await idAt(3)],
    );
    expect((await verify()).firstFault).toEqual({
      kind: 'PERSONAL_CHANGED',
      seq: 3n,
      eventId: await idAt(3),
    });
  });

  test.each([1, 5])('finds the deletion of entry %i', async (seq) => {
    const id = await idAt(seq);
    await owner.query('delete from audit_events where id = $1', [id]);
    expect((await verify()).firstFault).toEqual({ kind: 'DELETED', seq: BigInt(seq), eventId: id });
  });

  test.each([1, 5])('finds the deletion of entry %i with its link', async (seq) => {
    await owner.query('delete from audit_links where event_id = $1', [await idAt(seq)]);
    expect((await verify()).firstFault).toEqual({ kind: 'MISSING', seq: BigInt(seq), eventId: null });
  });

  test.each([1, 5])('finds the deletion of entry %i with its link and a closed gap', async (seq) => {
    await owner.query('delete from audit_links where event_id = $1', [await idAt(seq)]);
    await shift(seq + 1, -1);
    expect((await verify()).firstFault).toEqual({ kind: 'MISSING', seq: BigInt(seq), eventId: null });
  });

  test('finds an inserted entry', async () => {
    const id = await insertEvent();
    expect((await verify()).firstFault).toEqual({ kind: 'UNLINKED', seq: null, eventId: id });
  });

  test('finds an inserted entry with its own link between two others', async () => {
    const id = await insertEvent();
    await shift(5, 1);
    await owner.query(
      `insert into audit_links (tenant_id, seq, event_id, event_hash, prev_hash, hash)
       select l.tenant_id, 5, e.id, audit_event_hash(e), l.hash, sha256(l.hash || int8send(5) || audit_event_hash(e))
       from audit_links l, audit_events e where l.tenant_id = $1 and l.seq = 4 and e.id = $2`,
      [tenant, id],
    );
    expect((await verify()).firstFault).toEqual({ kind: 'INSERTED', seq: 5n, eventId: id });
  });

  test('finds an entry hidden by a link without a place in the chain', async () => {
    const id = await insertEvent();
    await owner.query(
      `insert into audit_links (tenant_id, seq, event_id, event_hash, prev_hash, hash) values ($1, 0, $2, '', '', '')`,
      [tenant, id],
    );
    expect((await verify()).firstFault).toEqual({ kind: 'FORKED', seq: 0n, eventId: id });
  });

  test("finds an entry hidden by a link of another tenant's chain, in both chains", async () => {
    const id = await insertEvent();
    const mine = tenant;
    await aLog();
    await owner.query(
      `insert into audit_links (tenant_id, seq, event_id, event_hash, prev_hash, hash)
       select l.tenant_id, 11, e.id, audit_event_hash(e), l.hash, sha256(l.hash || int8send(11) || audit_event_hash(e))
       from audit_links l, audit_events e where l.tenant_id = $1 and l.seq = 10 and e.id = $2`,
      [tenant, id],
    );
    expect((await verify()).firstFault).toEqual({ kind: 'INSERTED', seq: 11n, eventId: id });
    expect((await verifyAudit(ctx(), mine)).firstFault).toEqual({ kind: 'UNLINKED', seq: null, eventId: id });
  });

  test('finds a missing part that is longer than a read batch', async () => {
    await owner.query('update audit_links set seq = seq + 5000 where tenant_id = $1 and seq > 5', [tenant]);
    expect((await verify()).firstFault).toEqual({ kind: 'MISSING', seq: 6n, eventId: null });
  });

  test('finds two links with the same place', async () => {
    const id = await insertEvent();
    await owner.query('begin');
    await owner.query('alter table audit_links drop constraint audit_links_pkey');
    await owner.query(
      `insert into audit_links (tenant_id, seq, event_id, event_hash, prev_hash, hash)
       select l.tenant_id, l.seq, e.id, audit_event_hash(e), l.prev_hash, sha256(l.prev_hash || int8send(5) || audit_event_hash(e))
       from audit_links l, audit_events e where l.tenant_id = $1 and l.seq = 5 and e.id = $2`,
      [tenant, id],
    );
    await owner.query('commit');
    const { firstFault } = await verify();
    expect(firstFault).toMatchObject({ kind: 'FORKED', seq: 5n });
    await owner.query('delete from audit_links where event_id = $1', [id]);
    await owner.query('alter table audit_links add primary key (tenant_id, seq)');
  });

  test.each([
    [4, 5],
    [3, 8],
  ])('finds the exchange of the links %i and %i', async (one, other) => {
    await owner.query('update audit_links set seq = -seq where tenant_id = $1 and seq in ($2, $3)', [
      tenant,
      one,
      other,
    ]);
    await owner.query(
      'update audit_links set seq = $2::int + $3::int + seq where tenant_id = $1 and seq < 0',
      [tenant, one, other],
    );
    expect((await verify()).firstFault).toEqual({
      kind: 'REORDERED',
      seq: BigInt(one),
      eventId: await idAt(one),
    });
  });

  test('finds the exchange of the entries of two links', async () => {
    const [one, other] = [await idAt(4), await idAt(7)];
    await owner.query('update audit_links set event_id = new_id() where event_id = $1', [one]);
    await owner.query('update audit_links set event_id = $1 where event_id = $2', [one, other]);
    await owner.query('update audit_links set event_id = $2 where tenant_id = $1 and seq = 4', [
      tenant,
      other,
    ]);
    expect((await verify()).firstFault).toEqual({ kind: 'REORDERED', seq: 4n, eventId: other });
  });

  test('finds a cut tail by the seal', async () => {
    await sealAudit(ctx());
    await owner.query(
      'delete from audit_events e using audit_links l where l.event_id = e.id and l.tenant_id = $1 and l.seq > 7',
      [tenant],
    );
    await owner.query('delete from audit_links where tenant_id = $1 and seq > 7', [tenant]);
    expect((await verify()).firstFault).toEqual({ kind: 'TAIL_CUT', seq: 8n, eventId: null });
    expect(await sealAudit(ctx())).toEqual([]);
    expect(app.logged.splice(0)).toMatchObject([
      { tenantId: tenant, seq: '10', msg: 'the audit log contradicts its last seal' },
    ]);
  });

  test('finds the deletion of the whole log by the seal', async () => {
    await sealAudit(ctx());
    await owner.query('delete from audit_events where tenant_id = $1', [tenant]);
    await owner.query('delete from audit_links where tenant_id = $1', [tenant]);
    expect((await verify()).firstFault).toEqual({ kind: 'TAIL_CUT', seq: 1n, eventId: null });
  });

  test.each([1, 4])('finds a changed entry %i with a rebuilt chain by the seal', async (seq) => {
    await sealAudit(ctx());
    await makePartner(app, manager);
    await linkAudit(ctx());
    await owner.query(`update audit_events set actor_id = 'somebody else' where id = $1`, [await idAt(seq)]);
    await rebuild(seq);
    expect((await verify()).firstFault).toEqual({ kind: 'REBUILT', seq: 10n, eventId: await idAt(10) });
    expect((await sealAudit(ctx())).filter(({ tenantId }) => tenantId === tenant)).toEqual([]);
    app.logged.splice(0);
  });

  test('does not find a rebuilt chain after the last seal: the limit of daily seals', async () => {
    await owner.query(`update audit_events set actor_id = 'somebody else' where id = $1`, [await idAt(4)]);
    await rebuild(4);
    expect((await verify()).firstFault).toBeNull();
  });
});

describe('npm run audit:verify', { tags: ['slow'] }, () => {
  beforeEach(aLog);

  const run = promisify(execFile);
  const audit = (command: 'verify' | 'seal') =>
    run(process.execPath, ['--import', '@oxc-node/core/register', 'src/cli/audit.ts', command], {
      env: {
        ...process.env,
        ...{ NODE_ENV: 'test', DATABASE_URL: app.database.url, AUDIT_SEAL_FILE: file, JWT_SECRET: SECRET },
      },
    });

  test('ends with 0 on an unchanged log, sealed by npm run audit:seal', async () => {
    await owner.query('delete from audit_events where tenant_id <> $1', [tenant]);
    await owner.query('delete from audit_links where tenant_id <> $1', [tenant]);
    await rm(file, { force: true });
    expect((await audit('seal')).stdout).toContain(`${tenant}: sealed at 10, `);
    const { stdout } = await audit('verify');
    expect(stdout).toContain(`${tenant}: 10 entries, all unchanged, sealed through 10 (`);
  });

  test('ends with 1 on a changed log, and names the first wrong entry', async () => {
    await owner.query(`update audit_events set action = 'x' where id = $1`, [await idAt(7)]);
    await expect(audit('verify')).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining(
        `${tenant}: CHANGED at 7, entry ${await idAt(7)}; 6 entries before it are unchanged, not sealed yet (`,
      ),
    });
  });
});

describe('a seal', () => {
  beforeEach(aLog);

  test('finds a seal that another party wrote', async () => {
    await sealAudit(ctx());
    const whole = await readFile(file, 'utf8');
    const lines = whole.split('\n').filter((line) => line.includes(`"${tenant}"`));
    expect(lines).toHaveLength(1);
    await writeFile(
      file,
      whole.replace(lines[0] as string, (lines[0] as string).replace(/"hash":"./, '"hash":"g')),
    );
    expect((await verify()).firstFault).toEqual({ kind: 'SEAL_FORGED', seq: null, eventId: null });
    await writeFile(file, whole);
    expect((await verify()).firstFault).toBeNull();
  });

  test('a seal that a crash cut off does not damage the next one', async () => {
    await sealAudit(ctx());
    const whole = await readFile(file, 'utf8');
    await writeFile(file, whole.slice(0, -20));
    await makePartner(app, manager);
    await sealAudit(ctx());
    expect(await verify()).toEqual({ checked: 11, firstFault: null, sealedThrough: 11n });
  });
});

describe('rights of the API on the audit log', () => {
  test.each([
    'update audit_events set actor_id = actor_id',
    'delete from audit_events',
    'truncate audit_events cascade',
    'update audit_personal set salt = salt',
    'delete from audit_personal',
    'insert into audit_links select * from audit_links limit 0',
    'update audit_links set hash = hash',
    'delete from audit_links',
    'delete from audit_unlinked',
    'select * from audit_unlinked',
    'alter table audit_events disable trigger append_only',
  ])('the API may not: %s', async (statement) => {
    const api = new Client({ connectionString: app.database.url });
    await api.connect();
    await api.query(`set role partner_portal_api; set portal.tenant = '*'`);
    await expect(api.query(statement)).rejects.toMatchObject({ code: '42501' }); // insufficient privilege
    await api.end();
  });

  test.each(['audit_links', 'audit_events'])('also the owner cannot change %s by mistake', async (table) => {
    for (const statement of [
      `update ${table} set tenant_id = tenant_id`,
      `delete from ${table}`,
      `truncate ${table} cascade`,
    ])
      await expect(app.database.pool.query(statement)).rejects.toMatchObject({ code: '23000' });
  });
});

test('erases the personal values of an entry, and the chain stays valid', async () => {
  await aLog();
  const ENTRIES = `query ($id: ID) { auditEvents(filter: { partnerId: $id }, first: 100) {
    totalCount edges { node { action before after erased chained } } } }`;
  const { id } = await makePartner(app, manager, { contactName: 'Jane Roe', email: 'jane@example.com' });
  const other = await makePartner(app, manager, { email: 'john@example.com' });
  await linkAudit(ctx());
  const before = (await app.ask(maria, ENTRIES, { id })).auditEvents;
  expect(before.edges[0].node).toMatchObject({
    action: 'partner.created',
    after: { contactName: 'Jane Roe', email: 'jane@example.com', tier: 'BRONZE' },
    erased: false,
    chained: true,
  });
  const erase = (ctx: Context) =>
    transact(ctx, (em) => em.execute(sql`select erase_audit_personal(${tenant}, ${id}) as count`));
  const actor = (more: { role: Role; tenantId: string; partnerId?: string }) =>
    contextFor(app.app.services, {
      actor: actorOf({ id: 'mallory', credential: 'TOKEN', ...more }),
      requestId: 'test',
    });
  expect(await erase(actor({ role: 'PROGRAM_MANAGER', tenantId: 'elsewhere' }))).toEqual([{ count: '0' }]);
  expect(await erase(actor({ role: 'PARTNER', tenantId: tenant, partnerId: id }))).toEqual([{ count: '0' }]);
  expect(await erase(actor({ role: 'PROGRAM_MANAGER', tenantId: tenant }))).toEqual([{ count: '1' }]);

  const after = (await app.ask(maria, ENTRIES, { id })).auditEvents;
  expect(after.edges[0].node).toMatchObject({
    after: { contactName: null, email: null, tier: 'BRONZE' },
    erased: true,
  });
  expect((await verify()).firstFault).toBeNull();
  const { rows } = await app.database.pool.query(
    `select count(*)::int from audit_events e left join audit_personal p on p.event_id = e.id
     where (e::text || coalesce(p::text, '')) ~ 'jane|Jane'`,
  );
  expect(rows[0].count).toBe(0);
  const kept = (await app.ask(maria, ENTRIES, { id: other.id })).auditEvents;
  expect(kept.edges[0].node).toMatchObject({ after: { email: 'john@example.com' }, erased: false });
});

test('50 writers and two linkers make one chain of 10,000 entries without forks and gaps', {
  tags: ['slow'],
  timeout: 120_000,
}, async () => {
  const busy = 'busy';
  const program = await staffOf(app, busy);
  await makePartner(app, program.manager);
  const subject = { id: null, tenantId: busy };
  const writer = async (name: number) => {
    const own = ctx();
    for (let i = 0; i < 200; i += 4)
      await transact(own, async (em) => {
        for (const each of [0, 1, 2, 3])
          record(em, own, `writer.${name}`, subject, { after: { number: i + each } });
      });
  };
  const writing = new AbortController();
  let linked = 0;
  const sealer = async () => {
    while (!writing.signal.aborted) {
      const count = await linkAudit(ctx());
      linked += count;
    }
  };
  const started = performance.now();
  const sealers = [sealer(), sealer()];
  await Promise.all(Array.from({ length: 50 }, (_, i) => writer(i)));
  writing.abort();
  await Promise.all(sealers);
  const rest = await linkAudit(ctx());
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const { firstFault, checked } = await verifyAudit(ctx(), busy);
  expect({ firstFault, checked }).toEqual({ firstFault: null, checked: 10_001 });
  expect(linked + rest).toBe(10_001);
  const { rows } = await app.database.pool.query(
    'select count(*)::int as links, count(distinct seq)::int as places, max(seq)::int as head from audit_links where tenant_id = $1',
    [busy],
  );
  expect(rows[0]).toEqual({ links: 10_001, places: 10_001, head: 10_001 });
  process.stdout.write(`10,000 entries by 50 writers, linked: ${seconds} s\n`);
});

test('the worker links committed entries within two seconds', async () => {
  const program = await staffOf(app, 'watched');
  await app.app.startWorker();
  await makePartner(app, program.manager);
  const started = performance.now();
  const chained = async () => {
    const { auditEvents } = await app.ask(program.maria, '{ auditEvents { edges { node { chained } } } }');
    return auditEvents.edges[0].node.chained as boolean;
  };
  await until(chained);
  expect(performance.now() - started).toBeLessThan(5_000); // the machine may be busy
});
