import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isTransactionPooled, migrate, pendingChanges } from '../src/database.ts';
import { createDatabase, type TestDatabase } from './support/database.ts';
import { startPooler } from './support/pooler.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

const query = async (text: string, values: unknown[] = []) => (await database.pool.query(text, values)).rows;
const FUNCTION = 'functions/payouts/payout_period_end.sql';
const weekEnd = async () =>
  (await query(`select payout_period_end('WEEKLY', '2026-03-04')::text as day`))[0].day;

describe('the files of src/database', () => {
  test('a migrated database lacks nothing', async () => {
    expect(await pendingChanges(database.url)).toEqual([]);
    expect(await migrate(database.url)).toEqual([]);
  });

  test('a start applies a function whose file changed, and only that one', async () => {
    await query(`create or replace function payout_period_end(frequency text, today date) returns date
      language sql immutable as $$ select today $$`);
    await query(`update database_files set hash = 'of another text' where path = $1`, [FUNCTION]);
    expect(await weekEnd()).toBe('2026-03-04');

    expect(await pendingChanges(database.url)).toEqual([FUNCTION]);
    expect(await migrate(database.url)).toEqual([FUNCTION]);
    expect(await weekEnd()).toBe('2026-03-02');
    expect(await pendingChanges(database.url)).toEqual([]);
  });

  test('a start applies all policies when one of them changed, so that no other policy is left', async () => {
    const policies = () =>
      query(`select tablename, policyname, qual, with_check from pg_policies order by 1, 2`);
    const before = await policies();
    await query('create policy left_over on partners to partner_portal_api using (true)');
    await query('grant delete on partners to partner_portal_api');
    await query(`update database_files set hash = 'of another text' where path = 'policies/payouts.sql'`);

    const applied = await migrate(database.url);
    expect(applied).toContain('policies/partners.sql');
    expect(applied.filter((path) => !path.startsWith('policies/'))).toEqual([]);
    expect(await policies()).toEqual(before);
    const [{ allowed }] = await query(
      `select has_table_privilege('partner_portal_api', 'partners', 'delete') as allowed`,
    );
    expect(allowed).toBe(false);
  });

  test('two starts at once apply a changed file once', async () => {
    await query(`update database_files set hash = 'of another text' where path = $1`, [FUNCTION]);
    const applied = await Promise.all([migrate(database.url), migrate(database.url)]);
    expect(applied.flat()).toEqual([FUNCTION]);
  });

  test('a file that is gone stops the start until a migration drops what the file made', async () => {
    const gone = 'functions/payouts/gone.sql';
    await query(`insert into database_files (path, hash) values ($1, '')`, [gone]);
    await expect(migrate(database.url)).rejects.toThrow(
      `The database was built with ${gone}, which no longer exists`,
    );
    await query('delete from database_files where path = $1', [gone]);
  });

  test('a changed table file stops the start: tables change by migrations', async () => {
    const [{ hash }] = await query(`select hash from database_files where path = 'schema'`);
    await query(`update database_files set hash = 'of other tables' where path = 'schema'`);
    await expect(migrate(database.url)).rejects.toThrow(
      'Change tables with a migration, or delete the database with `npm run reset`',
    );
    await query(`update database_files set hash = $1 where path = 'schema'`, [hash]);
  });

  test('a file that PostgreSQL refuses is named, and nothing of the start is kept', async () => {
    await query(
      `update database_files set hash = 'of another text' where path like 'functions/payouts/payout_period_%'`,
    );
    await query('alter function payout_period_start rename to is_in_the_way');
    await query(
      `create function payout_period_start(frequency text, ends date) returns text language sql as $$ select '' $$`,
    );
    await expect(migrate(database.url)).rejects.toThrow(
      /^src\/database\/functions\/payouts\/payout_period_start\.sql: /,
    );
    expect(await pendingChanges(database.url)).toEqual([
      FUNCTION,
      'functions/payouts/payout_period_start.sql',
    ]);
    await query('drop function payout_period_start');
    await query('alter function is_in_the_way rename to payout_period_start');
    await migrate(database.url);
  });
});

test('a database of a version before the first release is refused with a way out', async () => {
  const old = await createDatabase();
  onTestFinished(() => old.drop());
  await old.pool.query(`insert into mikro_orm_migrations (name) values ('Migration20261122101435_tables')`);
  for (const start of [migrate, pendingChanges])
    await expect(start(old.url)).rejects.toThrow(
      'This database was built by a version before the first release and cannot be upgraded. Delete it with `npm run reset`, or on your own PostgreSQL create an empty database and name it in DATABASE_URL.',
    );
});

test.each([
  ['transaction', true],
  ['session', false],
] as const)('a pooler in %s mode is noticed: %s', async (mode, isNoticed) => {
  const pooler = await startPooler(database.url, mode);
  onTestFinished(pooler.close);
  expect(await isTransactionPooled(pooler.url)).toBe(isNoticed);
  expect(await isTransactionPooled(database.url)).toBe(false);
});

test('migrations are named by a number and what they change', async () => {
  const names = (await readdir('migrations')).sort();
  expect(names[0]).toBe('0001_baseline.ts');
  expect(names.filter((name) => !/^\d{4}_[a-z0-9_]+\.ts$/.test(name))).toEqual([]);
});

describe('npm run schema:sql', () => {
  const run = promisify(execFile);
  const psql = spawnSync('psql', ['--version']).status === 0;
  if (!psql) process.stdout.write('Skipped: no psql here, which would run the printed script.\n');

  test.skipIf(!psql)('prints a script that leaves nothing to do for the first start', async () => {
    const empty = await createDatabase('template1');
    onTestFinished(() => empty.drop());
    const folder = await mkdtemp(join(tmpdir(), 'schema-sql-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const script = join(folder, '04_partner_portal.sql');
    const { stdout } = await run('npm', ['run', '-s', 'schema:sql'], { maxBuffer: 10_000_000 });
    await writeFile(script, stdout);

    const printed = await run('psql', ['-X', '-q', '-f', script, empty.url]);
    expect(printed).toEqual({ stdout: '', stderr: '' });
    expect(await pendingChanges(empty.url)).toEqual([]);
    expect(await migrate(empty.url)).toEqual([]);

    const objects = `
      select format('%s %s', c.relkind, c.oid::regclass) as name, c.relacl::text as more from pg_class c
        where c.relnamespace in ('public'::regnamespace, 'touches_by_month'::regnamespace)
      union all select p.oid::regprocedure::text, p.prosrc from pg_proc p where p.pronamespace = 'public'::regnamespace
      union all select format('%s %s', conrelid::regclass, conname), pg_get_constraintdef(oid) from pg_constraint
        where connamespace = 'public'::regnamespace
      union all select format('%s %s', tgrelid::regclass, tgname), pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
      union all select format('%s %s', tablename, policyname), format('%s %s', qual, with_check) from pg_policies
      order by 1, 2`;
    const { rows } = await empty.pool.query(objects);
    expect(rows).toEqual(await query(objects));
    expect(rows.length).toBeGreaterThan(900);

    await expect(run('psql', ['-X', '-q', '-f', script, empty.url])).rejects.toThrow('already exists');
  });
});
