import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/database.ts';
import { type Duty, duties } from '../../../src/domain/duties.ts';
import { FIGURES } from '../../../src/domain/metrics.ts';
import { SkipReason } from '../../../src/domain/payout.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

/** All lists of values that the checks of a column name: of its domain, or of its table. */
async function checkedValues(): Promise<Map<string, string[]>> {
  const { rows } = await database.pool.query<{ table: string; column: string; definition: string }>(`
    select a.attrelid::regclass as table, a.attname as column,
      replace(pg_get_constraintdef(o.oid), 'VALUE', a.attname) as definition
    from pg_attribute a join pg_type y on y.oid = a.atttypid
    join pg_constraint o on o.conrelid = a.attrelid and a.attnum = any (o.conkey) or o.contypid = y.oid and y.typtype = 'd'
    where o.contype = 'c' and o.connamespace = 'public'::regnamespace and a.attnum > 0`);
  const lists = new Map<string, string[]>();
  for (const { table, column, definition } of rows)
    for (const [, named, list = ''] of definition.matchAll(/\(?(\w+)\)?(?:::text)? = ANY \(+ARRAY\[(.*?)\]/g))
      if (named === column) {
        const values = [...list.matchAll(/'(\w+)'/g)].map(([, value = '']) => value);
        lists.set(`${table}.${column}`, [
          ...(lists.get(`${table}.${column}`) ?? []),
          values.sort().join(' '),
        ]);
      }
  return lists;
}

/** Values that are read from elsewhere and never stored. */
const DERIVED: Readonly<Record<string, readonly string[]>> = {
  'commissions.status': ['ALLOCATED', 'PAID'], // of the payout
};

const UNCHECKED: Readonly<Record<string, string>> = {
  'payout_run_skips.reason': 'only the function payout_balances decides it; the next test reads that',
};

test('every column of an enum accepts exactly the values that the code knows', async () => {
  const { orm, close } = await openDatabase(database.url);
  const columns = [...orm.getMetadata().getAll().values()].flatMap(({ tableName, props }) =>
    props
      .filter(({ enum: isEnum, items, array }) => isEnum && items && !array)
      .map(({ fieldNames, items }) => [`${tableName}.${fieldNames[0]}`, (items ?? []).map(String)] as const),
  );
  await close();
  const checked = await checkedValues();
  for (const [name, values] of columns) {
    const stored = values.filter((value) => !DERIVED[name]?.includes(value));
    if (name in UNCHECKED) continue;
    expect.soft(checked.get(name), name).toContain(stored.sort().join(' '));
  }
  expect(columns.length).toBeGreaterThan(50);
});

test('payout_balances gives exactly the reasons that the code knows', async () => {
  const { rows } = await database.pool.query(`select prosrc from pg_proc where proname = 'payout_balances'`);
  const reasons = [...String(rows[0].prosrc).matchAll(/then '(\w+)'/g)].map(([, reason = '']) => reason);
  expect(reasons.sort()).toEqual(Object.keys(SkipReason).sort());
});

test('the database keeps the same acts apart as the code, each by a trigger', async () => {
  const { rows } = await database.pool.query(
    'select act, after, of_source, reason from duties() order by 1, 2, 4',
  );
  const wanted = (duties as readonly Duty[]).flatMap(({ act, after, reason, ofSource = false }) =>
    after.map((earlier) => ({ act, after: earlier, of_source: ofSource, reason })),
  );
  expect(rows).toEqual(expect.arrayContaining(wanted));
  expect(rows).toHaveLength(wanted.length);
  const { rows: triggers } = await database.pool.query(
    `select tgrelid::regclass::text || '.' || tgname as name from pg_trigger where tgname ~ '(is_another|may_change|not_on_itself)$' and not tgisinternal`,
  );
  expect(triggers.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining([
      ...[
        'commissions.approver_is_another',
        'commission_holds.releaser_is_another',
        'payouts.approver_is_another',
      ],
      ...[
        'bank_files.approver_is_another',
        'bank_files.withdrawer_is_another',
        'payouts.sender_is_another',
        'payout_accounts.confirmer_is_another',
        'proposed_rates.may_change',
      ],
      'commissions.not_on_itself',
    ]),
  );
});

test('every table of metrics has a column of each figure, in order', async () => {
  const { rows } = await database.pool.query<{ table: string; columns: string[] }>(
    `select c.relname as table, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relname = any ($1) and a.atttypid = 'bigint'::regtype and a.attname <> 'id' and a.attnum > 0 group by 1 order by 1`,
    [
      [
        ...['metric_delta', 'partner_metrics', 'partner_metrics_by', 'partner_metrics_daily'],
        ...['program_metric_changes', 'program_metrics_daily'],
      ],
    ],
  );
  expect(rows.map(({ columns }) => columns)).toEqual(Array.from({ length: 6 }, () => [...FIGURES]));
});
