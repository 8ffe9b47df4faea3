import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { CONVERT, linesOf, makeClick, makePartner, staffOf } from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: string;
let customerId: string;

const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
const RECORD = `mutation ($input: RecordSaleInput!) { recordSale(input: $input) {
  total { amount } commissions { id product amount { amount } } refused { product reason } } }`;
const CREATE =
  'mutation ($input: CreateCommissionInput!) { createCommission(input: $input) { id amount { amount } } }';
const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }';

beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
});
afterAll(() => app.close());
beforeEach(async () => {
  ({ id: partner } = await makePartner(app, staff.manager));
  customerId = randomUUID();
});

const rule = (input: object) =>
  app.ask(staff.manager, RULE, {
    input: {
      ...{ partnerId: partner, name: 'rule', currency: 'USD', effectiveAt: '2020-01-01T00:00:00Z' },
      ...{ method: 'PERCENTAGE', rate: 20, ...input },
    },
  });
const order = (amount: string, more: object = {}) => ({
  input: { partnerId: partner, orderId: randomUUID(), customerId, lines: [{ amount }], ...more },
});
const sell = async (amount: string, more: object = {}) =>
  (await app.ask(staff.manager, RECORD, order(amount, more))).recordSale as {
    commissions: { id: string; product: string | null; amount: { amount: string } }[];
    refused: { product: string | null; reason: string }[];
    total: { amount: string };
  };
const live = async () =>
  (await linesOf(app, partner)).filter(({ status }) => status !== 'REJECTED' && status !== 'REVERSED');
const net = async () => (await live()).reduce((sum, { minor }) => sum + minor, 0) / 100;

describe('simultaneous purchases of one customer', () => {
  test('one of 20 orders is the first purchase', async () => {
    await rule({ firstPurchaseOnly: true });
    await Promise.all(Array.from({ length: 20 }, () => sell('100')));
    expect((await live()).map(({ minor }) => minor)).toEqual([2_000]);
  });

  test('three of 20 commissions are within a count of three', async () => {
    await rule({ recurringCount: 3 });
    const input = { partnerId: partner, type: 'ONE_TIME', amount: '100', customerId };
    const made = await Promise.allSettled(
      Array.from({ length: 20 }, () => app.ask(staff.manager, CREATE, { input })),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect((await live()).map(({ minor }) => minor)).toEqual([2_000, 2_000, 2_000]);
  });
});

describe('the order of purchases', () => {
  test('of two at the same time, the first recorded one is the first', async () => {
    await rule({ firstPurchaseOnly: true });
    const occurredAt = '2026-01-10T00:00:00Z';
    expect((await sell('100', { occurredAt })).commissions).toHaveLength(1);
    expect((await sell('50', { occurredAt })).refused).toMatchObject([{ reason: 'NOT_FIRST_PURCHASE' }]);
    expect(await net()).toBe(20);
  });

  test('recorded from the newest to the oldest, the three earliest earn', async () => {
    await rule({ recurringCount: 3 });
    for (let month = 6; month >= 1; month--)
      await sell(`${month}00`, { occurredAt: `2026-0${month}-10T00:00:00Z` });
    expect(await net()).toBe(20 + 40 + 60);
    const all = await linesOf(app, partner);
    expect(all.some(({ type, minor }) => type === 'TRUE_UP' && minor < 0)).toBe(true);
  });

  test("an affiliate's first purchase that is recorded late takes its place", async () => {
    const { id } = await makePartner(app, staff.manager, {
      ...{ partnerType: 'AFFILIATE', commissionRate: 20, affiliate: { firstPurchaseOnly: true } },
    });
    partner = id;
    await sell('30', { occurredAt: '2026-02-01T00:00:00Z' });
    const late = await sell('100', { occurredAt: '2026-01-01T00:00:00Z' });
    expect(late.commissions).toHaveLength(1);
    expect(late.total.amount).toBe('14.00'); // 20.00, and -6.00 of the sale that is no longer the first
    expect(await net()).toBe(20);
  });

  test('all products of the first order earn', async () => {
    const { id } = await makePartner(app, staff.manager, {
      ...{ partnerType: 'AFFILIATE', commissionRate: 20, affiliate: { firstPurchaseOnly: true } },
    });
    partner = id;
    const lines = [
      { product: 'a', amount: '60' },
      { product: 'b', amount: '40' },
    ];
    const sale = await sell('0', { lines });
    expect(sale.commissions.map(({ product, amount }) => `${product} ${amount.amount}`)).toEqual([
      'a 12.00',
      'b 8.00',
    ]);
    expect(sale.refused).toEqual([]);
  });

  test('when the first order is refunded in full, the next one is the first', async () => {
    await rule({ firstPurchaseOnly: true });
    const orderId = randomUUID();
    await sell('100', { orderId });
    await sell('50');
    await sell('70');
    await app.ask(staff.maria, REFUND, { input: { orderId, reason: 'returned', amount: '99.99' } });
    expect(await net()).toBe(0);
    await app.ask(staff.maria, REFUND, { input: { orderId, reason: 'returned' } });
    expect(await net()).toBe(10);
  });

  test('one mailbox is one customer', async () => {
    const { referralCode, id } = await makePartner(app, staff.manager, {
      ...{ partnerType: 'AFFILIATE', commissionRate: 20, affiliate: { firstPurchaseOnly: true } },
    });
    partner = id;
    const mailbox = `a.b${randomUUID().slice(0, 8)}`;
    for (const customerEmail of [`${mailbox}@gmail.com`, `${mailbox}+shop@googlemail.com`])
      await app.ask(staff.manager, CONVERT, {
        id: await makeClick(app, referralCode),
        input: { customerId: randomUUID(), customerEmail, amount: '100' },
      });
    expect((await live()).map(({ minor }) => minor)).toEqual([2_000]);
  });
});

test("months of a recurring rule are those of the program's time zone", async () => {
  const PROGRAM = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { timeZone } }';
  await app.ask(staff.manager, PROGRAM, { input: { timeZone: 'America/New_York' } });
  await rule({ recurringMonths: 1 });
  await sell('100', { occurredAt: '2026-01-30T20:00:00-05:00' });
  expect((await sell('100', { occurredAt: '2026-02-28T12:00:00-05:00' })).commissions[0]?.amount.amount).toBe(
    '20.00',
  );
  expect((await sell('100', { occurredAt: '2026-02-28T20:00:00-05:00' })).refused).toMatchObject([
    { reason: 'RECURRING_WINDOW_OVER' },
  ]);
  await app.ask(staff.manager, PROGRAM, { input: { timeZone: 'UTC' } });
});
