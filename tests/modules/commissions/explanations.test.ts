import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { recomputeSentence } from '../../support/explained.ts';
import { DISPUTE, makePartner, RESOLVE, staffOf } from '../../support/make.ts';

const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
const RECORD = `mutation ($input: RecordSaleInput!) {
  recordSale(input: $input) { commissions { id amount { amount } explanation { sentence } } refused { reason } } }`;
const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }';
const LIST = `query ($id: ID!) { commissions(filter: { partnerId: $id }, first: 100) { edges { node {
  id type amount { amount } explanation { sentence steps { label detail amount { amount } } } } } } }`;
const VERIFY = 'query ($id: ID!) { verifyCommission(id: $id) { equal } }';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partnerId: string;
let sold: number;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
});
afterAll(() => app.close());
beforeEach(async () => {
  ({ id: partnerId } = await makePartner(app, staff.manager));
  sold = 0;
});

const rule = (terms: object) =>
  app.ask(staff.manager, RULE, {
    input: { partnerId, name: 'rule', currency: 'USD', effectiveAt: '2020-01-01T00:00:00Z', ...terms },
  });
/** Records an order, a second later than the one before. */
async function sell(orderId: string, amount: string, more: object = {}): Promise<string | undefined> {
  const occurredAt = new Date(Date.now() - 3_600_000 + 1_000 * sold++).toISOString();
  const { recordSale } = await app.ask(staff.manager, RECORD, {
    input: { partnerId, orderId, occurredAt, lines: [{ amount }], ...more },
  });
  return recordSale.commissions[0]?.id;
}
const refund = (orderId: string, amount?: string) =>
  app.ask(staff.maria, REFUND, { input: { orderId, reason: 'back', ...(amount && { amount }) } });

/** Returns the sentences of the partner's commissions, oldest first. Each of them gives its amount, and each commission is
 *  verified. */
async function sentences(): Promise<string[]> {
  const { commissions } = await app.ask(staff.maria, LIST, { id: partnerId });
  const nodes = (
    commissions.edges as {
      node: { id: string; amount: { amount: string }; explanation: { sentence: string } };
    }[]
  )
    .map(({ node }) => node)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const { id, amount, explanation } of nodes) {
    expect(recomputeSentence(explanation.sentence)).toBe(amount.amount);
    expect((await app.ask(staff.maria, VERIFY, { id })).verifyCommission.equal).toBe(true);
  }
  return nodes.map(({ explanation }) => explanation.sentence);
}

const bands = {
  ...{ method: 'TIERED', bandMode: 'RETROACTIVE', bandPeriod: 'MONTH' },
  bands: [
    { from: '0', rate: 1 },
    { from: '5000', rate: 2 },
  ],
};

test('a commission that a cap cuts names the used part of the cap', async () => {
  await rule({ method: 'PERCENTAGE', rate: 20, cap: { amount: '100', per: 'PARTNER', period: 'MONTH' } });
  const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
  for (const order of [a, b, c]) await sell(order, '200');
  expect((await sentences()).at(-1)).toBe(
    `20.00 USD is 20 % of 200.00 USD, cut to the rest of the cap of 100.00 USD, of which 80.00 USD was used before, by the partner's own rule "rule" (version 1).`,
  );
  await refund(a);
  expect((await sentences()).at(-1)).toBe(
    `20.00 USD: this sale earned 20.00 USD and now earns 40.00 USD, because order ${a} was refunded. 40.00 USD is 20 % of 200.00 USD, by the partner's own rule "rule" (version 1).`,
  );
});

test('a true-up that a cap cuts says so', async () => {
  await rule({ ...bands, cap: { amount: '100', per: 'PARTNER', period: 'MONTH' } });
  const [a, b] = [randomUUID(), randomUUID()];
  await sell(a, '4000');
  await sell(b, '2000');
  const found = await sentences();
  expect(found.some((sentence) => sentence.includes(`because order ${b} was recorded`))).toBe(true);
  expect(found.some((sentence) => sentence.includes('cut to the rest of the cap of 100.00 USD'))).toBe(true);
  await refund(b);
  await refund(a, '1000');
  expect((await sentences()).at(-1)).toContain('because 1000.00 USD of it was refunded');
});

test('a dispute that is lost and won names the amounts before and after, in each of its commissions', async () => {
  await rule(bands);
  await sell(randomUUID(), '4000');
  const id = await sell(randomUUID(), '2000');
  await sell(randomUUID(), '4000');
  const { openDispute } = await app.ask(staff.maria, DISPUTE, { id, reason: 'unknown charge' });
  const hold = openDispute.holds[0].id;
  await app.ask(staff.maria, RESOLVE, { id: hold, outcome: 'LOST', reason: 'charged back' });
  expect((await sentences()).join()).toContain(
    'now earns 0.00 USD, because its dispute was lost. 0.00 USD, because nothing is left',
  );
  await app.ask(staff.maria, RESOLVE, { id: hold, outcome: 'WON', reason: 'decided for us' });
  expect((await sentences()).join()).toMatch(
    /40\.00 USD: this sale earned 0\.00 USD and now earns 40\.00 USD, because its dispute was won\./,
  );
});

test('a sale with several commissions says what the others changed by', async () => {
  await rule(bands);
  const a = randomUUID();
  await sell(a, '4000');
  await sell(randomUUID(), '2000');
  await refund(a);
  const found = await sentences();
  expect(
    found.filter((sentence) => sentence.includes('Other commissions of this sale changed by')),
  ).not.toHaveLength(0);
});

test('a sale that becomes the first purchase says because of which order', async () => {
  await rule({ method: 'PERCENTAGE', rate: 10, firstPurchaseOnly: true });
  const [a, b, customerId] = [randomUUID(), randomUUID(), randomUUID()];
  await sell(a, '100', { customerId });
  expect(await sell(b, '50', { customerId })).toBeUndefined();
  await refund(a);
  expect((await sentences()).join('\n')).toContain(
    `5.00 USD: this sale earned 0.00 USD and now earns 5.00 USD, because order ${a} was refunded. 5.00 USD is 10 % of 50.00 USD`,
  );
});

test('a flat amount per unit scales with a refund, or not at all', async () => {
  await rule({ method: 'FLAT', perUnit: '50' });
  const a = randomUUID();
  await sell(a, '200');
  await refund(a, '50');
  await refund(a);
  expect((await sentences()).join('\n')).toContain(
    '37.50 USD is 1 x 50.00 USD less 12.50 USD for the refund of 50.00 USD of 200.00 USD',
  );
});
