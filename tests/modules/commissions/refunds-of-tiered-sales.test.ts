import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { proveAll } from '../../../src/proof.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  balanceOf,
  CREATE_PAYOUT,
  DISPUTE,
  linesOf,
  makePartner,
  REJECT,
  RESOLVE,
  REVERSE,
  staffOf,
} from '../../support/make.ts';

import { period } from '../../support/operations.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: string;

const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
const RECORD =
  'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id } refused { reason } } }';

const REFUND = `mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id waiting taken { amount } } }`;

beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
});
afterAll(() => app.close());
beforeEach(async () => {
  ({ id: partner } = await makePartner(app, staff.manager));
});

/** A rule of the partner's own. */
const rule = (input: object) =>
  app.ask(staff.manager, RULE, { input: { partnerId: partner, name: 'its own', currency: 'USD', ...input } });
const banded = (bandMode = 'RETROACTIVE', more: object = {}) =>
  rule({
    ...{ method: 'TIERED', bandMode, bandPeriod: 'MONTH', ...more },
    bands: [
      { from: '0', rate: 5 },
      { from: '100', rate: 10 },
    ],
  });
const told = async (amount: string, more: object = {}) =>
  (
    await app.ask(staff.manager, RECORD, {
      input: { partnerId: partner, orderId: randomUUID(), lines: [{ amount }], ...more },
    })
  ).recordSale;
const sell = async (amount: string, more: object = {}): Promise<string> =>
  (await told(amount, more)).commissions[0]?.id;
const lines = async () =>
  (await linesOf(app, partner)).map(({ type, status, minor }) => `${type} ${status} ${minor}`);
const approveAll = async () => {
  for (const { id, status } of await linesOf(app, partner))
    if (status === 'PENDING') await app.ask(staff.maria, APPROVE, { id });
};
const reject = (id: string) => app.ask(staff.maria, REJECT, { id, reason: 'not a true sale' });
const payable = async () => (await balanceOf(app, staff.maria, partner))['payable'];
const faults = async () => {
  const { pool, seals } = app.app.services;
  const found: string[] = [];
  for await (const { faults } of proveAll({ pool, seals, actor: system })) found.push(...faults);
  return found;
};

describe('rejecting a sale of a tiered period', () => {
  test('rejecting a sale reverses its true-up', async () => {
    await banded();
    await sell('60');
    const second = await sell('60');
    await approveAll();
    expect(await payable()).toBe('12.00');
    await reject(second);
    expect(await lines()).toEqual([
      'ONE_TIME APPROVED 300',
      'ONE_TIME REJECTED 600',
      'TRUE_UP REVERSED 300',
      'TRUE_UP REVERSED -300',
    ]);
    expect(await payable()).toBe('3.00');
    await sell('30');
    expect((await lines()).slice(-1)).toEqual(['ONE_TIME PENDING 150']);
  });

  test.each(['RETROACTIVE', 'PROGRESSIVE'])(
    'rejecting a sale reverses the gain of other sales of the period (%s)',
    async (mode) => {
      await banded(mode);
      const first = await sell('60');
      const second = await sell('60');
      await approveAll();
      await reject(first);
      expect(await payable()).toBe('3.00');
      await reject(second);
      expect(await payable()).toBe('0.00');
      await sell('60');
      expect((await lines()).slice(-1)).toEqual(['ONE_TIME PENDING 300']);
    },
  );

  test('rejecting a pending sale has the same result, and a later refund reverses the rest', async () => {
    await banded();
    const first = await sell('60');
    const second = await sell('60');
    await app.ask(staff.maria, REVERSE, { id: second, input: { amount: '10' } });
    await reject(first);
    expect((await balanceOf(app, staff.maria, partner))['pending']).toBe('2.50');
    await app.ask(staff.maria, REVERSE, { id: second, input: {} });
    expect((await balanceOf(app, staff.maria, partner))['pending']).toBe('0.00');
    expect(await faults()).toEqual([]);
  });

  test('a true-up can be neither rejected nor disputed alone', async () => {
    await banded();
    await sell('60');
    await sell('60');
    const trueUp = (await linesOf(app, partner)).at(-1)?.id;
    expect(await app.refusal(staff.maria, REJECT, { id: trueUp, reason: 'x' })).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('Reject the commission of the sale that caused it'),
    });
    expect(await app.refusal(staff.maria, DISPUTE, { id: trueUp, reason: 'chargeback' })).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('Dispute the commission of the sale that caused it'),
    });
  });
});

const dispute = async (id: string): Promise<string> =>
  (await app.ask(staff.maria, DISPUTE, { id, reason: 'chargeback' })).openDispute.holds.at(-1).id;
