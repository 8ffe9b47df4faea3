import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  CREATE_PAYOUT,
  DISPUTE,
  makeApproved,
  makeCommission,
  makePartner,
  REJECT,
  RESOLVE,
  REVERSE,
  staffOf,
} from '../../support/make.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: string;
let now = new Date();
beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => now } });
  staff = await staffOf(app);
  await makePartner(app, staff.manager); // the tenant has its program from here on
  await app.database.pool.query(`update programs set time_zone = 'America/New_York'`);
  await app.app.startWorker();
});
afterAll(() => app.close());
beforeEach(async () => {
  now = new Date();
  ({ id: partner } = await makePartner(app, staff.manager, {
    companyName: '=Smith, "Sons"\n& Co',
    commissionRate: 20,
    payoutMethod: 'STRIPE',
  }));
});

const STATEMENT = `query ($id: ID!, $from: LocalDate!, $to: LocalDate!, $currency: String) { partner(id: $id) {
  statement(from: $from, to: $to, currency: $currency) { from to currency otherCurrencies opening { amount } closing { amount }
    lines { at cause { kind commissionId payoutId } sentence amount { amount currency } balance { amount } } } } }`;
const CSV = `query ($id: ID!, $from: LocalDate!, $to: LocalDate!, $currency: String) {
  partnerStatementCsv(partnerId: $id, from: $from, to: $to, currency: $currency) }`;
const AS_OF = `query ($id: ID!, $at: DateTime) { partner(id: $id) {
  balances(asOf: $at) { currency pending { amount } payable { amount } inTransit { amount } paid { amount } } } }`;

const ever = { from: '2026-01-01', to: '2100-12-31' };
const statement = async (days: object = ever) =>
  (await app.ask(staff.maria, STATEMENT, { id: partner, ...days })).partner.statement;
const balances = async (at?: string) =>
  (await app.ask(staff.maria, AS_OF, { id: partner, at })).partner.balances;
const brief = (found: {
  lines: { cause: { kind: string }; amount: { amount: string }; balance: { amount: string } }[];
}) => found.lines.map(({ cause, amount, balance }) => `${cause.kind} ${amount.amount} ${balance.amount}`);

const later = (days: number) => {
  now = new Date(now.getTime() + days * 86_400_000);
};
async function payout(metadata: object = {}): Promise<string> {
  const { createPayout } = await app.ask(staff.maria, CREATE_PAYOUT, {
    input: { partnerId: partner, periodStart: '2026-01-01', periodEnd: '2100-01-01', metadata },
  });
  await app.ask(staff.tom, 'mutation ($id: ID!) { approvePayout(id: $id) { id } }', { id: createPayout.id });
  return createPayout.id;
}
const comes = (id: string, ...statuses: string[]) =>
  until(async () =>
    statuses.includes(
      (await app.ask(staff.maria, 'query ($id: ID!) { payout(id: $id) { status } }', { id })).payout.status,
    ),
  );

test('a statement lists every movement with its cause, and its lines sum from the opening to the closing balance', async () => {
  const first = await makeApproved(app, staff, partner, { amount: '100.00' });
  later(1);
  const second = await makeApproved(app, staff, partner, { amount: '50.00' });
  later(1);
  await app.ask(staff.maria, REVERSE, { id: first, input: { amount: '25.00' } });
  later(1);
  await app.ask(staff.maria, REJECT, { id: second, reason: 'no sale' });
  later(1);
  const paid = await payout();
  await comes(paid, 'PAID');
  const found = await statement();
  expect(found).toMatchObject({ opening: { amount: '0.00' }, closing: { amount: '0.00' }, currency: 'USD' });
  expect(brief(found)).toEqual([
    'COMMISSION_ACCRUED 20.00 20.00',
    'COMMISSION_ACCRUED 10.00 30.00',
    'COMMISSION_REVERSED -5.00 25.00',
    'COMMISSION_WITHDRAWN -10.00 15.00',
    'PAYOUT_SENT -15.00 0.00',
  ]);
  expect(found.lines.map(({ sentence }: { sentence: string }) => sentence)).toEqual([
    'Commission on a sale of 100.00 USD approved.',
    'Commission on a sale of 50.00 USD approved.',
    'Commission reversed for a refund of 25.00 USD.',
    'Commission on a sale of 50.00 USD rejected after its approval.',
    'Payout by STRIPE for 2026-01-01 to 2100-01-01 sent.',
  ]);
  expect(found.lines[0].cause).toMatchObject({ commissionId: first, payoutId: null });
  expect(found.lines[4].cause).toMatchObject({ commissionId: null, payoutId: paid });
});

