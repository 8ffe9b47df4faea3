import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
  for (const [line, cell] of [
    ['"UK",USD,1.08,2026-03-01', 'base'],
    ['EUR,"us",1.08,2026-03-01', 'quote'],
    ['EUR,USD,"1,08",2026-03-01', 'rate'],
    ['"EUR","USD","1.08","2026-02-30"', 'date'],
    ['BGN,EUR,0.51,2026-01-02', 'base'],
  ] as const)
    expect(await fault(line), line).toContain(`line 2, ${cell}: `);
  expect(await all()).toHaveLength(2);
  const quoted = {
    csv: '\uFEFF"base","quote","rate","date"\r\n"EUR","SEK","11.5","2027-01-02"\r\n"BGN", "EUR" ,0.51,2025-12-31\r\n',
  };
  expect((await app.ask(staff.manager, IMPORT, quoted)).importExchangeRates.count).toBe(2);
});

describe('a rate that moves by more than 20 % from the rate before', () => {
  const CONFIRM = 'mutation ($id: ID!) { confirmExchangeRate(id: $id) { status decidedBy } }';
  const REJECT_RATE =
    'mutation ($id: ID!) { rejectExchangeRate(id: $id, reason: "a typing error") { status decidedBy reason } }';
  const enter = async (...rates: object[]) =>
    (
      await app.ask(
        staff.manager,
        'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count waiting } }',
        { input: { rates } },
      )
    ).setExchangeRates;
  const counting = async () => (await all()).map((row: { rate: string }) => row.rate);
  const proposed = async (status: string | null = 'WAITING', token = staff.maria) => {
    const { proposedExchangeRates } = await app.ask(
      token,
      `query ($status: ProposedRateStatus) { proposedExchangeRates(status: $status) { edges { node {
        id base quote rate effectiveOn createdBy status before { rate effectiveOn } } } } }`,
      { status },
    );
    return proposedExchangeRates.edges.map(({ node }: { node: object }) => node);
  };

  test('waits and does not count until another person confirms it', async () => {
    await program();
    expect(await enter(rate('2026-03-10'))).toEqual({ count: 1, waiting: 0 });
    expect(await enter(rate('2026-03-11', { rate: '0.0001' }))).toEqual({ count: 0, waiting: 1 });
    expect(await counting()).toEqual(['1.08']);
    const [waits] = await proposed();
    expect(waits).toMatchObject({
      ...{ base: 'EUR', quote: 'USD', rate: '0.0001', effectiveOn: '2026-03-11', createdBy: 'manager' },
      before: { rate: '1.08', effectiveOn: '2026-03-10' },
    });
    const { id } = waits;
    expect(await app.refusal(staff.manager, CONFIRM, { id })).toMatchObject({
      code: 'FORBIDDEN',
      message: 'You entered this exchange rate, so another person must confirm it.',
    });
    const stale = await app.token('FINANCE', {
      ...{ tenant: `rates-${tenants - 1}`, user: 'maria', signedInAt: new Date(Date.now() - 16 * 60_000) },
    });
    expect(await app.refusal(stale, CONFIRM, { id })).toMatchObject({ reason: 'STEP_UP_REQUIRED' });
    expect(await app.ask(staff.maria, CONFIRM, { id })).toEqual({
      confirmExchangeRate: { status: 'CONFIRMED', decidedBy: 'maria' },
    });
    expect(await counting()).toEqual(['0.0001', '1.08']);
    expect(await proposed()).toEqual([]);
    for (const again of [CONFIRM, REJECT_RATE])
      expect(await app.refusal(staff.tom, again, { id })).toMatchObject({ reason: 'ALREADY_DECIDED' });
  });

  test.each([
    ['a rise of exactly 20 %', { rate: '1.2' }, 0],
    ['a rise of more than 20 %', { rate: '1.200000000001' }, 1],
    ['a fall of exactly 20 %', { rate: '0.8' }, 0],
    ['a fall of more than 20 %', { rate: '0.799999999999' }, 1],
    ['the inverse of a fall of exactly 20 %', { base: 'USD', quote: 'EUR', rate: '1.25' }, 0],
    ['the inverse of a fall of more than 20 %', { base: 'USD', quote: 'EUR', rate: '1.250000000001' }, 1],
    ['the inverse of a rise of more than 20 %', { base: 'USD', quote: 'EUR', rate: '0.83' }, 1],
    ['the inverse of a rise of less than 20 %', { base: 'USD', quote: 'EUR', rate: '0.84' }, 0],
  ])('%s of 1.00: %j', async (_, more, waiting) => {
    await program();
    await enter(rate('2026-03-10', { rate: '1' }));
    expect(await enter(rate('2026-03-11', more))).toEqual({ count: 1 - waiting, waiting });
  });

  test('cannot be reached in small steps on one day, and an import waits in the same way', async () => {
    await program();
    await enter(rate('2026-03-10', { rate: '1' }));
    expect(await enter(rate('2026-03-11', { rate: '0.85' }))).toEqual({ count: 1, waiting: 0 });
    expect(await enter(rate('2026-03-11', { rate: '0.75' }))).toEqual({ count: 0, waiting: 1 });
    const { importExchangeRates } = await app.ask(
      staff.manager,
      'mutation ($csv: String!) { importExchangeRates(csv: $csv) { count waiting } }',
      { csv: 'base,quote,rate,date\nEUR,USD,0.5,2026-03-11\nEUR,USD,0.84,2026-03-12\nUSD,EUR,9,2026-03-13' },
    );
    expect(importExchangeRates).toEqual({ count: 1, waiting: 2 });
  });

  test('is compared with the nearest later rate if there is no earlier one', async () => {
    await program();
    await enter(rate('2026-03-10', { rate: '1' }));
    expect(await enter(rate('2026-01-02', { rate: '2' }))).toEqual({ count: 0, waiting: 1 });
    expect(await enter(rate('2026-01-02', { rate: '1.1' }))).toEqual({ count: 1, waiting: 0 });
  });

  test('is not confirmed on a day whose rate is in force by now, and can be withdrawn', async () => {
    await program();
    await enter(rate('2026-03-09', { rate: '1' }));
    await enter(rate('2026-03-10', { rate: '2' }));
    const [{ id }] = await proposed();
    await enter(rate('2026-03-10', { rate: '1.01' }));
    expect(await app.refusal(staff.maria, CONFIRM, { id })).toMatchObject({ reason: 'RATE_IN_FORCE' });
    expect(await app.ask(staff.manager, REJECT_RATE, { id })).toEqual({
      rejectExchangeRate: { status: 'REJECTED', decidedBy: 'manager', reason: 'a typing error' },
    });
    expect(await counting()).toEqual(['1.01', '1']);
    const { auditEvents } = await app.ask(staff.maria, '{ auditEvents { edges { node { action } } } }');
    expect(auditEvents.edges.map(({ node }: { node: { action: string } }) => node.action)).toContain(
      'exchangeRate.rejected',
    );
  });

  test('waits by the limit of the program, which is from 0 to 50 %', async () => {
    await program();
    const limit = (rateChangeLimit: number) =>
      app.ask(
        staff.manager,
        'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { rateChangeLimit } }',
        { input: { rateChangeLimit } },
      );
    expect(await app.ask(staff.manager, '{ program { rateChangeLimit } }')).toEqual({
      program: { rateChangeLimit: 20 },
    });
    await enter(rate('2026-03-10', { rate: '1' }));
    await limit(5.5);
    expect(await enter(rate('2026-03-11', { rate: '1.056' }))).toMatchObject({ waiting: 1 });
    expect(await enter(rate('2026-03-11', { rate: '1.055' }))).toMatchObject({ waiting: 0 });
    await limit(0);
    expect(await enter(rate('2026-03-12', { rate: '1.0551' }))).toMatchObject({ waiting: 1 });
    await expect(limit(50.01)).rejects.toThrow('must be from 0 to 50');
  });

  test('is refused by the database without a second person, and with the same person twice', async () => {
    await program();
    const tenant = `rates-${tenants - 1}`;
    await enter(rate('2026-03-10', { rate: '1' }));
    const insert = (confirmedBy: string | null) =>
      app.database.pool.query(
        `insert into exchange_rates (id, tenant_id, base, quote, rate, effective_on, created_by, confirmed_by)
         values (new_id(), $1, 'EUR', 'USD', 5, '2026-03-11', 'manager', $2)`,
        [tenant, confirmedBy],
      );
    await expect(insert(null)).rejects.toThrow('A second person must confirm');
    await expect(insert('manager')).rejects.toThrow('Another person');
    await enter(rate('2026-03-11', { rate: '5' }));
    await expect(
      app.database.pool.query(
        "update proposed_rates set status = 'CONFIRMED', decided_by = created_by, decided_at = now() where tenant_id = $1",
        [tenant],
      ),
    ).rejects.toThrow('Another person');
    await insert('maria');
    expect(await counting()).toEqual(['5', '1']);
  });
});

test('needs a fresh sign-in to enter and to import exchange rates', async () => {
  await program();
  const stale = await app.token('PROGRAM_MANAGER', {
    ...{ tenant: `rates-${tenants - 1}`, user: 'manager', signedInAt: new Date(Date.now() - 5 * 3_600_000) },
  });
  for (const [document, variables] of [
    [SET, { input: { rates: [rate('2026-04-01')] } }],
    [IMPORT, { csv: 'base,quote,rate,date\nEUR,USD,1.08,2026-04-01' }],
  ] as const)
    expect(await app.refusal(stale, document, variables)).toMatchObject({ reason: 'STEP_UP_REQUIRED' });
});
