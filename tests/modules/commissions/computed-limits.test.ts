import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { rateLines } from '../../../src/modules/commissions/sales/rate-lines.ts';
import { runSimulation } from '../../../src/modules/commissions/simulations/run-simulation.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  CREATE_COMMISSION,
  CREATE_PAYOUT,
  linesOf,
  makePartner,
  staffOf,
  TRACK,
} from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: string;
let referralCode: string;

const LIMIT = '10000000000000.00'; // 10^15 minor units
const MOST = '9999999999999.99';
const DAY = '2026-10-05';
const AT = { occurredAt: `${DAY}T12:00:00Z` };
const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
const RATES = 'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }';
const PROGRAM = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { settlement } }';
const RECORD = `mutation ($input: RecordSaleInput!) { recordSale(input: $input) {
  commissions { id amount { amount } } refused { reason } } }`;
const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { taken { amount } } }';
const CONVERSION = 'mutation ($input: RecordConversionInput!) { recordConversion(input: $input) { id } }';
const PREVIEW =
  'query ($input: CreateCommissionInput!) { previewCommission(input: $input) { amount { amount } refused } }';

beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => new Date('2026-11-15T12:00:00Z') } });
});
afterAll(() => app.close());
afterEach(() => {
  expect(app.logged).toEqual([]); // no refusal is an error of the server
});

let tenants = 0;
/** A partner of a new tenant. */
const start = async (input: object = {}, program: object = {}) => {
  staff = await staffOf(app, `limits-${tenants++}`);
  await app.ask(staff.manager, PROGRAM, { input: { timeZone: 'UTC', ...program } });
  ({ id: partner, referralCode } = await makePartner(app, staff.manager, input));
};
const enter = (base: string, quote: string, rate: string, effectiveOn = DAY) =>
  app.ask(staff.manager, RATES, { input: { rates: [{ base, quote, rate, effectiveOn }] } });
const rule = (input: object) =>
  app.ask(staff.manager, RULE, {
    input: {
      ...{ partnerId: partner, name: 'rule', currency: 'USD', effectiveAt: '2020-01-01T00:00:00Z' },
      ...input,
    },
  });
const rateAll = () =>
  rateLines(
    contextFor(app.app.services, { actor: system, requestId: randomUUID() }),
    `limits-${tenants - 1}`,
  );

interface Sold {
  amount: string;
  currency?: string;
  quantity?: number;
}
const order = ({ amount, quantity, ...more }: Sold) => ({
  input: { partnerId: partner, orderId: randomUUID(), lines: [{ amount, quantity }], ...AT, ...more },
});
const byHand = (sold: Sold) => ({ input: { partnerId: partner, type: 'ONE_TIME', ...AT, ...sold } });
/** Every operation that computes a commission, with its variables. */
const ways: [string, string, (sold: Sold) => Promise<object> | object][] = [
  ['recordSale', RECORD, order],
  ['createCommission', CREATE_COMMISSION, byHand],
  ['previewCommission', PREVIEW, byHand],
  [
    'recordConversion',
    CONVERSION,
    async (sold) => {
      const visitorId = randomUUID();
      await app.ask(staff.manager, TRACK, { input: { referralCode, visitorId, ...AT } });
      return { input: { visitorId, customerId: randomUUID(), ...AT, ...sold } };
    },
  ],
];

describe.each(ways)('%s refuses more than 10^15 minor units', (_, operation, variablesOf) => {
  const refusal = async (sold: Sold) => app.refusal(staff.manager, operation, await variablesOf(sold));

  test('as an amount per unit, times the quantity', async () => {
    await start();
    await rule({ method: 'FLAT', perUnit: MOST });
    expect(await refusal({ amount: '100', quantity: 1_000_000 })).toMatchObject({
      ...{ code: 'BAD_USER_INPUT', field: 'input.quantity', reason: 'TOO_LARGE' },
      message:
        'input.quantity: must give at most 10^15 minor units, but the amount per unit times the quantity gives more',
    });
  });

  test('as a sale at its exchange rate, and as an order that a minimum in another currency is compared with', async () => {
    const tooLarge = { code: 'BAD_USER_INPUT', field: 'input.amount', reason: 'TOO_LARGE' };
    await start({ currency: 'JPY' }, { settlement: 'PARTNER' });
    await enter('EUR', 'JPY', '99999');
    await enter('GBP', 'JPY', '999999999999');
    expect(await refusal({ amount: MOST, currency: 'EUR' })).toMatchObject(tooLarge);
    expect(await refusal({ amount: '100000', currency: 'GBP' })).toMatchObject(tooLarge);
    await start({ partnerType: 'AFFILIATE', affiliate: { minimumPurchase: '50' } });
    await enter('GBP', 'USD', '999999999999');
    expect(await refusal({ amount: MOST, currency: 'GBP' })).toMatchObject(tooLarge);
  });
});

test('an order whose products earn more than 10^15 minor units in all is refused', async () => {
  await start();
  await rule({ method: 'FLAT', perUnit: LIMIT });
  const lines = ['a', 'b'].map((product) => ({ product, amount: '1' }));
  const input = { partnerId: partner, orderId: 'both', ...AT, lines };
  expect(await app.refusal(staff.manager, RECORD, { input })).toMatchObject({
    ...{ code: 'BAD_USER_INPUT', field: 'input.lines', reason: 'TOO_LARGE' },
  });
  expect(await linesOf(app, partner)).toEqual([]);
});

