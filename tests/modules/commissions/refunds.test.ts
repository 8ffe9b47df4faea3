import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { proveAll } from '../../../src/proof.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  balanceOf,
  CONVERT,
  linesOf,
  makeClick,
  makePartner,
  REJECT,
  staffOf,
  tally,
} from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: string;
let code: string;
let orderId: string;

const RECORD =
  'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id explanation { sentence } } } }';
const REFUND = `mutation ($input: RefundSaleInput!) { refundSale(input: $input) {
  id waiting settledAt refundId amount { amount } amountRefundedSoFar { amount } taken { amount currency } partner { id }
  commissions { type amount { amount } baseAmount { amount } } } }`;
const REFUNDS =
  'query ($filter: SaleRefundFilter) { saleRefunds(filter: $filter) { edges { node { id orderId waiting taken { amount } } } } }';

beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
});
afterAll(() => app.close());
beforeEach(async () => {
  ({ id: partner, referralCode: code } = await makePartner(app, staff.manager, { commissionRate: 20 }));
  orderId = randomUUID();
});

const order = (more: object = {}) => ({
  input: { partnerId: partner, orderId, lines: [{ amount: '100.00' }], ...more },
});
const sell = async (more: object = {}): Promise<{ id: string; explanation: { sentence: string } }[]> =>
  (await app.ask(staff.manager, RECORD, order(more))).recordSale.commissions;
const asked = (more: object = {}) => ({ input: { orderId, reason: 'returned', ...more } });
const refund = async (more: object = {}) => (await app.ask(staff.maria, REFUND, asked(more))).refundSale;
const convert = async (more: object = {}) =>
  (
    await app.ask(staff.manager, CONVERT, {
      id: await makeClick(app, code),
      input: { customerId: randomUUID(), amount: '100.00', orderId, ...more },
    })
  ).convertReferral;
const taken = async () =>
  (await linesOf(app, partner)).filter(({ type }) => type === 'REVERSAL').map(({ minor }) => minor);
const net = async () => (await linesOf(app, partner)).reduce((sum, { minor }) => sum + minor, 0);
const three = {
  lines: ['a', 'b', 'c'].map((product) => ({ product, amount: '10.00' })),
};

