import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { calculateAllMetrics } from '../../../src/modules/reporting/metrics/calculate-metrics.ts';
import { proveAll } from '../../../src/proof.ts';
import { createTestApp, TENANT, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  CREATE_PAYOUT,
  DISPUTE,
  linesOf,
  makeCommission,
  makePartner,
  REJECT,
  RESOLVE,
  REVERSE,
  staffOf,
  TRACK,
} from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: string;
const NOW = new Date('2026-11-15T12:00:00Z');
let now = NOW;

const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
const EDIT =
  'mutation ($id: ID!, $input: CommissionRuleInput!) { updateCommissionRule(id: $id, input: $input) { id } }';
const RECORD = `mutation ($input: RecordSaleInput!) { recordSale(input: $input) {
  commissions { id product status amount { amount } } total { amount } refused { product reason } } }`;
const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }';
const TIER = 'mutation ($input: UpdateTierConfigInput!) { updateTierConfig(input: $input) { tier } }';
const PROGRAM = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { timeZone } }';

beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => now } });
  staff = await staffOf(app);
});
afterAll(() => app.close());
beforeEach(async () => {
  await set({ timeZone: 'UTC', flatRefund: 'PROPORTIONAL' });
  ({ id: partner } = await makePartner(app, staff.manager));
});

const set = (input: object) => app.ask(staff.manager, PROGRAM, { input });
const START = '2020-01-01T00:00:00Z';
const rule = async (input: object): Promise<string> =>
  (
    await app.ask(staff.manager, RULE, {
      input: { partnerId: partner, name: 'rule', currency: 'USD', effectiveAt: START, ...input },
    })
  ).createCommissionRule.id;
const bands = (...steps: [string, number][]) => steps.map(([from, rate]) => ({ from, rate }));
const tiered = (bandMode: string, ...steps: [string, number][]) => ({
  ...{ method: 'TIERED', bandMode, bandPeriod: 'MONTH', bands: bands(...steps) },
});
let orders: Map<string, string>;
beforeEach(() => {
  orders = new Map();
});
const idOf = (name: string) => {
  const known = orders.get(name) ?? `${name} ${randomUUID()}`;
  orders.set(name, known);
  return known;
};
const sell = async (name: string, amount: string, more: object = {}) =>
  (
    await app.ask(staff.manager, RECORD, {
      input: { partnerId: partner, orderId: idOf(name), lines: [{ amount }], ...more },
    })
  ).recordSale as {
    commissions: { id: string; amount: { amount: string } }[];
    refused: { reason: string }[];
  };
const refund = (name: string, more: object = {}) =>
  app.ask(staff.maria, REFUND, { input: { orderId: idOf(name), reason: 'returned', ...more } });

/** The sum of the lines that are neither rejected nor reversed, in whole units. */
const net = async (of = partner) =>
  (await linesOf(app, of)).reduce(
    (sum, { status, minor }) => (['REJECTED', 'REVERSED'].includes(status) ? sum : sum + minor),
    0,
  ) / 100;
const amounts = async () => (await linesOf(app, partner)).map(({ minor }) => minor / 100);