const resolve = (id: string, outcome: string) =>
  app.ask(staff.maria, RESOLVE, { id, outcome, reason: 'decided' });
const refund = async (orderId: string, more: object = {}) =>
  (await app.ask(staff.maria, REFUND, { input: { orderId, reason: 'returned', ...more } })).refundSale;

describe('a dispute that was lost and is won later', () => {
  test('a dispute won later restores the true-up', async () => {
    await banded();
    await sell('60');
    const second = await sell('60');
    await approveAll();
    const opened = await dispute(second);
    await resolve(opened, 'LOST');
    expect(await payable()).toBe('3.00');
    await resolve(opened, 'WON');
    expect(await payable()).toBe('12.00');
    expect(await faults()).toEqual([]);
  });

  test('a sale with a restored amount can be refunded or lost again', async () => {
    const [orderId, other] = [randomUUID(), randomUUID()];
    const [first, second] = [await sell('100', { orderId }), await sell('100', { orderId: other })];
    await approveAll();
    for (const id of [first, second]) {
      const opened = await dispute(id);
      await resolve(opened, 'LOST');
      await resolve(opened, 'WON');
    }
    expect(await payable()).toBe('20.00');
    expect((await refund(orderId, { amountRefundedSoFar: '30' })).taken.amount).toBe('30.00');
    expect((await refund(orderId, { amount: '70' })).taken.amount).toBe('70.00');
    expect(await payable()).toBe('10.00');
    const again = await dispute(second);
    await resolve(again, 'LOST');
    expect(await payable()).toBe('0.00');
    await resolve(again, 'WON');
    expect(await payable()).toBe('10.00');
    await app.ask(staff.maria, REVERSE, { id: second, input: { amount: '40' } });
    expect(await payable()).toBe('6.00');
    expect(await faults()).toEqual([]);
  });

  test.each([
    ['an amount', { amount: '30' }, '7.00'],
    ['a total', { amountRefundedSoFar: '30' }, '7.00'],
    ['all of it', {}, '0.00'],
  ])('keeps %s reversed that was refunded in the meantime', async (_, asked, left) => {
    const orderId = randomUUID();
    const id = await sell('100', { orderId });
    await approveAll();
    const opened = await dispute(id);
    await resolve(opened, 'LOST');
    expect((await refund(orderId, asked)).taken.amount).toBe('0.00');
    await resolve(opened, 'WON');
    expect(await payable()).toBe(left);
    expect(await faults()).toEqual([]);
  });

  test('a restored pending commission can be rejected like any sale', async () => {
    await banded();
    const first = await sell('60');
    await sell('60');
    const opened = await dispute(first);
    await resolve(opened, 'LOST');
    await resolve(opened, 'WON');
    const back = (await linesOf(app, partner)).find(({ type }) => type === 'ADJUSTMENT')?.id as string;
    expect((await balanceOf(app, staff.maria, partner))['pending']).toBe('12.00');
    await reject(back);
    expect((await balanceOf(app, staff.maria, partner))['pending']).toBe('3.00');
    expect(await faults()).toEqual([]);
  });
});

describe("a rule's cap", () => {
  const capped = (per: string) =>
    rule({ method: 'PERCENTAGE', rate: 20, cap: { amount: '20', per, period: 'MONTH' } });

  test.each(['PARTNER', 'CUSTOMER'])(
    'what rejected and refunded sales leave of the cap of a %s goes to the next sales in order',
    async (per) => {
      await capped(per);
      const of = { customerId: randomUUID() };
      const rejected = await sell('100', of);
      expect((await told('100', of)).refused).toMatchObject([{ reason: 'CAP_REACHED' }]);
      await reject(rejected);
      expect((await lines()).slice(-1)).toEqual(['ONE_TIME PENDING 2000']); // of the sale that earned nothing
      const second = (await linesOf(app, partner)).at(-1)?.id;
      await app.ask(staff.maria, REVERSE, { id: second, input: { amount: '40' } });
      await sell('100', of); // 8.00 are left of the cap
      expect((await lines()).slice(-1)).toEqual(['ONE_TIME PENDING 800']);
      expect((await told('100', of)).refused).toMatchObject([{ reason: 'CAP_REACHED' }]);
      await app.ask(staff.maria, REVERSE, { id: second, input: {} });
      expect((await balanceOf(app, staff.maria, partner))['pending']).toBe('20.00');
      expect(await faults()).toEqual([]);
    },
  );

  test('a cap is used up again by the amount of a won dispute', async () => {
    await capped('PARTNER');
    const opened = await dispute(await sell('100'));
    await resolve(opened, 'LOST');
    await resolve(opened, 'WON');
    expect((await told('100')).refused).toMatchObject([{ reason: 'CAP_REACHED' }]);
  });

  test('a cap gives a tiered sale that earned nothing no part in a refund', async () => {
    const orderId = randomUUID();
    await banded('RETROACTIVE', { cap: { amount: '5', per: 'PARTNER', period: 'MONTH' } });
    await sell('60');
    const second = await told('60', { orderId });
    // The band of the whole period gives the rest of the cap to the first sale.
    expect(await lines()).toEqual(['ONE_TIME PENDING 300', 'TRUE_UP PENDING 200']);
    expect(second.refused).toMatchObject([{ reason: 'CAP_REACHED' }]);
    await refund(orderId);
    expect(await lines()).toEqual(['ONE_TIME PENDING 300', 'TRUE_UP REVERSED 200', 'TRUE_UP REVERSED -200']);
  });
});