describe('a refund of an order', () => {
  test('a refund is split over the line items, and three that sum to the whole leave nothing (T53)', async () => {
    await sell(three);
    const first = await refund({ amount: '10.00' });
    expect(first).toMatchObject({
      waiting: false,
      taken: { amount: '10.00', currency: 'USD' },
      partner: { id: partner },
      commissions: [
        { type: 'REVERSAL', baseAmount: { amount: '-3.34' }, amount: { amount: '-0.67' } },
        { baseAmount: { amount: '-3.33' }, amount: { amount: '-0.67' } },
        { baseAmount: { amount: '-3.33' }, amount: { amount: '-0.67' } },
      ],
    });
    await refund({ amount: '10.00' });
    expect(await refund({ amount: '10.00' })).toMatchObject({ taken: { amount: '10.00' } });
    expect(await net()).toBe(0);
    expect(await refund({ amount: '10.00' })).toMatchObject({ taken: { amount: '0.00' }, commissions: [] });
  });

  test('a refund total reverses only its new part, and nothing for an old or repeated total (T55)', async () => {
    await sell();
    const totals = [];
    for (const amountRefundedSoFar of ['30.00', '100.00', '30.00', '100.00'])
      totals.push((await refund({ amountRefundedSoFar })).taken.amount);
    expect(totals).toEqual(['30.00', '70.00', '0.00', '0.00']);
    expect(await taken()).toEqual([-600, -1_400]);
  });

  test('a refund of one product affects that product only', async () => {
    await sell(three);
    expect(await refund({ product: 'b' })).toMatchObject({
      taken: { amount: '10.00' },
      commissions: [{ baseAmount: { amount: '-10.00' } }],
    });
    expect(await net()).toBe(400);
  });

  test('a refund covers the whole order, so products without a commission bear their share', async () => {
    await app.ask(
      staff.manager,
      'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }',
      {
        input: {
          ...{ name: 'capped', partnerId: partner, effectiveAt: '2026-01-01', product: 'capped' },
          ...{ method: 'PERCENTAGE', rate: 10, currency: 'USD' },
          cap: { amount: '0.01', per: 'PARTNER', period: 'LIFETIME' },
        },
      },
    );
    await sell({ orderId: randomUUID(), lines: [{ product: 'capped', amount: '1.00' }] });
    await sell({
      lines: [
        { product: 'capped', amount: '50.00' },
        { product: 'free', amount: '50.00' },
      ],
    });
    expect(await refund({ amount: '50.00' })).toMatchObject({
      taken: { amount: '50.00' },
      commissions: [{ baseAmount: { amount: '-25.00' } }],
    });
    expect(await refund()).toMatchObject({
      taken: { amount: '50.00' },
      commissions: [{ baseAmount: { amount: '-25.00' } }],
    });
  });

  test('a refund includes commissions of a conversion, and skips a rejected one', async () => {
    const { commissions } = await convert();
    expect(await refund({ amount: '25.00' })).toMatchObject({
      commissions: [{ amount: { amount: '-5.00' } }],
    });
    await app.ask(staff.maria, REJECT, { id: commissions[0].id, reason: 'fraud' });
    expect(await refund()).toMatchObject({ taken: { amount: '75.00' }, commissions: [] });
  });

  test('a refund after approval reduces the payable amount at once', async () => {
    const [line] = await sell();
    await app.ask(staff.maria, APPROVE, { id: line?.id });
    await refund({ amount: '50.00' });
    expect(await balanceOf(app, staff.maria, partner)).toMatchObject({ payable: '10.00' });
  });

  test('a refund has one effect by its id, by its key, and with 25 simultaneous requests', async () => {
    await sell();
    const named = { refundId: 're_1', amount: '10.00' };
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => app.send(staff.maria, REFUND, asked(named))),
    );
    expect(tally(answers)).toEqual({ ok: 25 });
    expect(await taken()).toEqual([-200]);
    expect(await app.refusal(staff.maria, REFUND, asked({ ...named, amount: '11.00' }))).toMatchObject({
      code: 'CONFLICT',
      field: 'input.refundId',
      reason: 'REFUND_MISMATCH',
    });
    const keyed = { idempotencyKey: randomUUID(), amount: '5.00' };
    expect(await refund(keyed)).toEqual(await refund(keyed));
    expect(await taken()).toEqual([-200, -100]);
  });

  test('refuses an invalid refund and names the field', async () => {
    const refused = async (more: object) => (await app.refusal(staff.maria, REFUND, asked(more))).field;
    expect(await refused({ amount: '5.00' })).toBe('input.currency'); // nobody knows of which currency
    expect(await refused({ amount: '5.00', amountRefundedSoFar: '5.00' })).toBe('input.amountRefundedSoFar');
    expect(await refused({ amount: '-5.00', currency: 'USD' })).toBe('input.amount');
    expect(await refused({ partnerId: randomUUID() })).toBe('input.partnerId');
    await sell();
    expect(await refused({ amount: '5.00', currency: 'EUR' })).toBe('input.currency');
    const elsewhere = await staffOf(app, 'elsewhere');
    expect((await app.ask(elsewhere.maria, REFUND, asked())).refundSale).toMatchObject({ waiting: true });
    expect(await taken()).toEqual([]); // an order of that name elsewhere is another order
  });
});