describe('everything refunded is 0', () => {
  const orderings = [
    ['1', '2'],
    ['2', '1'],
  ];

  test.each(orderings)('after an edit of a banded rule (%s, then %s)', async (first, second) => {
    const id = await rule(tiered('PROGRESSIVE', ['0', 10], ['5000', 20]));
    await sell('1', '4000');
    await app.ask(staff.manager, EDIT, {
      id,
      input: {
        name: 'rule',
        currency: 'USD',
        ...tiered('RETROACTIVE', ['0', 10], ['5000', 20]),
      },
    });
    await sell('2', '2000');
    expect(await net()).toBe(800);
    await refund(first as string);
    expect(await net()).toBe(first === '1' ? 200 : 400);
    await refund(second as string);
    expect(await net()).toBe(0);
  });

  test.each(orderings)('with bands and a cap (%s, then %s)', async (first, second) => {
    await rule({
      ...tiered('RETROACTIVE', ['0', 1], ['5000', 2]),
      cap: { amount: '100', per: 'PARTNER', period: 'MONTH' },
    });
    await sell('1', '4000');
    await sell('2', '2000');
    expect(await net()).toBe(100);
    await refund(first as string);
    expect(await net()).toBe(first === '1' ? 20 : 40);
    await refund(second as string);
    expect(await net()).toBe(0);
  });

  test('with bands and a lower rate for later purchases', async () => {
    await rule({ ...tiered('RETROACTIVE', ['0', 10], ['5000', 15]), recurringCount: 1, stepDownRate: 5 });
    await sell('1', '4000', { customerId: 'stepped c' });
    await sell('2', '2000', { customerId: 'stepped c' });
    expect((await sell('3', '100', { customerId: 'stepped d' })).commissions[0]?.amount.amount).toBe('10.00');
    expect(await amounts()).toEqual([400, 100, 10]);
    await refund('1');
    await refund('2');
    expect(await net()).toBe(10);
    await refund('3');
    expect(await net()).toBe(0);
  });

  test('a changed setting for refunds does not concern recorded sales', async () => {
    await rule({ method: 'FLAT', perUnit: '50' });
    await sell('1', '200');
    await refund('1', { amount: '100' });
    expect(await net()).toBe(25);
    await set({ flatRefund: 'ALL_OR_NOTHING' });
    await refund('1', { amount: '1' });
    expect(await net()).toBe(24.75);
    expect((await linesOf(app, partner)).slice(1).every(({ minor }) => minor <= 0)).toBe(true);
    await refund('1');
    expect(await net()).toBe(0);
  });

  test('a changed time zone does not move recorded sales to another month', async () => {
    await rule(tiered('RETROACTIVE', ['0', 10], ['5000', 20]));
    await sell('1', '4000', { occurredAt: '2026-10-10T12:00:00Z' });
    await sell('2', '2000', { occurredAt: '2026-10-31T20:00:00Z' });
    expect(await net()).toBe(1200);
    await set({ timeZone: 'Asia/Kolkata' });
    await refund('2');
    expect(await net()).toBe(400);
    await refund('1');
    expect(await net()).toBe(0);
  });

  test.each(['QUARTER', 'YEAR', 'LIFETIME'])(
    'with a cap of each customer (%s), a lost and a won dispute',
    async (period) => {
      await rule({ method: 'PERCENTAGE', rate: 20, cap: { amount: '100', per: 'CUSTOMER', period } });
      const of = { customerId: randomUUID() };
      const first = await sell('1', '400', of);
      await sell('2', '400', of);
      expect(await amounts()).toEqual([80, 20]);
      const { openDispute } = await app.ask(staff.maria, DISPUTE, {
        id: first.commissions[0]?.id,
        reason: 'bank',
      });
      const id = openDispute.holds.at(-1).id;
      await app.ask(staff.maria, RESOLVE, { id, outcome: 'LOST', reason: 'lost' });
      expect(await net()).toBe(80);
      await app.ask(staff.maria, RESOLVE, { id, outcome: 'WON', reason: 'won' });
      expect(await net()).toBe(100);
      await refund('2');
      await refund('1');
      expect(await net()).toBe(0);
    },
  );
});

test('under a cap of each customer, each order without a customer is its own customer', async () => {
  await rule({
    ...{ method: 'PERCENTAGE', rate: 20 },
    cap: { amount: '20', per: 'CUSTOMER', period: 'LIFETIME' },
  });
  await sell('1', '100', { customerId: randomUUID() });
  await sell('2', '100');
  await sell('3', '150');
  expect(await amounts()).toEqual([20, 20, 20]);
  await refund('2');
  expect(await net()).toBe(40);
});

describe('what a cap cut comes back when room is left', () => {
  test('the next orders get it in their order, also one that had earned nothing', async () => {
    await rule({ method: 'PERCENTAGE', rate: 20, cap: { amount: '100', per: 'PARTNER', period: 'MONTH' } });
    for (const name of ['1', '2', '3', '4']) await sell(name, '200');
    expect(await amounts()).toEqual([40, 40, 20]);
    await refund('1');
    expect(await net()).toBe(100);
    for (const name of ['2', '3', '4']) await refund(name);
    expect(await net()).toBe(0);
  });

  test('a cap for each sale looks at the whole order', async () => {
    await rule({ method: 'PERCENTAGE', rate: 20, cap: { amount: '10', per: 'SALE' } });
    const lines = [
      { product: 'a', amount: '100' },
      { product: 'b', amount: '100' },
    ];
    await sell('1', '0', { lines });
    expect(await net()).toBe(10);
    await refund('1', { product: 'a', amount: '100' });
    expect(await net()).toBe(10);
    await refund('1');
    expect(await net()).toBe(0);
  });
});

