import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

/** Tables that stay on one server when the others are distributed by `tenant_id`, and why. */
const OUTSIDE: Readonly<Record<string, string>> = {
  mikro_orm_migrations: 'belongs to the database, not to a tenant',
  database_files: 'belongs to the database, not to a tenant',
  audit_unlinked: 'a short queue of ids, which one function empties',
  claimed_names: 'keeps names unique over all tenants; small, so that every server can have a copy',
  signed_out_tokens: 'a fingerprint identifies nobody, so it has no tenant; deleted when the token expires',
  rail_events: 'a message of a payment rail may belong to no tenant; found by the id of the rail alone',
  reconciliation_differences: 'a transfer that no payout knows belongs to no tenant',
};

/** Foreign keys from tables outside to distributed ones: they must be dropped on the day of distribution. */
const BACK = [
  'rail_events_tenant_id_fkey',
  'rail_events_payout_id_fkey',
  'reconciliation_differences_tenant_id_fkey',
  'reconciliation_differences_payout_id_fkey',
  'reconciliation_differences_reconciliation_id_fkey',
];

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

const names = async (text: string): Promise<string[]> =>
  (
    await database.pool.query<{ name: string }>(
      `with inside as (
      select oid, relname from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname <> all ($1))
    ${text} order by 1`,
      [Object.keys(OUTSIDE)],
    )
  ).rows.map(({ name }) => name);

test('every table of a tenant has a tenant id in each row', async () => {
  expect(
    await names(`select relname as name from inside where not exists (select from pg_attribute
      where attrelid = inside.oid and attname = 'tenant_id' and attnotnull)`),
  ).toEqual([]);
  expect((await names('select relname as name from inside')).length).toBeGreaterThan(60);
});

test('every listed exception is an existing table', async () => {
  const { rows } = await database.pool.query(
    'select relname as name from pg_class where relname = any ($1)',
    [Object.keys(OUTSIDE)],
  );
  expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(OUTSIDE).sort());
});

test('every primary key contains the tenant, and one with an id begins with the id', async () => {
  expect(
    await names(`select relname as name from inside where not exists (select from pg_index i
      where i.indrelid = inside.oid and i.indisprimary and exists (select from pg_attribute a
        where a.attrelid = inside.oid and a.attname = 'tenant_id' and a.attnum = any (i.indkey::int2[])))`),
  ).toEqual([]);
  expect(
    await names(`select relname as name from inside join pg_attribute a on a.attrelid = inside.oid and a.attname = 'id'
      join pg_index i on i.indrelid = inside.oid and i.indisprimary where i.indkey[0] <> a.attnum`),
  ).toEqual([]);
});

test('every unique index contains the tenant, and nothing else excludes rows', async () => {
  expect(
    await names(`select i.indexrelid::regclass::text as name from inside join pg_index i on i.indrelid = inside.oid
      where i.indisunique and not exists (select from pg_attribute a
        where a.attrelid = inside.oid and a.attname = 'tenant_id' and a.attnum = any (i.indkey::int2[]))`),
  ).toEqual([]);
  expect(
    await names(
      `select conname as name from pg_constraint, inside where conrelid = inside.oid and contype = 'x'`,
    ),
  ).toEqual([]);
});

test('every foreign key between tables of tenants carries the tenant', async () => {
  expect(
    await names(`select o.conname as name from pg_constraint o join inside on inside.oid = o.conrelid
      join inside target on target.oid = o.confrelid
      where o.contype = 'f' and not exists (select from unnest(o.conkey, o.confkey) k (own, other)
        join pg_attribute a on a.attrelid = o.conrelid and a.attnum = k.own and a.attname = 'tenant_id'
        join pg_attribute b on b.attrelid = o.confrelid and b.attnum = k.other and b.attname = 'tenant_id')`),
  ).toEqual([]);
  expect(
    await names(`select o.conname as name from pg_constraint o join inside target on target.oid = o.confrelid
      where o.contype = 'f' and o.conrelid not in (select oid from inside)
        and o.connamespace = 'public'::regnamespace`),
  ).toEqual([...BACK].sort());
});

test('no index is the prefix of another one of the same rows', async () => {
  expect(
    await names(`, indexes as (select i.indrelid, i.indexrelid, i.indisunique, i.indkey::int2[] as columns,
        coalesce(pg_get_expr(i.indpred, i.indrelid), '') as rows
      from pg_index i join inside on inside.oid = i.indrelid where i.indexprs is null)
    select a.indexrelid::regclass || ' of ' || b.indexrelid::regclass as name from indexes a join indexes b
      on a.indrelid = b.indrelid and a.indexrelid <> b.indexrelid and a.rows = b.rows and not a.indisunique
      where (select array_agg(c order by n) from unnest(b.columns) with ordinality u (c, n)
        where n <= cardinality(a.columns)) = a.columns`),
  ).toEqual([]);
});
