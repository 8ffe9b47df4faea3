import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { CONVERT, linesOf, makeClick, makePartner, staffOf, tally } from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: string;
let code: string;

const RECORD = `mutation ($input: RecordSaleInput!) { recordSale(input: $input) {
  commissions { id product orderId status amount { amount } baseAmount { amount } }
  total { amount currency } refused { product reason } } }`;
const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';

beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
});
afterAll(() => app.close());
beforeEach(async () => {
  ({ id: partner, referralCode: code } = await makePartner(app, staff.manager, { commissionRate: 20 }));
});

const rule = (input: object) =>
  app.ask(staff.manager, RULE, {
    input: { name: 'rule', partnerId: partner, effectiveAt: '2026-01-01', ...input },
  });
const order = (input: object = {}) => ({
  input: { partnerId: partner, orderId: randomUUID(), lines: [{ amount: '100.00' }], ...input },
});
const sell = async (input: object = {}) => (await app.ask(staff.manager, RECORD, order(input))).recordSale;
const brief = (sale: {
  commissions: { product: string | null; baseAmount: { amount: string }; amount: { amount: string } }[];
}) =>
  sale.commissions.map(
    ({ product, baseAmount, amount }) => `${product} ${baseAmount.amount} ${amount.amount}`,
  );

describe('an order', () => {
  test('each product of an order earns by its rule, and the commissions sum to the whole (T12)', async () => {
    await rule({ product: 'plan', method: 'PERCENTAGE', rate: 10 });
    await rule({ product: 'setup', method: 'FLAT', perUnit: '5.00', currency: 'USD' });
    const sale = await sell({
      lines: [
        { product: 'plan', amount: '120.00' },
        { product: 'setup', quantity: 1, amount: '50.00' },
      ],
    });
    expect(brief(sale)).toEqual(['plan 120.00 12.00', 'setup 50.00 5.00']);
    expect(sale).toMatchObject({ total: { amount: '17.00', currency: 'USD' }, refused: [] });
  });

  test('earns a flat amount per order once, in proportion to its collected and remaining part', async () => {
    await rule({ method: 'FLAT', perOrder: '10.00', currency: 'USD' });
    const lines = [
      { product: 'plan', quantity: 3, amount: '60.00' },
      { product: 'seat', quantity: 2, amount: '40.00' },
    ];
    const whole = order({ lines });
    const { recordSale } = await app.ask(staff.manager, RECORD, whole);
    expect(brief(recordSale)).toEqual(['plan 60.00 6.00', 'seat 40.00 4.00']);
    expect(brief(await sell({ lines, collected: '50' }))).toEqual(['plan 30.00 3.00', 'seat 20.00 2.00']);
    expect(brief(await sell({ lines: [{ quantity: 5, amount: '200' }] }))).toEqual(['null 200.00 10.00']);
    expect(brief(await sell({ lines: [{ amount: '200' }], collected: '1' }))).toEqual(['null 1.00 0.05']);
    const { convertReferral } = await app.ask(staff.manager, CONVERT, {
      id: await makeClick(app, code),
      input: { customerId: randomUUID(), amount: '80', quantity: 4 },
    });
    expect(convertReferral.commissions).toMatchObject([{ amount: { amount: '10.00' } }]);
    const EXPLAIN = `query ($id: ID!) { commission(id: $id) { explanation { sentence } } verifyCommission(id: $id) { equal } }`;
    expect(await app.ask(staff.maria, EXPLAIN, { id: recordSale.commissions[0].id })).toEqual({
      commission: {
        explanation: {
          sentence:
            '6.00 USD is 6.00 USD of 1 x 10.00 USD, for 60.00 USD of 100.00 USD, by the partner\'s own rule "rule" (version 1).',
        },
      },
      verifyCommission: { equal: true },
    });
    const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }';
    const net = async () =>
      (
        await app.database.pool.query(
          'select sum(owed_minor)::int as minor from sale_items where order_id = $1',
          [whole.input.orderId],
        )
      ).rows[0].minor;
    const back = { orderId: whole.input.orderId, reason: 'returned' };
    await app.ask(staff.maria, REFUND, { input: { ...back, amount: '50' } });
    expect(await net()).toBe(500);
    await app.ask(staff.maria, REFUND, { input: back });
    expect(await net()).toBe(0);
  });

  test('a rule per order for one product pays its amount for this product alone', async () => {
    await rule({ product: 'setup', method: 'FLAT', perOrder: '10.00', currency: 'USD' });
    const lines = [
      { product: 'plan', amount: '60.00' },
      { product: 'setup', quantity: 2, amount: '40.00' },
    ];
    expect(brief(await sell({ lines }))).toEqual(['plan 60.00 12.00', 'setup 40.00 10.00']);
  });

  test('computes commissions after discount and tax (T14)', async () => {
    const sale = await sell({ discount: '20.00', tax: '14.40', collected: '94.40' });
    expect(brief(sale)).toEqual(['null 80.00 16.00']);
  });

  test('divides the discount of an order without losing a cent', async () => {
    const sale = await sell({
      lines: ['a', 'b', 'c'].map((product) => ({ product, amount: '10.00' })),
      discount: '10.00',
    });
    expect(brief(sale)).toEqual(['a 6.67 1.33', 'b 6.67 1.33', 'c 6.66 1.33']);
  });

  test('nets a credit against a charge (T50), and earns nothing if the credit is larger', async () => {
    const change = (charge: string) => ({
      lines: [
        { product: 'plan', amount: '-15.00' },
        { product: 'plan', amount: charge },
      ],
    });
    expect(brief(await sell(change('45.00')))).toEqual(['plan 30.00 6.00']);
    expect(await sell(change('10.00'))).toMatchObject({
      commissions: [],
      total: { amount: '0.00' },
      refused: [{ product: null, reason: 'NOTHING_COLLECTED' }],
    });
    expect(await linesOf(app, partner)).toHaveLength(1);
  });

  test('a trial order earns nothing', async () => {
    expect(await sell({ lines: [{ product: 'plan', amount: '0.00' }] })).toMatchObject({
      commissions: [],
      refused: [{ reason: 'NOTHING_COLLECTED' }],
    });
    expect(await sell({ collected: '0' })).toMatchObject({ commissions: [] });
  });

  test('names the product that earns nothing, with the reason', async () => {
    await rule({
      product: 'capped',
      method: 'PERCENTAGE',
      rate: 10,
      currency: 'USD',
      cap: { amount: '10.00', per: 'PARTNER', period: 'LIFETIME' },
    });
    const lines = [
      { product: 'capped', amount: '200.00' },
      { product: 'free', amount: '10.00' },
    ];
    expect(brief(await sell({ lines }))).toEqual(['capped 200.00 10.00', 'free 10.00 2.00']);
    const second = await sell({ lines });
    expect(brief(second)).toEqual(['free 10.00 2.00']);
    expect(second.refused).toEqual([{ product: 'capped', reason: 'CAP_REACHED' }]);
  });

  test('counts as one order with all of its revenue in the metrics', async () => {
    await sell({
      lines: [
        { product: 'a', amount: '10.00' },
        { product: 'b', amount: '30.00' },
      ],
    });
    const { rows } = await app.database.pool.query(
      'select orders::int, revenue_minor::int as revenue from partner_metrics where partner_id = $1 and currency = $2',
      [partner, 'USD'],
    );
    expect(rows).toEqual([{ orders: 1, revenue: 4_000 }]);
  });

  test('a sale needs approval by another person than the recorder', async () => {
    const { commissions } = await sell();
    const approve = 'mutation ($id: ID!) { approveCommission(id: $id) { status } }';
    const { id } = commissions[0];
    const self = await app.token('PLATFORM_ADMIN', { user: 'manager' });
    expect(await app.refusal(self, approve, { id })).toMatchObject({ code: 'FORBIDDEN' });
    expect((await app.ask(staff.maria, approve, { id })).approveCommission.status).toBe('APPROVED');
  });
});

