import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BoundPool } from '../../../src/kernel/data/bound-pool.ts';
import { system } from '../../../src/kernel/request/actor.ts';
import { proveAll } from '../../../src/proof.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  CONVERT,
  DISPUTE,
  type MadePartner,
  makePartner,
  REJECT,
  RESOLVE,
  REVERSE,
  staffOf,
  TRACK,
  tally,
} from '../../support/make.ts';

const DAY_MS = 86_400_000;
const now = new Date('2026-06-30T12:00:00.000Z');
const ago = (days: number) => new Date(now.getTime() - days * DAY_MS).toISOString();

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: MadePartner;
beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => now } });
  staff = await staffOf(app);
  partner = await affiliate();
});
afterAll(() => app.close());

const affiliate = (more: object = {}): Promise<MadePartner> =>
  makePartner(app, staff.manager, {
    ...{ partnerType: 'AFFILIATE', commissionRate: 20, email: `${randomUUID()}@partners.example` },
    ...more,
  });
const RECORD = `mutation ($input: RecordConversionInput!) { recordConversion(input: $input) {
  id status origin partner { id } customer { id externalId } attribution { sale { amount } shares { share { amount } } }
  commissions { id type amount { amount } } } }`;
const SALE = `mutation ($input: RecordSaleInput!) { recordSale(input: $input) {
  commissions { id amount { amount } } refused { reason } } }`;
const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }';
const purchase = (input: object) => ({
  ...{ customerId: `cust ${randomUUID()}`, amount: '100.00', orderId: randomUUID() as string },
  ...input,
});
const record = async (input: object) =>
  (await app.ask(staff.manager, RECORD, { input: purchase(input) })).recordConversion;
const refused = (input: object) => app.refusal(staff.manager, RECORD, { input: purchase(input) });
const refund = (orderId: string, more: object = {}) =>
  app.ask(staff.maria, REFUND, { input: { orderId, reason: 'returned', ...more } });
const rows = async <T = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<T[]> =>
  (await app.database.pool.query(text, values)).rows;
const click = async (
  { referralCode }: MadePartner,
  occurredAt = ago(1),
  visitorId = randomUUID() as string,
) =>
  (await app.ask(staff.manager, TRACK, { input: { referralCode, occurredAt, visitorId } })).trackReferral.id;
const broken = async (): Promise<string[]> => {
  const found: string[] = [];
  const { pool, seals } = app.app.services;
  for await (const { faults } of proveAll({ pool: pool as BoundPool, actor: system, seals }))
    found.push(...faults);
  return found;
};

async function coupon(input: object = {}) {
  const code = `SAVE-${randomUUID().slice(0, 8)}`;
  const { createCoupon } = await app.ask(
    staff.manager,
    'mutation ($input: CreateCouponInput!) { createCoupon(input: $input) { id } }',
    { input: { partnerId: partner.id, code, startsAt: ago(90), ...input } },
  );
  return {
    couponCode: code,
    uses: async () =>
      (await rows<{ uses: number }>('select uses from coupons where id = $1', createCoupon.id))[0]?.uses,
  };
}