test('a refused or returned payout is owed again', async () => {
  await makeApproved(app, staff, partner);
  await comes(await payout({ sandbox: 'fail' }), 'FAILED');
  expect(brief(await statement()).slice(0, 3)).toEqual([
    'COMMISSION_ACCRUED 20.00 20.00',
    'PAYOUT_SENT -20.00 0.00',
    'PAYOUT_FAILED 20.00 20.00',
  ]);
});

test("days are in the program's time zone, and each statement begins where the previous one ended", async () => {
  now = new Date('2026-11-20T04:59:59.999Z'); // 23:59:59.999 of the 19th in New York
  await makeApproved(app, staff, partner, { amount: '100.00', occurredAt: '2026-11-01' });
  now = new Date('2026-11-20T05:00:00.000Z');
  await makeApproved(app, staff, partner, { amount: '50.00', occurredAt: '2026-11-01' });
  const on = (from: string, to = from) => statement({ from, to });
  expect(await on('2026-11-18')).toMatchObject({
    opening: { amount: '0.00' },
    lines: [],
    closing: { amount: '0.00' },
  });
  expect(await on('2026-11-19')).toMatchObject({ opening: { amount: '0.00' }, closing: { amount: '20.00' } });
  expect(await on('2026-11-20')).toMatchObject({
    opening: { amount: '20.00' },
    closing: { amount: '30.00' },
  });
  expect(await on('2026-11-21')).toMatchObject({
    opening: { amount: '30.00' },
    lines: [],
    closing: { amount: '30.00' },
  });
  const [then] = await balances('2026-11-20T05:00:00.000Z'); // before that instant, as the day ends
  expect(then.payable.amount).toBe('20.00');
});

test('balances as of a time are those immediately before it', async () => {
  const id = await makeCommission(app, staff.manager, partner, { amount: '100.00' });
  later(1);
  const pending = now.toISOString();
  later(1);
  await app.ask(staff.maria, 'mutation ($id: ID!) { approveCommission(id: $id) { id } }', { id });
  later(1);
  const owed = now.toISOString();
  later(1);
  await comes(await payout(), 'PAID');
  const of = async (at?: string) => {
    const [row] = await balances(at);
    return row && [row.pending, row.payable, row.inTransit, row.paid].map(({ amount }) => amount).join(' ');
  };
  expect(await of('2026-01-01T00:00:00Z')).toBeUndefined();
  expect(await of(pending)).toBe('20.00 0.00 0.00 0.00');
  expect(await of(owed)).toBe('0.00 20.00 0.00 0.00');
  later(1);
  expect(await of(now.toISOString())).toBe('0.00 0.00 0.00 20.00');
  expect(await of()).toBe('0.00 0.00 0.00 20.00');
});

test('each currency has a statement of its own, which names the others, and a CSV contains all of them', async () => {
  await makeApproved(app, staff, partner, { amount: '1000', currency: 'JPY' });
  expect(await statement({ ...ever, currency: 'JPY' })).toMatchObject({
    ...{ closing: { amount: '200' }, otherCurrencies: [] },
  });
  expect(await statement()).toMatchObject({
    ...{ closing: { amount: '0.00' }, lines: [], otherCurrencies: ['JPY'] },
  });
  expect(await statement({ from: '2026-01-01', to: '2026-01-02' })).toMatchObject({ otherCurrencies: [] });
  const rows = async (currency?: string) =>
    cells((await app.ask(staff.maria, CSV, { id: partner, ...ever, currency })).partnerStatementCsv)
      .slice(1)
      .map((row) => [row[2], ...row.slice(5)].join(' '));
  const dollars = ['OPENING USD   0.00 CR', 'CLOSING USD   0.00 CR'];
  expect(await rows()).toEqual([
    ...dollars,
    ...['OPENING JPY   0 CR', 'COMMISSION_ACCRUED JPY 200  200 CR', 'CLOSING JPY   200 CR'],
  ]);
  expect(await rows('USD')).toEqual(dollars);
});