describe('refunds reported as amounts and as totals', () => {
  const [t1, t2, t3] = ['2026-02-01T10:00:00Z', '2026-02-02T10:00:00Z', '2026-02-03T10:00:00Z'];
  const single = { amount: '30', refundId: 'x1', occurredAt: t1 };
  const total = { amountRefundedSoFar: '50', occurredAt: t2 };
  const later = { amount: '20', refundId: 'x2', occurredAt: t3 };
  test.each([
    [
      [single, total, later],
      ['30.00', '20.00', '20.00'],
    ],
    [
      [total, single, later],
      ['50.00', '0.00', '20.00'],
    ],
    [
      [later, total, single],
      ['20.00', '50.00', '0.00'],
    ],
    [
      [total, later, single],
      ['50.00', '20.00', '0.00'],
    ],
  ])('refunds reverse the same amount in any order (%#)', async (told, taken) => {
    const orderId = randomUUID();
    await sell('100', { orderId, occurredAt: '2026-01-31T10:00:00Z' });
    const amounts = [];
    for (const each of told) amounts.push((await refund(orderId, each)).taken.amount);
    expect(amounts).toEqual(taken);
  });
});

describe('the fields of a sale or a refund', () => {
  test('refuses a product that the order does not have, and names the field', async () => {
    const orderId = randomUUID();
    await sell('100', { orderId, lines: [{ amount: '100', product: 'pro' }] });
    const input = { orderId, product: 'other', reason: 'returned' };
    expect(await app.refusal(staff.maria, REFUND, { input })).toMatchObject({
      ...{ code: 'BAD_USER_INPUT', field: 'input.product' },
    });
    expect((await refund(orderId, { product: 'pro' })).taken.amount).toBe('100.00');
  });

  test('refuses an invalid id or a value out of bounds, and names the field', async () => {
    const list =
      'query ($filter: SaleRefundFilter) { saleRefunds(filter: $filter) { edges { node { id } } } }';
    expect(await app.refusal(staff.maria, list, { filter: { partnerId: 'x' } })).toMatchObject({
      ...{ code: 'BAD_USER_INPUT', field: 'filter.partnerId' },
    });
    const input = { partnerId: partner, orderId: randomUUID(), lines: [{ amount: '1', quantity: 0 }] };
    expect(await app.refusal(staff.manager, RECORD, { input })).toMatchObject({
      ...{ code: 'BAD_USER_INPUT', field: 'input.lines.0.quantity' },
    });
  });
});

test('a refund and a restored amount name their commission', async () => {
  const orderId = randomUUID();
  const id = await sell('100', { orderId, lines: [{ amount: '100', product: 'pro' }] });
  await refund(orderId, { amount: '25' });
  await refund(orderId, { amount: '30' });
  const opened = await dispute(id);
  await resolve(opened, 'LOST');
  await resolve(opened, 'WON');
  const LIST = `query ($filter: CommissionFilter) { commissions(filter: $filter) { edges { node {
    type reverses { id orderId product } adjusts { id orderId } explanation { sentence steps { label amount { amount } } } } } } }`;
  const { edges } = (await app.ask(staff.maria, LIST, { filter: { partnerId: partner } })).commissions;
  const [back, lost, second] = edges.map(({ node }: { node: object }) => node);
  expect(back).toMatchObject({ type: 'ADJUSTMENT', reverses: null, adjusts: { id, orderId } });
  expect(lost.explanation.sentence).toBe(
    '-4.50 USD: this sale earned 4.50 USD and now earns 0.00 USD, because its dispute was lost. 0.00 USD, because nothing is left of the sale of 100.00 USD.',
  );
  expect(second).toMatchObject({ reverses: { id, orderId, product: 'pro' }, adjusts: null });
  const steps = second.explanation.steps as { label: string; amount: { amount: string } | null }[];
  expect(steps.flatMap(({ label, amount }) => (amount ? [`${label} ${amount.amount}`] : []))).toEqual([
    'Base 100.00',
    'Refunded -55.00',
    'Commission 10.00',
    'Refund -5.50',
    'Earns now 4.50',
    'Earned before -7.50',
    'Total -3.00',
  ]);
});

