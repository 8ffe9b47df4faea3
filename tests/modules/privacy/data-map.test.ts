import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataMap, withheld } from '../../../src/modules/privacy/privacy/data-map.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let columns: { table: string; column: string }[];
beforeAll(async () => {
  database = await createDatabase();
  const { rows } = await database.pool.query(
    `select table_name as table, column_name as column from information_schema.columns
     where table_schema = 'public' and table_name in (select tablename from pg_tables where schemaname = 'public')
     order by 1, 2`,
  );
  columns = rows;
});
afterAll(() => database.drop());

/** Everything that the map decides about, as `table.column`. */
const decided = new Set(
  [
    ...dataMap().flatMap(({ table, shows, erases }) =>
      [...shows, ...Object.keys(erases ?? {})].map((column) => ({ table, column })),
    ),
    ...Object.entries(withheld()).flatMap(([table, reasons]) =>
      Object.keys(reasons).map((column) => ({ table, column })),
    ),
  ].map(({ table, column }) => `${table}.${column}`),
);

test('every column of the database is shown to its person or withheld with a reason', () => {
  const undecided = columns
    .map(({ table, column }) => ({ table, name: `${table}.${column}` }))
    .filter(({ table, name }) => !decided.has(name) && !decided.has(`${table}.*`));
  expect(
    undecided.map(({ name }) => name),
    'name these in src/modules/privacy/privacy/data-map.ts: do they say something of a person?',
  ).toEqual([]);
  expect(columns.length).toBeGreaterThan(200);
});

test('the data map names only existing tables and columns', () => {
  const there = new Set(columns.flatMap(({ table, column }) => [`${table}.${column}`, `${table}.*`]));
  expect([...decided].filter((name) => !there.has(name))).toEqual([]);
});

test('every shown column is erased with its person, or kept with a reason and a last day', () => {
  const fateless = dataMap().filter(
    ({ shows, erases, erasedBy, keeps }) => !erasedBy && !keeps && shows.some((column) => !erases?.[column]),
  );
  expect(fateless.map(({ table, of }) => `${table} of ${of}`)).toEqual([]);
  for (const { keeps } of dataMap()) if (keeps) expect(keeps.years).toBeLessThanOrEqual(10);
});