describe('a refund that arrives before its sale', () => {
  test('an early refund waits, is listed, and is settled with the sale, which explains it', async () => {
    const early = await refund({ amount: '30.00', currency: 'USD' });
    expect(early).toMatchObject({ waiting: true, taken: null, partner: null, commissions: [] });
    const listed = async (waiting: boolean) =>
      (await app.ask(staff.analyst, REFUNDS, { filter: { orderId, waiting } })).saleRefunds.edges.map(
        ({ node }: { node: object }) => node,
      );
    expect(await listed(true)).toEqual([{ id: early.id, orderId, waiting: true, taken: null }]);
    const [line] = await sell();
    expect(line?.explanation.sentence).toContain(
      '30.00 USD of the sale was refunded before the sale was recorded',
    );
    expect(await taken()).toEqual([-600]);
    expect(await listed(true)).toEqual([]);
    expect(await listed(false)).toEqual([
      { id: early.id, orderId, waiting: false, taken: { amount: '30.00' } },
    ]);
    const verify = 'query ($id: ID!) { verifyCommission(id: $id) { equal } }';
    expect((await app.ask(staff.maria, verify, { id: line?.id })).verifyCommission.equal).toBe(true);
  });

  test.each(['sale', 'conversion'])(
    'gives the same result in any order and repetition, for a %s',
    async (way) => {
      for (const amountRefundedSoFar of ['60.00', '20.00', '60.00'])
        await refund({ amountRefundedSoFar, currency: 'USD' });
      await refund({ amount: '5.00', currency: 'USD', refundId: 're_1' });
      await refund({ amount: '5.00', currency: 'USD', refundId: 're_1' });
      await (way === 'sale' ? sell() : convert());
      expect(await net()).toBe(700);
      await refund({ amount: '5.00', currency: 'USD', refundId: 're_1' });
      await refund({ amountRefundedSoFar: '60.00' });
      expect(await net()).toBe(700);
    },
  );

  test('an early refund above the sale reverses the whole sale and no more', async () => {
    await refund({ amount: '900.00', currency: 'USD' });
    await sell(three);
    expect((await linesOf(app, partner)).map(({ status }) => status)).toEqual(Array(6).fill('REVERSED'));
    expect(await net()).toBe(0);
  });

  test('an early refund of another partner or currency continues to wait', async () => {
    const { id: other } = await makePartner(app, staff.manager);
    await refund({ partnerId: other });
    await refund({ amount: '900', currency: 'JPY' });
    await sell();
    expect(await taken()).toEqual([]);
    const { saleRefunds } = await app.ask(staff.maria, REFUNDS, { filter: { orderId, waiting: true } });
    expect(saleRefunds.edges).toHaveLength(2);
  });

  test('a refund at the same time as its sale has exactly one effect', async () => {
    const both = Array.from({ length: 24 }, (_, index) =>
      index % 2
        ? app.send(staff.maria, REFUND, asked({ amountRefundedSoFar: '40.00', currency: 'USD' }))
        : app.send(staff.manager, RECORD, order()),
    );
    expect(tally(await Promise.all(both))).toEqual({ ok: 13, CONFLICT: 11 });
    expect((await linesOf(app, partner)).map(({ minor }) => minor)).toEqual([2_000, -800]);
  });

  test('early refunds of many simultaneous sales of one partner are all applied', async () => {
    const orders = Array.from({ length: 8 }, () => randomUUID());
    for (const each of orders) {
      const { input } = asked({ amount: '5.00', currency: 'USD' });
      await app.ask(staff.maria, REFUND, { input: { ...input, orderId: each } });
    }
    const deadlocks = async () =>
      (
        await app.database.pool.query(
          'select deadlocks::int from pg_stat_database where datname = current_database()',
        )
      ).rows[0].deadlocks;
    const before = await deadlocks();
    const sales = orders.map((each) => ({ input: { ...order().input, orderId: each } }));
    const replies = await Promise.all(sales.map((sale) => app.send(staff.manager, RECORD, sale)));
    expect(tally(replies)).toEqual({ ok: 8 });
    expect(await deadlocks()).toBe(before);
  });

  test('an early refund is hidden from partners until its partner is known, and the books check passes', async () => {
    await refund({ amount: '5.00', currency: 'USD' });
    const reader = await app.token('PARTNER', { partner });
    expect((await app.ask(reader, REFUNDS, { filter: { orderId } })).saleRefunds.edges).toEqual([]);
    await sell();
    expect((await app.ask(reader, REFUNDS, { filter: { orderId } })).saleRefunds.edges).toHaveLength(1);
    const { pool, seals } = app.app.services;
    const faults: string[] = [];
    for await (const { name, faults: found } of proveAll({ pool, seals, actor: system }))
      faults.push(...found.map((fault) => `${name}: ${fault}`));
    expect(faults).toEqual([]);
  });
});

describe('an order earns a commission once', () => {
  test('an order earns once when the sale is recorded before its referral converts (T104)', async () => {
    await sell();
    const id = await makeClick(app, code);
    const input = { customerId: randomUUID(), amount: '100.00', orderId };
    expect(await app.refusal(staff.manager, CONVERT, { id, input })).toMatchObject({
      code: 'CONFLICT',
      reason: 'ORDER_RECORDED',
    });
    expect(await linesOf(app, partner)).toHaveLength(1);
  });

  test('an order earns once when both events arrive at the same time', async () => {
    const clicks = await Promise.all(Array.from({ length: 6 }, () => makeClick(app, code)));
    const input = { customerId: 'cust_1', amount: '100.00', orderId };
    const answers = await Promise.all(
      clicks.flatMap((id) => [
        app.send(staff.manager, CONVERT, { id, input }),
        app.send(staff.manager, RECORD, order()),
      ]),
    );
    expect(tally(answers)).toEqual({ ok: 1, CONFLICT: 11 });
    expect(await linesOf(app, partner)).toHaveLength(1);
  });
});