test('exactly 10^15 minor units are taken, and refunded to 0', async () => {
  await start();
  await rule({ method: 'FLAT', perUnit: LIMIT });
  const { recordSale } = await app.ask(staff.manager, RECORD, {
    input: { partnerId: partner, orderId: 'largest', ...AT, lines: [{ amount: LIMIT }] },
  });
  expect(recordSale.commissions).toMatchObject([{ amount: { amount: LIMIT } }]);
  for (const amount of ['3333333333333.33', '3333333333333.33', undefined])
    await app.ask(staff.maria, REFUND, { input: { orderId: 'largest', amount, reason: 'returned' } });
  const { rows } = await app.database.pool.query(
    'select sum(amount_minor)::text as net from commissions where partner_id = $1',
    [partner],
  );
  expect(rows).toEqual([{ net: '0' }]);
});

test('a sale that is too large at the rate that it waited for stays held and says so; others are computed', async () => {
  await start({ currency: 'JPY', commissionRate: 20 }, { settlement: 'PARTNER' });
  for (const amount of [MOST, '100'])
    await app.ask(staff.manager, RECORD, order({ amount, currency: 'EUR' }));
  await enter('EUR', 'JPY', '99999');
  await rateAll();
  await rateAll();
  const [large, small] = await linesOf(app, partner);
  expect(large).toMatchObject({ status: 'HELD', minor: 0 });
  expect(small).toMatchObject({ status: 'PENDING', minor: 1_999_980 });
  const { commission } = await app.ask(
    staff.manager,
    'query ($id: ID!) { commission(id: $id) { holds { kind reason releasedAt } explanation { sentence } } }',
    { id: large?.id },
  );
  expect(commission.holds.filter((hold: { releasedAt: string | null }) => !hold.releasedAt)).toEqual([
    {
      ...{ kind: 'FX', releasedAt: null },
      reason: `The exchange rate for ${DAY} gives more than 10^15 minor units. Enter another rate, or reject this commission.`,
    },
  ]);
  expect(commission.holds).toHaveLength(2);
  expect(commission.explanation.sentence).toBe(
    `The commission on ${MOST} EUR is not computed yet: there is no usable exchange rate between EUR and JPY for ${DAY}.`,
  );
});

test('a simulation leaves out a sale whose commission would be too large', async () => {
  await start();
  await rule({ method: 'FLAT', perUnit: '1' });
  for (const quantity of [1_000, 2]) await app.ask(staff.manager, RECORD, order({ amount: '100', quantity }));
  const { commissionRules } = await app.ask(
    staff.manager,
    'query ($id: ID!) { commissionRules(filter: { partnerId: $id }) { edges { node { id } } } }',
    { id: partner },
  );
  const { simulatePlan } = await app.ask(
    staff.manager,
    'mutation ($input: SimulatePlanInput!) { simulatePlan(input: $input) { id } }',
    {
      input: {
        ...{ from: '2026-10-01', to: '2026-10-31' },
        change: [
          {
            ruleId: commissionRules.edges[0].node.id,
            rule: { name: 'rule', currency: 'USD', method: 'FLAT', perUnit: '100000000000' },
          },
        ],
      },
    },
  );
  await runSimulation(
    contextFor(app.app.services, { actor: system, requestId: randomUUID() }),
    simulatePlan.id,
  );
  const { planSimulation } = await app.ask(
    staff.manager,
    'query ($id: ID!) { planSimulation(id: $id) { status leftOut costs { now { amount } simulated { amount } } } }',
    simulatePlan,
  );
  expect(planSimulation).toEqual({
    ...{ status: 'DONE', leftOut: 1 },
    costs: [{ now: { amount: '2.00' }, simulated: { amount: '200000000000.00' } }],
  });
});

test('a ranking of partners is exact at any exchange rate', async () => {
  await start();
  await app.ask(staff.manager, RECORD, order({ amount: MOST, currency: 'GBP' }));
  await enter('GBP', 'USD', '999999999999', '2026-11-15');
  const ranked = await app.ask(staff.manager, '{ topPartners(by: REVENUE) { revenue { amount currency } } }');
  expect(ranked.topPartners).toEqual([
    { revenue: { amount: '9999999999989990000000000.01', currency: 'USD' } },
  ]);
});

test('a payout of more than 10^15 minor units is refused', async () => {
  await start({ payoutMethod: 'STRIPE', commissionRate: 100 });
  for (let i = 0; i < 2; i++) {
    const { createCommission } = await app.ask(staff.manager, CREATE_COMMISSION, byHand({ amount: LIMIT }));
    await app.ask(staff.maria, APPROVE, { id: createCommission.id });
  }
  const input = { partnerId: partner, periodStart: '2026-10-01', periodEnd: '2026-10-31' };
  expect(await app.refusal(staff.tom, CREATE_PAYOUT, { input })).toMatchObject({
    ...{ code: 'CONFLICT', reason: 'ABOVE_RAIL_MAXIMUM' },
  });
});