test('a true-up has its own explanation, and the remittance has the explanation of every commission', async () => {
  await banded('RETROACTIVE', { effectiveAt: '2026-01-01' });
  await sell('60.00', { occurredAt: '2026-01-10T00:00:00Z' });
  await sell('40.00', { occurredAt: '2026-01-11T00:00:00Z' });
  await sell('50.00', { occurredAt: '2026-01-12T00:00:00Z' });
  const explained = async () => {
    const { commissions } = await app.ask(
      staff.maria,
      `query ($id: ID!) { commissions(filter: { partnerId: $id }, first: 100) { edges { node { id type amount { amount } explanation { sentence steps { label amount { amount } } } } } } }`,
      { id: partner },
    );
    return commissions.edges.map(({ node }: { node: object }) => node) as {
      id: string;
      type: string;
      amount: { amount: string };
      explanation: { sentence: string; steps: { label: string; amount: { amount: string } | null }[] };
    }[];
  };
  const all = await explained();
  const crossed = all.find(({ type }) => type === 'TRUE_UP');
  expect(crossed?.amount.amount).toBe('3.00');
  expect(crossed?.explanation.sentence).toEqual(
    expect.stringMatching(
      /^3\.00 USD: this sale earned 3\.00 USD and now earns 6\.00 USD, because order \S+ was recorded\. 6\.00 USD is 6\.00 USD for 60\.00 USD less 0\.00 USD for 0\.00 USD, at 10 %, the rate of the band from 100\.00 USD, which the period reached with 100\.00 USD, by/,
    ),
  );
  for (const { amount, explanation } of all)
    expect(explanation.steps.at(-1)).toMatchObject({ label: 'Total', amount });

  await approveAll();
  const { createPayout } = await app.ask(
    staff.maria,
    'mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { id } }',
    {
      input: { partnerId: partner, method: 'STRIPE', periodStart: '2026-01-01', periodEnd: '2026-01-31' },
    },
  );
  const { remittance } = await app.ask(
    staff.maria,
    'query ($id: ID!) { remittance(payoutId: $id) { csv } }',
    {
      id: createPayout.id,
    },
  );
  for (const { explanation } of all)
    expect(remittance.csv).toContain(explanation.sentence.replaceAll('"', '""'));
});

test('the explanation of a refund of a banded sale names the amounts before and after', async () => {
  await banded();
  await sell('60.00');
  await sell('40.00');
  const orderId = randomUUID();
  await app.ask(staff.manager, RECORD, {
    input: { partnerId: partner, orderId, lines: [{ amount: '50.00' }] },
  });
  await app.ask(staff.maria, REFUND, { input: { orderId, reason: 'back' } });
  const { rows } = await app.database.pool.query<{ id: string }>(
    `select id from commissions where partner_id = $1 and type = 'REVERSAL' order by id`,
    [partner],
  );
  const { commission } = await app.ask(
    staff.maria,
    'query ($id: ID!) { commission(id: $id) { explanation { sentence } } }',
    { id: rows.at(-1)?.id },
  );
  expect(commission.explanation.sentence).toMatch(
    /^-5\.00 USD: this sale earned 5\.00 USD and now earns 0\.00 USD, because 50\.00 USD of it was refunded\./,
  );
});

describe('a true-up of an approved commission, while the sale that raised it is disputed', () => {
  /** Returns the id of the dispute. */
  const disputeSecond = async (): Promise<string> => {
    await banded();
    await sell('60');
    const second = await sell('60');
    await approveAll();
    expect(await payable()).toBe('12.00');
    const { openDispute } = await app.ask(staff.maria, DISPUTE, { id: second, reason: 'chargeback' });
    return openDispute.holds[0].id;
  };

  test('is held with it, and not paid', async () => {
    const dispute = await disputeSecond();
    expect(await payable()).toBe('3.00');
    expect(
      (
        await app.ask(staff.maria, CREATE_PAYOUT, {
          input: { partnerId: partner, method: 'BANK_TRANSFER', ...period },
        })
      ).createPayout.amount.amount,
    ).toBe('3.00');
    await app.ask(staff.maria, RESOLVE, { id: dispute, outcome: 'LOST', reason: 'lost' });
    expect(await payable()).toBe('3.00');
    expect(await faults()).toEqual([]);
  });

  test('is payable again when the dispute is won', async () => {
    const dispute = await disputeSecond();
    await app.ask(staff.maria, RESOLVE, { id: dispute, outcome: 'WON', reason: 'won' });
    expect(await payable()).toBe('12.00');
    expect(await faults()).toEqual([]);
  });
});