describe('a true-up that a refund undoes is not approved or paid without its mirror', () => {
  const pay = async () =>
    (
      await app.ask(staff.tom, CREATE_PAYOUT, {
        input: { partnerId: partner, periodStart: '2026-11-01', periodEnd: '2026-11-30' },
      })
    ).createPayout.amount.amount;
  let other: string;
  let first: Awaited<ReturnType<typeof sell>>;
  const trueUpOf = async () =>
    (await linesOf(app, partner)).find(({ type, minor }) => type === 'TRUE_UP' && minor > 0);
  beforeEach(async () => {
    other = await app.token('FINANCE', { user: 'another approver' });
    ({ id: partner } = await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' }));
    await rule(tiered('RETROACTIVE', ['0', 10], ['5000', 15]));
    first = await sell('1', '4000');
    await sell('2', '2000');
    expect(await trueUpOf()).toMatchObject({ status: 'PENDING', minor: 20_000 });
  });

  test('when the refund comes before the approval', async () => {
    await refund('2');
    const trueUp = await trueUpOf();
    expect(trueUp?.status).toBe('REVERSED');
    expect((await app.refusal(other, APPROVE, { id: trueUp?.id })).code).toBe('CONFLICT');
    await app.ask(other, APPROVE, { id: first.commissions[0]?.id });
    expect(await pay()).toBe('400.00');
  });

  test('when the refund comes after the approval', async () => {
    for (const id of [first.commissions[0]?.id, (await trueUpOf())?.id])
      await app.ask(other, APPROVE, { id });
    await refund('2');
    expect((await trueUpOf())?.status).toBe('REVERSED');
    expect(await pay()).toBe('400.00');
    expect(await net()).toBe(400);
  });
});

describe('amounts are rounded once', () => {
  test('progressive bands', async () => {
    await rule(tiered('PROGRESSIVE', ['0', 10], ['1000.05', 15]));
    await sell('1', '1000.15');
    expect(await net()).toBe(100.02);
  });

  test('progressive bands of less than one unit of the currency', async () => {
    ({ id: partner } = await makePartner(app, staff.manager, { currency: 'JPY' }));
    const steps = Array.from({ length: 20 }, (_, index): [string, number] => [`${index * 5}`, 10]);
    await rule({ ...tiered('PROGRESSIVE', ...steps), currency: 'JPY' });
    await sell('1', '100');
    expect((await linesOf(app, partner)).map(({ minor }) => minor)).toEqual([10]);
    await refund('1', { amount: '50' });
    expect((await net()) * 100).toBe(5);
  });

  test('refunds of a sale with a true-up of its tier take their share by the sum of all refunds', async () => {
    const own = await staffOf(app, 'tiers-of-refunds');
    try {
      now = new Date('2098-10-01T00:00:00Z'); // a partner counts from the month in which it was made
      await app.ask(own.manager, TIER, {
        input: { tier: 'SILVER', minMonthlyRevenue: '1000', minCustomers: 1 },
      });
      ({ id: partner } = await makePartner(app, own.manager));
      now = new Date('2098-11-02T00:00:00Z');
      const occurredAt = '2098-10-10T00:00:00Z';
      await makeCommission(app, own.manager, partner, { amount: '1000', customerId: 'c', occurredAt });
      const id = await makeCommission(app, own.manager, partner, { amount: '333.33' });
      now = new Date('2098-11-04T00:00:00Z');
      await app.ask(own.manager, 'mutation { evaluateTiers(month: "2098-10-01") { promoted } }');
      const ofTier = async () =>
        (await linesOf(app, partner)).flatMap(({ type, minor }) => (type === 'TRUE_UP' ? [minor] : []));
      expect(await ofTier()).toEqual([1667]);
      for (const amount of ['111.11', '111.11', '111.11'])
        await app.ask(own.maria, REVERSE, { id, input: { amount } });
      expect(await ofTier()).toEqual([1667, -556, -555, -556]);
      expect(await net()).toBe(100);
    } finally {
      now = NOW;
    }
  });
});

describe('parts of a sale', () => {
  const netsOf = (partners: readonly { id: string }[]) => Promise.all(partners.map(({ id }) => net(id)));
  /** Two partners with the same rule, who share a sale of 3 units and 120.00. */
  const shared = async (terms: object) => {
    const partners = [await makePartner(app, staff.manager), await makePartner(app, staff.manager)];
    const visitorId = randomUUID();
    await set({ attributionModel: 'LINEAR', attributionUnit: 'PARTNER' });
    for (const { id, referralCode } of partners) {
      await app.ask(staff.manager, RULE, {
        input: { partnerId: id, name: 'rule', currency: 'USD', effectiveAt: START, ...terms },
      });
      await app.ask(staff.manager, TRACK, { input: { referralCode, visitorId } });
    }
    await app.ask(
      staff.manager,
      'mutation ($input: RecordConversionInput!) { recordConversion(input: $input) { id } }',
      { input: { visitorId, customerId: randomUUID(), amount: '120', quantity: 3, orderId: idOf('shared') } },
    );
    await set({ attributionModel: 'LAST' });
    return partners;
  };

  test('partners who share a sale share an amount per unit', async () => {
    const partners = await shared({ method: 'FLAT', perUnit: '50' });
    expect(await netsOf(partners)).toEqual([75, 75]);
    await refund('shared');
    expect(await netsOf(partners)).toEqual([0, 0]);
  });

  test('partners who share a sale share a cap for each sale', async () => {
    const cap = { amount: '10.01', per: 'SALE' };
    const partners = await shared({ method: 'PERCENTAGE', rate: 20, cap });
    expect((await netsOf(partners)).sort()).toEqual([5, 5.01]);
    await refund('shared', { amount: '60' });
    expect((await netsOf(partners)).sort()).toEqual([5, 5.01]);
    await refund('shared', { amount: '40' });
    expect(await netsOf(partners)).toEqual([2, 2]);
    await refund('shared');
    expect(await netsOf(partners)).toEqual([0, 0]);
  });

  test('a minimum is held against the whole order', async () => {
    await rule({ method: 'PERCENTAGE', rate: 20, minimumPurchase: '100' });
    const lines = [
      { product: 'a', amount: '60' },
      { product: 'b', amount: '60' },
    ];
    await sell('1', '0', { lines });
    expect(await amounts()).toEqual([12, 12]);
  });

  test('an amount per unit earns in proportion to the collected part', async () => {
    await rule({ method: 'FLAT', perUnit: '10' });
    await sell('1', '100', { collected: '1' });
    expect(await amounts()).toEqual([0.1]);
  });
});

test('a repeated request shows which products earn by now', async () => {
  await rule({ method: 'PERCENTAGE', rate: 20, cap: { amount: '50', per: 'PARTNER', period: 'MONTH' } });
  const lines = [
    { product: 'a', amount: '100' },
    { product: 'b', amount: '200' },
  ];
  await sell('1', '200');
  const again = () => sell('2', '0', { lines, idempotencyKey: idOf('2') });
  expect(await again()).toMatchObject({
    commissions: [{ product: 'a', amount: { amount: '10.00' } }],
    ...{ total: { amount: '10.00' }, refused: [{ product: 'b', reason: 'CAP_REACHED' }] },
  });
  await refund('1', { amount: '100' });
  expect(await again()).toMatchObject({
    commissions: [
      { product: 'a', status: 'PENDING', amount: { amount: '10.00' } },
      { product: 'b', status: 'PENDING', amount: { amount: '10.00' } },
    ],
    refused: [],
  });
  expect(await net()).toBe(50);
  await refund('2');
  expect((await again()).refused).toEqual([]);
  expect(await net()).toBe(20);
});

test('a rejected sale counts no longer for the band of the others', async () => {
  await rule(tiered('RETROACTIVE', ['0', 10], ['5000', 20]));
  const first = await sell('1', '4000');
  await sell('2', '2000');
  await app.ask(staff.maria, REJECT, { id: first.commissions[0]?.id, reason: 'no sale' });
  expect(await net()).toBe(200);
  await refund('2');
  expect(await net()).toBe(0);
});

test('sales in two currencies under one rule count apart, in the books and in their check', async () => {
  const id = await rule({ method: 'PERCENTAGE', rate: 20, currency: null });
  await sell('1', '400', { currency: 'EUR' });
  await sell('2', '100');
  await app.ask(staff.manager, EDIT, {
    id,
    input: {
      ...{ name: 'rule', currency: 'USD', method: 'PERCENTAGE', rate: 20 },
      cap: { amount: '100', per: 'PARTNER', period: 'MONTH' },
    },
  });
  await sell('3', '600');
  expect(await amounts()).toEqual([80, 20, 80]);
  const { pool, seals } = app.app.services;
  // The worker does this after a change of the time zone.
  await calculateAllMetrics(contextFor(app.app.services, { actor: system, requestId: randomUUID() }), TENANT);
  const found: string[] = [];
  for await (const { faults } of proveAll({ pool, seals, actor: system })) found.push(...faults);
  expect(found).toEqual([]);
});
