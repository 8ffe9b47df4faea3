import { afterAll, beforeAll, expect, test } from 'vitest';
import { monthsLater } from '../../../src/domain/recurring.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

// Not Morocco, whose rules differ between versions of the time zone data.
const ZONES = [
  'UTC',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Europe/Berlin',
  'Europe/London',
  'Africa/Cairo',
  'Asia/Kolkata',
  'Asia/Tehran',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Australia/Sydney',
  'Pacific/Auckland',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
];

test('a window of whole months ends as PostgreSQL reads the local time, also where a clock changes', async () => {
  const { rows } = await database.pool.query<{ zone: string; start: Date; months: number; end: Date }>(
    `select zone, start, months, ((start at time zone zone) + make_interval(months => months)) at time zone zone as end
      from unnest($1::text[]) zone
      cross join (select timestamptz '2025-12-29 00:17+00' + n * interval '37 minutes 11 seconds' as start
        from generate_series(1, 2600) n where n % 7 = 0 or n % 39 < 3) s
      cross join (values (1), (2), (12)) m (months)`,
    [ZONES],
  );
  const wrong = rows.filter(
    ({ zone, start, months, end }) => monthsLater(start, months, zone).getTime() !== end.getTime(),
  );
  expect(rows.length).toBeGreaterThan(20_000);
  expect(
    wrong.slice(0, 3).map((w) => JSON.stringify({ ...w, ours: monthsLater(w.start, w.months, w.zone) })),
  ).toEqual([]);
});
