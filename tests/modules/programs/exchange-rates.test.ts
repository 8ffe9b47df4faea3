import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { staffOf } from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
const now = new Date('2026-03-10T23:30:00Z');
beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => now } });
});
afterAll(() => app?.close());

let tenants = 0;
const program = async () => {
  staff = await staffOf(app, `rates-${tenants++}`);
};
const SET = 'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }';
const IMPORT = 'mutation ($csv: String!) { importExchangeRates(csv: $csv) { count } }';
const rate = (effectiveOn: string, more: object = {}) => ({
  base: 'EUR',
  quote: 'USD',
  rate: '1.08',
  effectiveOn,
  ...more,
});
const set = (...rates: object[]) => app.ask(staff.manager, SET, { input: { rates } });
const refused = (...rates: object[]) => app.refusal(staff.manager, SET, { input: { rates } });
const all = async (filter: object = {}) => {
  const { exchangeRates } = await app.ask(
    staff.manager,
    'query ($filter: ExchangeRateFilter) { exchangeRates(filter: $filter) { edges { node { base quote rate effectiveOn createdBy } } } }',
    { filter },
  );
  return exchangeRates.edges.map(({ node }: { node: object }) => node);
};

test('stores exchange rates exactly, with their day and the actor', async () => {
  await program();
  await set(
    rate('2026-04-01', { rate: '1.084200000001' }),
    rate('2026-04-01', { base: 'USD', quote: 'JPY', rate: '149.67' }),
  );
  expect(await all({ currency: 'EUR' })).toEqual([
    { base: 'EUR', quote: 'USD', rate: '1.084200000001', effectiveOn: '2026-04-01', createdBy: 'manager' },
  ]);
  expect(await all({ from: '2026-04-02' })).toEqual([]);
});

test('a rate in force never changes; a rate of a future day can be replaced by a later row', async () => {
  await program();
  await set(rate('2026-03-01'), rate('2026-03-10'), rate('2026-03-11'));
  expect(await refused(rate('2026-03-10', { rate: '2' }))).toMatchObject({
    code: 'CONFLICT',
    reason: 'RATE_IN_FORCE',
  });
  expect(await refused(rate('2026-03-05'))).toMatchObject({
    reason: 'RATE_IN_FORCE',
    field: 'input.rates.0',
  });
  // The other way round it is the same two currencies.
  expect(await refused({ base: 'USD', quote: 'EUR', rate: '0.5', effectiveOn: '2026-03-01' })).toMatchObject({
    code: 'CONFLICT',
  });
  await set(rate('2026-03-11', { rate: '1.09' }));
  expect((await all({ from: '2026-03-11' })).map((row: { rate: string }) => row.rate)).toEqual([
    '1.09',
    '1.08',
  ]);
  await expect(app.database.pool.query('update exchange_rates set rate = 2')).rejects.toThrow();
});

test("accepts today's rate and missing rates of the past", async () => {
  await program();
  await set(rate('2026-03-09'));
  await set(rate('2026-03-10'));
  await set(rate('2026-01-05'));
  expect(await all()).toHaveLength(3);
});

test("uses today's date in the time zone of the program", async () => {
  await program();
  await app.ask(staff.manager, 'mutation { updateProgram(input: { timeZone: "Asia/Tokyo" }) { tenantId } }');
  await set(rate('2026-03-11'));
  expect(await refused(rate('2026-03-11'))).toMatchObject({ reason: 'RATE_IN_FORCE' });
});

test.each([
  [{ base: 'XYZ' }, 'input.rates.0.base'],
  [{ quote: 'EUR' }, 'input.rates.0.quote'],
  [{ rate: '0' }, 'input.rates.0.rate'],
  [{ rate: '-1' }, 'input.rates.0.rate'],
])('refuses %j and names the field', async (more, field) => {
  await program();
  expect(await refused(rate('2026-04-01', more))).toMatchObject({ code: 'BAD_USER_INPUT', field });
});

test('accepts at most 250 rates in a request, each once', async () => {
  await program();
  const many = Array.from({ length: 251 }, (_, index) =>
    rate(new Date(Date.UTC(2027, 0, 1 + index)).toISOString().slice(0, 10)),
  );
  expect(await refused(...many)).toMatchObject({ field: 'input.rates' });
  expect(
    await refused(rate('2027-01-01'), { base: 'USD', quote: 'EUR', rate: '1', effectiveOn: '2027-01-01' }),
  ).toMatchObject({
    field: 'input.rates.1',
  });
  expect(await all()).toEqual([]);
});

test('enters all lines of a text, or refuses it with the number of a line', async () => {
  await program();
  const csv = (...lines: string[]) => ({ csv: ['base,quote,rate,date', ...lines].join('\r\n') });
  expect(
    await app.ask(staff.manager, IMPORT, csv('EUR,USD,1.08,2026-04-01', 'GBP,USD,1.27,2026-04-01', '')),
  ).toEqual({
    importExchangeRates: { count: 2 },
  });
  const fault = async (...lines: string[]) =>
    (await app.refusal(staff.manager, IMPORT, csv(...lines))).message;
  expect(await fault('EUR,USD,1.08,2026-05-01', 'EUR,USD,one,2026-05-02')).toContain('line 3');
  expect(await fault('EUR,USD,1.08')).toContain('line 2');
  expect(await fault('EUR,USD,1.08,2026-02-30')).toContain('line 2');
  expect(await fault('EUR,USD,1.08,2026-02-01', 'EUR,USD,1.08,2026-03-01', 'CHF,CHF,1,2026-03-01')).toContain(
    'line 4',
  );
  expect((await app.refusal(staff.manager, IMPORT, { csv: 'EUR,USD,1.08,2026-05-01' })).message).toContain(
    'line 1',
  );
  expect(await all()).toHaveLength(2);
});