test('impossible days, unknown currencies and too many lines are refused', async () => {
  const refusal = (days: object) => app.refusal(staff.maria, STATEMENT, { id: partner, ...days });
  expect(await refusal({ from: '2026-02-02', to: '2026-02-01' })).toMatchObject({
    code: 'BAD_USER_INPUT',
    field: 'to',
  });
  expect(await refusal({ ...ever, currency: 'XXX' })).toMatchObject({
    code: 'BAD_USER_INPUT',
    field: 'currency',
  });
  const commission = await makeApproved(app, staff, partner);
  const post = (from: number, to: number) =>
    app.database.pool.query(
      `insert into postings (id, tenant_id, partner_id, reference, from_account, to_account, amount_minor, amount_currency)
       select new_id(), 'acme', p.id, 'commission:' || $2::text || ':' || n || ':accrued', 'program:commission-expense',
         'partner:' || p.id || ':payable', 1, 'USD'
       from partners p, generate_series($3::int, $4::int) n where p.id = $1`,
      [partner, commission, from, to],
    );
  await post(1, 999);
  const full = await statement();
  expect(full.lines).toHaveLength(1_000);
  expect(full.closing.amount).toBe('29.99');
  await post(1_000, 1_000);
  expect(await refusal(ever)).toMatchObject({ code: 'BAD_USER_INPUT', field: 'to' });
  const csv = (await app.ask(staff.maria, CSV, { id: partner, ...ever })).partnerStatementCsv as string;
  expect(csv.match(/,COMMISSION_ACCRUED,/g)).toHaveLength(1_001);
});

test('a partner reads its own statement, and no other partner can read it', async () => {
  await makeApproved(app, staff, partner);
  const self = await app.token('PARTNER', { partner });
  const { id: other } = await makePartner(app, staff.manager);
  const stranger = await app.token('PARTNER', { partner: other });
  const asked = { id: partner, ...ever };
  expect((await app.ask(self, STATEMENT, asked)).partner.statement.closing.amount).toBe('20.00');
  expect(await app.refusal(stranger, STATEMENT, asked)).toMatchObject({ code: 'NOT_FOUND' });
  expect(await app.refusal(stranger, CSV, asked)).toMatchObject({ code: 'NOT_FOUND' });
});

test('statements of a page of partners use one query of the ledger', async () => {
  const asked = `query ($first: Int) { partners(first: $first) { edges { node { id statement(from: "2026-01-01", to: "2026-01-31") { closing { amount } } } } } }`;
  const statements = async (first: number) => {
    app.statements.length = 0;
    await app.ask(staff.maria, asked, { first });
    return app.statements.filter((text) => /\bpostings\b/.test(text)).length; // not those of jobs that run meanwhile
  };
  expect(await statements(2)).toBeGreaterThan(0);
  expect(await statements(2)).toBe(await statements(8));
});

/** RFC 4180, as a reader of it would do it. */
function cells(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

test('a CSV statement contains no formula, with any names, and its columns sum up', async () => {
  const first = await makeApproved(app, staff, partner);
  await comes(await payout(), 'PAID');
  later(1);
  await app.ask(staff.maria, REVERSE, { id: first, input: {} }); // after it was paid: 20.00 are owed back
  const csv = (await app.ask(staff.maria, CSV, { id: partner, ...ever })).partnerStatementCsv as string;
  expect(csv.startsWith('\uFEFFPartner,At,Event,')).toBe(true);
  const rows = cells(csv.slice(1));
  expect(rows.map((row) => row.length)).toEqual(rows.map(() => 10));
  for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
  expect(rows[1]?.[0]).toBe(`'=Smith, "Sons"\n& Co`);
  expect(rows.slice(1).map((row) => [row[2], ...row.slice(6)].join(' '))).toEqual([
    'OPENING   0.00 CR',
    'COMMISSION_ACCRUED 20.00  20.00 CR',
    'PAYOUT_SENT  20.00 0.00 CR',
    'COMMISSION_REVERSED  20.00 20.00 DR',
    'CLOSING   20.00 DR',
  ]);
});

test('a statement names a lost dispute', async () => {
  const id = await makeApproved(app, staff, partner);
  await app.ask(staff.maria, DISPUTE, { id, reason: 'chargeback' });
  const { rows } = await app.database.pool.query<{ id: string }>(
    'select id from commission_holds where commission_id = $1',
    [id],
  );
  await app.ask(staff.maria, RESOLVE, { id: rows[0]?.id, outcome: 'LOST', reason: 'the bank says so' });
  const { lines } = await statement();
  expect(lines.slice(-4).map(({ sentence }: { sentence: string }) => sentence)).toEqual([
    'Commission on a sale of 100.00 USD approved.',
    'Commission on a sale of 100.00 USD held for a dispute.',
    'Commission on a sale of 100.00 USD released after a dispute.',
    'Commission reversed for a lost dispute over 100.00 USD.',
  ]);
});