describe('a use of a coupon', () => {
  test('is given back once by a full refund, and twenty simultaneous sales use a limit of three exactly', async () => {
    const { couponCode, uses } = await coupon({ maxUses: 3 });
    const inputs = Array.from({ length: 20 }, () => purchase({ couponCode }));
    const replies = await Promise.all(inputs.map((input) => app.send(staff.manager, RECORD, { input })));
    expect(tally(replies)).toEqual({ ok: 3, CONFLICT: 17 });
    expect(await uses()).toBe(3);
    const sold = inputs[replies.findIndex(({ errors }) => !errors)]?.orderId ?? '';
    await refund(sold, { refundId: 'r1' });
    expect(await uses()).toBe(2);
    await refund(sold, { refundId: 'r1' });
    await refund(sold, { refundId: 'r2' });
    expect(await uses()).toBe(2);
    expect(await record({ couponCode })).toMatchObject({ origin: 'COUPON', partner: { id: partner.id } });
    expect(await refused({ couponCode })).toMatchObject({ reason: 'NOT_ATTRIBUTED' });
    expect(await uses()).toBe(3);
  });

  test('is given back by the last of several refunds, also of a refund that came before its sale', async () => {
    const { couponCode, uses } = await coupon();
    const orderId = randomUUID();
    const { commissions } = await record({ couponCode, orderId });
    await refund(orderId, { amount: '40' });
    expect(await uses()).toBe(1);
    await app.ask(staff.maria, REVERSE, { id: commissions[0].id, input: { reason: 'returned' } });
    expect(await uses()).toBe(0);
    const early = randomUUID();
    await refund(early);
    await record({ couponCode, orderId: early });
    expect(await uses()).toBe(0);
  });

  test('is given back by a rejection and by a reversal', async () => {
    const { couponCode, uses } = await coupon({ maxUses: 1 });
    for (const end of [
      (id: string) => app.ask(staff.maria, REJECT, { id, reason: 'test order' }),
      (id: string) => app.ask(staff.maria, REVERSE, { id, input: { reason: 'returned' } }),
    ]) {
      const { commissions } = await record({ couponCode });
      expect(await uses()).toBe(1);
      await end(commissions[0].id);
      expect(await uses()).toBe(0);
    }
  });

  test('is given back by a lost dispute and taken again when the dispute is won, also above the limit', async () => {
    const { couponCode, uses } = await coupon({ maxUses: 1 });
    const { commissions } = await record({ couponCode });
    const { openDispute } = await app.ask(staff.maria, DISPUTE, {
      id: commissions[0].id,
      reason: 'chargeback',
    });
    const resolve = (outcome: string) =>
      app.ask(staff.maria, RESOLVE, { id: openDispute.holds[0].id, outcome, reason: 'decided' });
    await resolve('LOST');
    expect(await uses()).toBe(0);
    const orderId = randomUUID();
    await record({ couponCode, orderId });
    await resolve('WON');
    expect(await uses()).toBe(2);
    expect(await refused({ couponCode })).toMatchObject({ reason: 'NOT_ATTRIBUTED' });
    await refund(orderId);
    expect(await uses()).toBe(1);
    expect(await refused({ couponCode })).toMatchObject({ reason: 'NOT_ATTRIBUTED' });
  });

  test('does not count for a sale that is blocked, and counts for a sale that its terms leave without a commission', async () => {
    const other = await affiliate({ affiliate: { minimumPurchase: '50' } });
    const { couponCode, uses } = await coupon({ partnerId: other.id });
    const [{ email = '' } = {}] = await rows<{ email: string }>(
      'select email from partners where id = $1',
      other.id,
    );
    await record({ couponCode, customerEmail: email.replace('@', '+shop@') });
    expect(await uses()).toBe(0);
    expect(await record({ couponCode, amount: '49' })).toMatchObject({ commissions: [] });
    expect(await uses()).toBe(1);
  });

  test('stays exact while sales and refunds run at the same time', async () => {
    const { couponCode, uses } = await coupon({ maxUses: 4 });
    const sold = [];
    for (let i = 0; i < 4; i++) sold.push(purchase({ couponCode }));
    await Promise.all(sold.map((input) => app.ask(staff.manager, RECORD, { input })));
    const replies = await Promise.all([
      ...sold.map(({ orderId }) => app.send(staff.maria, REFUND, { input: { orderId, reason: 'back' } })),
      ...Array.from({ length: 8 }, () =>
        app.send(staff.manager, RECORD, { input: purchase({ couponCode }) }),
      ),
    ]);
    const { ok = 0, CONFLICT = 0, ...rest } = tally(replies);
    expect(rest).toEqual({});
    expect(ok + CONFLICT).toBe(12);
    expect(await uses()).toBe(ok - 4);
    expect(ok - 4).toBeLessThanOrEqual(4);
  });
});