test('a sale of a known customer does not write the row of the customer again', async () => {
  const customerId = randomUUID();
  await sell({ customerId });
  const row = async () =>
    (
      await app.database.pool.query('select xmin, id, partner_id from customers where external_id = $1', [
        customerId,
      ])
    ).rows;
  const before = await row();
  await sell({ customerId });
  expect(before).toMatchObject([{ partner_id: partner }]);
  expect(await row()).toEqual(before);
});

describe('an order is recorded once', () => {
  test('records an order once by its id (T103), also with simultaneous requests, and also without a commission', async () => {
    const asked = order();
    const answers = await Promise.all(
      Array.from({ length: 12 }).map(() => app.send(staff.manager, RECORD, asked)),
    );
    expect(tally(answers)).toEqual({ ok: 1, CONFLICT: 11 });
    expect(await linesOf(app, partner)).toHaveLength(1);
    expect(await app.refusal(staff.manager, RECORD, asked)).toMatchObject({ reason: 'ORDER_RECORDED' });
    const trial = order({ lines: [{ amount: '0' }] });
    expect(
      tally([await app.send(staff.manager, RECORD, trial), await app.send(staff.manager, RECORD, trial)]),
    ).toEqual({
      ok: 1,
      CONFLICT: 1,
    });
  });

  test('records an order once, whichever event reports it first (T104)', async () => {
    const referral = await makeClick(app, code);
    await app.ask(staff.manager, CONVERT, {
      id: referral,
      input: { customerId: 'cust_9', amount: '100.00', orderId: 'inv_9' },
    });
    expect(await app.refusal(staff.manager, RECORD, order({ orderId: 'inv_9' }))).toMatchObject({
      code: 'CONFLICT',
      reason: 'ORDER_RECORDED',
    });
    expect(await linesOf(app, partner)).toHaveLength(1);
  });

  test('the same key returns the same answer, and refuses other input (T106)', async () => {
    const asked = order({
      idempotencyKey: randomUUID(),
      lines: [
        { product: 'a', amount: '10.00' },
        { product: 'b', amount: '30.00' },
      ],
    });
    const first = await app.ask(staff.manager, RECORD, asked);
    expect(await app.ask(staff.manager, RECORD, asked)).toEqual(first);
    const other = { input: { ...asked.input, orderId: randomUUID() } };
    expect(await app.refusal(staff.manager, RECORD, other)).toMatchObject({
      code: 'CONFLICT',
      reason: 'IDEMPOTENCY_MISMATCH',
    });
    expect(await linesOf(app, partner)).toHaveLength(2);
  });

  test('another partner cannot earn on the order', async () => {
    const orderId = randomUUID();
    const { id: other } = await makePartner(app, staff.manager);
    await sell({ orderId });
    const again = order({ orderId, partnerId: other });
    expect((await app.refusal(staff.manager, RECORD, again)).reason).toBe('ORDER_RECORDED');
  });
});

test.each([
  ['input.lines', { lines: [] }],
  ['input.lines', { lines: Array.from({ length: 101 }, () => ({ amount: '1' })) }],
  ['input.lines.1.amount', { lines: [{ amount: '1' }, { amount: '1.234' }] }],
  ['input.discount', { discount: '-1' }],
  ['input.tax', { tax: '-1' }],
  ['input.collected', { collected: '100.01' }],
  ['input.type', { type: 'REVERSAL' }],
  ['input.type', { type: 'BONUS' }],
  ['input.currency', { currency: 'XXX' }],
  ['input.country', { country: 'Germany' }],
])('invalid sale input is refused with its field: %s', async (field, input) => {
  expect(await app.refusal(staff.manager, RECORD, order(input))).toMatchObject({
    code: 'BAD_USER_INPUT',
    field,
  });
  expect(await linesOf(app, partner)).toEqual([]);
});