describe('a free trial', () => {
  const trial = { amount: '0' };

  test('binds its customer beyond the window and earns nothing; the first paid order is the first purchase', async () => {
    const seller = await affiliate({ affiliate: { firstPurchaseOnly: true, cookieDays: 7 } });
    const rival = await affiliate();
    const customerId = `cust ${randomUUID()}`;
    const clickId = await click(seller, ago(60));
    const said = await record({ ...trial, clickId, customerId, occurredAt: ago(59) });
    expect(said).toMatchObject({
      ...{ id: clickId, status: 'CONVERTED', origin: 'CLICK', partner: { id: seller.id }, commissions: [] },
      ...{ customer: { externalId: customerId }, attribution: { sale: { amount: '0.00' } } },
    });
    expect(await rows('select 1 from commissions where partner_id = $1', seller.id)).toEqual([]);
    const rivalClick = await click(rival, ago(20));
    expect(await record({ customerId, clickId: rivalClick, occurredAt: ago(19) })).toMatchObject({
      ...{ origin: 'CUSTOMER', partner: { id: seller.id } },
      commissions: [{ type: 'SIGNUP', amount: { amount: '20.00' } }],
    });
    expect(await record({ customerId, occurredAt: ago(1) })).toMatchObject({ commissions: [] });
  });

  test('does not start the recurring window, which starts with the first paid order', async () => {
    const seller = await affiliate({ affiliate: { recurringMonths: 1 } });
    const customerId = `cust ${randomUUID()}`;
    await record({ ...trial, customerId, clickId: await click(seller, ago(90)), occurredAt: ago(90) });
    const earned = [];
    for (const occurredAt of ['2026-05-10T10:00:00Z', '2026-06-10T09:59:59Z', '2026-06-10T10:00:00Z'])
      earned.push((await record({ customerId, occurredAt })).commissions.length);
    expect(earned).toEqual([1, 1, 0]);
  });

  test('is recorded once for its order and its key', async () => {
    const input = purchase({ ...trial, clickId: await click(partner), idempotencyKey: randomUUID() });
    const first = await app.ask(staff.manager, RECORD, { input });
    expect(await app.ask(staff.manager, RECORD, { input })).toEqual(first);
    const { idempotencyKey: _, ...again } = input as typeof input & { idempotencyKey: string };
    const twice = { ...again, clickId: await click(partner) };
    expect(await app.refusal(staff.manager, RECORD, { input: twice })).toMatchObject({
      ...{ code: 'CONFLICT', reason: 'ORDER_RECORDED' },
    });
    await refund(input.orderId);
    expect(await rows('select 1 from conversions where order_id = $1', input.orderId)).toHaveLength(1);
  });

  test('of convertReferral and of recordSale binds the customer as well', async () => {
    const id = await click(partner);
    const input = purchase(trial);
    const { convertReferral } = await app.ask(staff.manager, CONVERT, { id, input });
    expect(convertReferral).toMatchObject({
      ...{ status: 'CONVERTED', customer: { externalId: input.customerId }, commissions: [] },
    });
    const order = {
      ...{ partnerId: partner.id, customerId: `cust ${randomUUID()}`, orderId: randomUUID() },
      lines: [{ amount: '0' }],
    };
    expect((await app.ask(staff.manager, SALE, { input: order })).recordSale).toEqual({
      ...{ commissions: [], refused: [{ reason: 'NOTHING_COLLECTED' }] },
    });
    expect(await app.refusal(staff.manager, SALE, { input: order })).toMatchObject({
      reason: 'ORDER_RECORDED',
    });
    const bound = await rows(
      'select partner_id from customers where external_id in ($1, $2)',
      ...[input.customerId, order.customerId],
    );
    expect(bound).toEqual([{ partner_id: partner.id }, { partner_id: partner.id }]);
    expect(await record({ customerId: order.customerId })).toMatchObject({ partner: { id: partner.id } });
  });

  test.each(['LAST', 'FIRST', 'LINEAR', 'POSITION', 'TIME_DECAY'])(
    'binds the partner that a purchase would bind, under %s',
    async (attributionModel) => {
      await app.ask(
        staff.manager,
        'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { attributionModel } }',
        { input: { attributionModel } },
      );
      const [one, two] = [await affiliate(), await affiliate()];
      const bound = [];
      for (const amount of ['0', '100.00']) {
        const visitorId = randomUUID();
        await click(one, ago(3), visitorId);
        const last = await click(two, ago(2), visitorId);
        const customerId = `cust ${randomUUID()}`;
        await app.ask(staff.manager, CONVERT, { id: last, input: purchase({ amount, customerId }) });
        bound.push((await rows('select partner_id from customers where external_id = $1', customerId))[0]);
      }
      expect(bound[0]).toEqual(bound[1]);
      await app.ask(
        staff.manager,
        'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { attributionModel } }',
        { input: { attributionModel: 'LAST' } },
      );
    },
  );

  test('of the partner itself binds no customer and uses no coupon', async () => {
    const email = `self.${randomUUID()}@partners.example`;
    const self = await affiliate({ email });
    const { couponCode, uses } = await coupon({ partnerId: self.id });
    const customerId = `cust ${randomUUID()}`;
    await record({ ...trial, couponCode, customerId, customerEmail: email });
    expect(await rows('select partner_id from customers where external_id = $1', customerId)).toEqual([
      { partner_id: null },
    ]);
    expect(await uses()).toBe(0);
  });

  test('uses the coupon that brought its customer once, so a limit holds for trials', async () => {
    const { couponCode, uses } = await coupon({ maxUses: 1 });
    const customerId = `cust ${randomUUID()}`;
    expect(await record({ ...trial, couponCode, customerId })).toMatchObject({ origin: 'COUPON' });
    expect(await record({ couponCode, customerId })).toMatchObject({ origin: 'CUSTOMER' });
    expect(await uses()).toBe(1);
    expect(await refused({ ...trial, couponCode })).toMatchObject({ reason: 'NOT_ATTRIBUTED' });
  });

  test('is a conversion of the metrics, but no order', async () => {
    const seller = await affiliate();
    const customerId = `cust ${randomUUID()}`;
    await record({ ...trial, customerId, clickId: await click(seller), occurredAt: ago(0) });
    const figures = async () =>
      (
        await app.ask(
          staff.manager,
          `query ($id: ID!) { partner(id: $id) { metrics { clicks conversions customers averageOrderValue { amount } revenue { amount } } } }`,
          { id: seller.id },
        )
      ).partner.metrics;
    const counts = { clicks: 1, customers: 1 };
    expect(await figures()).toEqual({
      ...{ ...counts, conversions: 1, averageOrderValue: null, revenue: { amount: '0.00' } },
    });
    await record({ customerId, amount: '80' });
    expect(await figures()).toEqual({
      ...{ ...counts, conversions: 2, averageOrderValue: { amount: '80.00' }, revenue: { amount: '80.00' } },
    });
    const { conversionFunnel } = await app.ask(
      staff.manager,
      `query { conversionFunnel(from: "2026-06-01", to: "2026-06-30", by: PARTNER, first: 100) {
        steps { key conversions trials firstPayments repeats } } }`,
    );
    expect(conversionFunnel.steps.find(({ key }: { key: string }) => key === seller.id)).toEqual({
      ...{ key: seller.id, conversions: 2, trials: 1, firstPayments: 1, repeats: 0 },
    });
  });

  test('of a negative amount is refused by name', async () => {
    expect(await refused({ amount: '-0.01', clickId: await click(partner) })).toMatchObject({
      ...{ code: 'BAD_USER_INPUT', field: 'input.amount' },
    });
  });
});

test('the check of the books counts the uses of coupons', async () => {
  expect(await broken()).toEqual([]);
  await app.database.pool.query('update coupons set uses = uses + 1 where max_uses = 3');
  expect(await broken()).toEqual([
    expect.stringMatching(/^coupon SAVE-.* has 4 uses, but 3 of its sales and trials count$/),
  ]);
});
