import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { rateLines } from '../../../src/modules/commissions/sales/rate-lines.ts';
import { proveAll } from '../../../src/proof.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  balanceOf,
  CREATE_COMMISSION,
  linesOf,
  makePartner,
  REJECT,
  RELEASE,
  REVERSE,
  staffOf,
  TRACK,
} from '../../support/make.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;

const SETTLE = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { settlement } }';
const RATES = 'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }';
const RECORD = `mutation ($input: RecordSaleInput!) { recordSale(input: $input) {
  commissions { id status amount { amount currency } } refused { reason } total { amount currency } } }`;
const REFUND =
  'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { waiting taken { amount currency } } }';
const CONVERSION = 'mutation ($input: RecordConversionInput!) { recordConversion(input: $input) { id } }';
const LINE = `query ($id: ID!) { commission(id: $id) { status reason rejectCode amount { amount currency } baseAmount { amount currency }
  saleAmount { amount currency } holds { id kind reason releasedAt } explanation { sentence steps { label detail } } }
  verifyCommission(id: $id) { equal differences { what } } }`;

beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
  const { updateProgram } = await app.ask(staff.manager, SETTLE, { input: { settlement: 'PARTNER' } });
  expect(updateProgram.settlement).toBe('PARTNER');
});
afterAll(() => app.close());

const today = () => new Date().toISOString().slice(0, 10);
const enter = (base: string, quote: string, rate: string, effectiveOn = today()) =>
  app.ask(staff.manager, RATES, { input: { rates: [{ base, quote, rate, effectiveOn }] } });
const partnerOf = async (more: object = {}) =>
  (await makePartner(app, staff.manager, { commissionRate: 20, ...more })).id;
const earn = async (
  partnerId: string,
  amount: string,
  currency: string,
  more: object = {},
): Promise<string> =>
  (
    await app.ask(staff.manager, CREATE_COMMISSION, {
      input: { partnerId, type: 'ONE_TIME', amount, currency, ...more },
    })
  ).createCommission.id;
const see = (id: string, by = staff.maria) => app.ask(by, LINE, { id });
const refund = (id: string, amount?: string) => app.ask(staff.maria, REVERSE, { id, input: { amount } });
const runJob = () =>
  rateLines(contextFor(app.app.services, { actor: system, requestId: randomUUID() }), 'acme');

describe('a sale in another currency than the partner is paid in', () => {
  test('earns by the exchange rate of its day, which is stored and explained (T66)', async () => {
    await enter('USD', 'JPY', '150');
    const id = await earn(await partnerOf(), '10000', 'JPY');
    const { commission, verifyCommission } = await see(id);
    expect(commission).toMatchObject({
      ...{ status: 'PENDING', holds: [] },
      saleAmount: { amount: '10000', currency: 'JPY' },
      baseAmount: { amount: '66.67', currency: 'USD' },
      amount: { amount: '13.33', currency: 'USD' },
    });
    expect(commission.explanation.sentence).toBe(
      `13.33 USD is 20 % of 66.67 USD, by the partner's own rate. The sale of 10000 JPY is worth 66.67 USD at 150 JPY for one USD, the rate of ${today()}.`,
    );
    expect(verifyCommission).toEqual({ equal: true, differences: [] });
  });

  test('a conversion into a currency without decimals rounds once (T68)', async () => {
    await enter('KWD', 'JPY', '488.123456789012');
    const id = await earn(await partnerOf({ currency: 'JPY' }), '1.852', 'KWD');
    expect((await see(id)).commission).toMatchObject({
      baseAmount: { amount: '904', currency: 'JPY' },
      amount: { amount: '181', currency: 'JPY' },
    });
  });

  test('a refund uses the exchange rate of the sale, not of today (T61)', async () => {
    const day = new Date(Date.now() - 40 * 86_400_000).toISOString().slice(0, 10);
    await enter('EUR', 'USD', '1.10', day);
    const partner = await partnerOf();
    const id = await earn(partner, '100.00', 'EUR', { occurredAt: `${day}T12:00:00Z` });
    await enter('EUR', 'USD', '1.20');
    await app.ask(staff.maria, APPROVE, { id });
    expect((await see(id)).commission.amount).toEqual({ amount: '22.00', currency: 'USD' });
    await refund(id, '50.00');
    expect(await balanceOf(app, staff.maria, partner)).toMatchObject({ payable: '11.00' });
    await refund(id, '0.01');
    await refund(id);
    const lines = await linesOf(app, partner);
    expect(lines.reduce((sum, { minor }) => sum + minor, 0)).toBe(0);
    expect(await balanceOf(app, staff.maria, partner)).toMatchObject({ payable: '0.00' });
    expect(await app.refusal(staff.maria, REVERSE, { id, input: {} })).toMatchObject({ code: 'CONFLICT' });
  });

  test('accepts a refund that is too small to have a value', async () => {
    await enter('USD', 'KRW', '1400');
    const partner = await partnerOf();
    const id = await earn(partner, '100000', 'KRW');
    for (const amount of ['1', '1', '1']) await refund(id, amount);
    await refund(id);
    expect((await linesOf(app, partner)).reduce((sum, { minor }) => sum + minor, 0)).toBe(0);
    expect((await see(id)).commission.status).toBe('REVERSED');
  });

  test('counts revenue in the currency of the sale and earnings in the partner’s', async () => {
    const partner = await partnerOf();
    await earn(partner, '3000', 'JPY');
    const { rows } = await app.database.pool.query(
      'select currency, orders::int, revenue_minor::int as revenue, earned_minor::int as earned from partner_metrics where partner_id = $1 order by 1',
      [partner],
    );
    expect(rows).toEqual([
      { currency: 'JPY', orders: 1, revenue: 3_000, earned: 0 },
      { currency: 'USD', orders: 0, revenue: 0, earned: 400 },
    ]);
  });

  test('does not convert in a program that settles in the currency of the sale', async () => {
    const own = await staffOf(app, 'as-sold');
    const { id } = await makePartner(app, own.manager, { commissionRate: 20 });
    const { createCommission } = await app.ask(own.manager, CREATE_COMMISSION, {
      input: { partnerId: id, type: 'ONE_TIME', amount: '10000', currency: 'JPY' },
    });
    expect(createCommission.amount).toEqual({ amount: '2000', currency: 'JPY' });
  });
});

describe('a sale whose exchange rate is missing (T70)', () => {
  test('holds a sale without an exchange rate with the amount zero, and never uses the rate 1', async () => {
    const partner = await partnerOf();
    const id = await earn(partner, '100.00', 'CHF');
    const { commission, verifyCommission } = await see(id);
    expect(commission).toMatchObject({
      status: 'HELD',
      amount: { amount: '0.00', currency: 'USD' },
      saleAmount: { amount: '100.00', currency: 'CHF' },
      holds: [
        {
          kind: 'FX',
          reason: `There is no exchange rate between CHF and USD for ${today()}`,
          releasedAt: null,
        },
      ],
    });
    expect(commission.explanation.sentence).toContain(
      'The commission on 100.00 CHF is not computed yet: there is no usable exchange rate',
    );
    expect(verifyCommission.equal).toBe(true);
    expect(await app.refusal(staff.maria, APPROVE, { id })).toMatchObject({ reason: 'HELD' });
    const hold = commission.holds[0].id;
    expect(await app.refusal(staff.maria, RELEASE, { id: hold, reason: 'go' })).toMatchObject({
      reason: 'RATE_MISSING',
    });
    expect(await app.refusal(staff.maria, REVERSE, { id, input: {} })).toMatchObject({
      reason: 'RATE_MISSING',
    });
    await app.ask(staff.maria, REJECT, { id, reason: 'not worth it' });
    expect((await see(id)).commission.status).toBe('REJECTED');
    const preview = `query ($input: CreateCommissionInput!) { previewCommission(input: $input) { refused amount { amount } } }`;
    const input = { partnerId: partner, type: 'ONE_TIME', amount: '100.00', currency: 'CHF' };
    expect((await app.ask(staff.maria, preview, { input })).previewCommission).toEqual({
      refused: 'RATE_MISSING',
      amount: { amount: '0.00' },
    });
  });

  test('a job computes held sales after the rate is entered in any way', async () => {
    const [partner, other] = [await partnerOf(), await partnerOf()];
    const [sek, nok] = [await earn(partner, '1000.00', 'SEK'), await earn(other, '1000.00', 'NOK')];
    await enter('SEK', 'USD', '0.10');
    await app.ask(staff.manager, 'mutation ($csv: String!) { importExchangeRates(csv: $csv) { count } }', {
      csv: `base,quote,rate,date\nUSD,NOK,8,${today()}`,
    });
    for (const [id, amount] of [
      [sek, '20.00'],
      [nok, '25.00'],
    ] as const) {
      await until(async () => (await see(id)).commission.status === 'PENDING');
      const { commission, verifyCommission } = await see(id);
      expect(commission.amount).toEqual({ amount, currency: 'USD' });
      expect(commission.holds[0].releasedAt).not.toBeNull();
      expect(verifyCommission.equal).toBe(true);
    }
    await app.ask(staff.maria, APPROVE, { id: sek });
    expect(await balanceOf(app, staff.maria, partner)).toMatchObject({ payable: '20.00' });
    await runJob(); // again: nothing more
    expect(await linesOf(app, partner)).toHaveLength(1);
  });

  test('a flat amount per order that waited for its rate is shared by the products of the order', async () => {
    const partnerId = await partnerOf();
    await app.ask(
      staff.manager,
      'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }',
      {
        input: {
          ...{ name: 'order', partnerId, method: 'FLAT', perOrder: '10', currency: 'USD' },
          effectiveAt: '2020-01-01T00:00:00Z',
        },
      },
    );
    const { recordSale } = await app.ask(staff.manager, RECORD, {
      input: {
        ...{ partnerId, orderId: randomUUID(), currency: 'CLF' },
        lines: [
          { product: 'a', amount: '6' },
          { product: 'b', amount: '4' },
        ],
      },
    });
    expect(recordSale.commissions).toMatchObject([{ status: 'HELD' }, { status: 'HELD' }]);
    await enter('CLF', 'USD', '40');
    await runJob();
    const seen = await Promise.all(recordSale.commissions.map(({ id }: { id: string }) => see(id)));
    expect(seen.map(({ commission }) => commission.amount.amount)).toEqual(['6.00', '4.00']);
  });

  test('refunds of a held order wait, and are applied with the order', async () => {
    const partnerId = await partnerOf();
    const orderId = randomUUID();
    const sale = { partnerId, orderId, currency: 'PLN', lines: [{ amount: '400.00' }] };
    await app.ask(staff.manager, RECORD, { input: sale });
    const input = { orderId, amount: '100.00', reason: 'returned' };
    expect((await app.ask(staff.maria, REFUND, { input })).refundSale).toEqual({
      waiting: true,
      taken: null,
    });
    await enter('PLN', 'USD', '0.25');
    await runJob();
    expect((await linesOf(app, partnerId)).map(({ minor }) => minor)).toEqual([2_000, -500]);
  });

  beforeAll(async () => {
    await app.app.startWorker();
  });
  const cap = (partnerId: string) =>
    app.ask(
      staff.manager,
      'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }',
      {
        input: {
          ...{ name: 'capped', partnerId, effectiveAt: '2026-01-01', method: 'PERCENTAGE' },
          ...{ rate: 10, currency: 'USD', cap: { amount: '5.00', per: 'PARTNER', period: 'LIFETIME' } },
        },
      },
    );
  /** An order of two products that wait for a rate, and its refund, which waits with them. */
  const refundedOrder = async (partnerId: string, currency: string) => {
    const orderId = randomUUID();
    const lines = ['A', 'B'].map((product) => ({ product, amount: '400.00' }));
    const { recordSale } = await app.ask(staff.manager, RECORD, {
      input: { partnerId, orderId, currency, lines },
    });
    const input = { orderId, reason: 'returned' };
    expect((await app.ask(staff.maria, REFUND, { input })).refundSale.waiting).toBe(true);
    return (recordSale.commissions as { id: string }[]).map(({ id }) => ({ id, orderId }));
  };

  test('a full refund does not wait for a product that earns nothing', async () => {
    const partnerId = await partnerOf();
    await cap(partnerId);
    await refundedOrder(partnerId, 'HUF');
    await enter('HUF', 'USD', '0.25');
    await runJob();
    const lines = await linesOf(app, partnerId);
    expect(lines.map(({ status, minor }) => `${status} ${minor}`)).toEqual([
      'REVERSED 500',
      'REJECTED 0',
      'REVERSED -500',
    ]);
  });

  test('a full refund does not wait for rejected commissions', async () => {
    const lines = await refundedOrder(await partnerOf(), 'RON');
    const waiting = async () =>
      (
        await app.database.pool.query('select from sale_refunds where order_id = $1 and settled_at is null', [
          lines[0]?.orderId,
        ])
      ).rowCount;
    await app.ask(staff.maria, REJECT, { id: lines[0]?.id, reason: 'a fraud' });
    await runJob();
    expect(await waiting()).toBe(1);
    await app.ask(staff.maria, REJECT, { id: lines[1]?.id, reason: 'a fraud' });
    await until(async () => (await waiting()) === 0);
  });

  test('rejects a held sale with the reason if it earns nothing', async () => {
    const partnerId = await partnerOf();
    await cap(partnerId);
    await earn(partnerId, '50.00', 'USD');
    const id = await earn(partnerId, '100.00', 'DKK');
    await enter('DKK', 'USD', '0.15');
    await runJob();
    expect((await see(id)).commission).toMatchObject({
      ...{
        status: 'REJECTED',
        rejectCode: 'TERMS',
        reason: 'This sale earns nothing. The reason is CAP_REACHED.',
      },
      holds: [{ kind: 'FX' }],
    });
  });

  test('computes a sale once that is entered while 10 jobs run', async () => {
    const partnerId = await partnerOf();
    const ids = await Promise.all(Array.from({ length: 5 }, () => earn(partnerId, '100.00', 'CZK')));
    await enter('CZK', 'USD', '0.05');
    await Promise.all(Array.from({ length: 10 }, runJob));
    expect((await linesOf(app, partnerId)).map(({ minor }) => minor)).toEqual(ids.map(() => 100));
  });
});

test('a sale that waited for its exchange rate earns by the terms and settings of its time', async () => {
  const own = await staffOf(app, 'waiting-terms');
  const affiliate = { partnerType: 'AFFILIATE', currency: 'USD', affiliate: { minimumPurchase: '50' } };
  await app.ask(own.manager, SETTLE, { input: { settlement: 'PARTNER' } });
  const { id } = await makePartner(app, own.manager, { ...affiliate, commissionRate: 20 });
  const { id: ruled } = await makePartner(app, own.manager, affiliate);
  const rule = { name: 'rule', method: 'PERCENTAGE' };
  const { createCommissionRule } = await app.ask(
    own.manager,
    'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }',
    { input: { ...rule, partnerId: ruled, rate: 30, effectiveAt: '2020-01-01T00:00:00Z' } },
  );
  for (const partnerId of [id, ruled]) {
    const input = { partnerId, orderId: randomUUID(), currency: 'CHF', lines: [{ amount: '100.03' }] };
    const { recordSale } = await app.ask(own.manager, RECORD, { input });
    expect(recordSale).toMatchObject({ commissions: [{ status: 'HELD' }], total: { currency: 'USD' } });
    await app.ask(
      own.manager,
      'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }',
      { id: partnerId, input: { affiliate: { minimumPurchase: '500' } } },
    );
  }
  await app.ask(
    own.manager,
    'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }',
    { id, input: { commissionRate: 10 } },
  );
  await app.ask(
    own.manager,
    'mutation ($id: ID!, $input: CommissionRuleInput!) { updateCommissionRule(id: $id, input: $input) { id } }',
    { id: createCommissionRule.id, input: { ...rule, rate: 5 } },
  );
  await app.ask(
    own.manager,
    'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }',
    {
      input: {
        ...{ ...rule, partnerId: ruled, rate: 7, types: ['ONE_TIME'], effectiveAt: '2020-01-01T00:00:00Z' },
      },
    },
  );
  await app.ask(own.manager, SETTLE, { input: { roundingMode: 'DOWN', holdDays: 3 } });
  await app.ask(own.manager, RATES, {
    input: { rates: [{ base: 'CHF', quote: 'USD', rate: '1.23', effectiveOn: today() }] },
  });
  await rateLines(contextFor(app.app.services, { actor: system, requestId: randomUUID() }), 'waiting-terms');
  // 100.03 CHF is 123.0369 USD, rounded half up.
  expect(await linesOf(app, id)).toMatchObject([{ status: 'PENDING', minor: 2461 }]);
  expect(await linesOf(app, ruled)).toMatchObject([{ status: 'PENDING', minor: 3691 }]);
  for (const partner of [id, ruled])
    for (const line of await linesOf(app, partner))
      expect((await see(line.id, own.maria)).verifyCommission.equal).toBe(true);
});

test('the total of a sale is in the currency of the commissions, also without a commission', async () => {
  const partnerId = await partnerOf({ partnerType: 'AFFILIATE', affiliate: { minimumPurchase: '50' } });
  for (const amount of ['0', '3100']) {
    const input = { partnerId, orderId: randomUUID(), currency: 'JPY', lines: [{ amount }] };
    const { recordSale } = await app.ask(staff.manager, RECORD, { input });
    expect(recordSale).toMatchObject({ commissions: [], total: { amount: '0.00', currency: 'USD' } });
  }
});

describe('an order is exchanged once', () => {
  let own: typeof staff;
  const inUsd = async (more: object = {}) =>
    makePartner(app, own.manager, { commissionRate: 100, currency: 'USD', ...more });
  beforeAll(async () => {
    own = await staffOf(app, 'exchanged-once');
    const input = { settlement: 'PARTNER', attributionModel: 'LINEAR', attributionUnit: 'PARTNER' };
    await app.ask(own.manager, SETTLE, { input });
    for (const [base, quote, rate] of [
      ['EUR', 'USD', '1.085'],
      ['EUR', 'KWD', '0.3335'],
    ])
      await app.ask(own.manager, RATES, { input: { rates: [{ base, quote, rate, effectiveOn: today() }] } });
  });
  const amountsOf = async (partnerId: string) =>
    (await linesOf(app, partnerId)).map(({ minor }) => minor).sort((a, b) => b - a);

  test('and its products get their parts', async () => {
    const { id } = await inUsd();
    const orderId = randomUUID();
    const lines = ['a', 'b', 'c'].map((product) => ({ product, amount: '1.11' }));
    const { recordSale } = await app.ask(own.manager, RECORD, {
      input: { partnerId: id, orderId, currency: 'EUR', lines },
    });
    expect(recordSale.total).toEqual({ amount: '3.61', currency: 'USD' });
    expect(await amountsOf(id)).toEqual([121, 120, 120]);
    for (const { id } of recordSale.commissions)
      expect((await see(id, own.maria)).verifyCommission.equal).toBe(true);
    await app.ask(own.maria, REFUND, {
      input: { orderId, product: 'a', amount: '1.11', reason: 'returned' },
    });
    await app.ask(own.maria, REFUND, { input: { orderId, reason: 'returned' } });
    expect((await amountsOf(id)).reduce((sum, minor) => sum + minor, 0)).toBe(0);
  });

  test('and the partners who share it get their parts, each in its own currency', async () => {
    const partners = [await inUsd(), await inUsd(), await inUsd()];
    const share = async (credited: typeof partners) => {
      const visitorId = randomUUID();
      for (const { referralCode } of credited)
        await app.ask(own.manager, TRACK, { input: { referralCode, visitorId } });
      const input = { visitorId, customerId: randomUUID(), amount: '3.33', currency: 'EUR' };
      await app.ask(own.manager, CONVERSION, { input });
    };
    await share(partners);
    const all = await Promise.all(partners.map(({ id }) => amountsOf(id)));
    expect(all.flat().sort()).toEqual([120, 120, 121]);
    const [dollars, dinars] = [await inUsd(), await inUsd({ currency: 'KWD' })];
    await share([dollars, dinars] as typeof partners);
    // 3.33 EUR is 3.61 USD and 1.111 KWD. Its shares are 1.67 and 1.66 EUR.
    const parts = [...(await amountsOf(dollars.id)), ...(await amountsOf(dinars.id))];
    expect([
      [181, 554],
      [180, 557],
    ]).toContainEqual(parts);
    for (const { id } of [...partners, dollars, dinars])
      for (const line of await linesOf(app, id))
        expect((await see(line.id, own.maria)).verifyCommission.equal).toBe(true);
  });
});

describe("an affiliate's smallest purchase in another currency", () => {
  let own: typeof staff;
  beforeAll(async () => {
    own = await staffOf(app, 'smallest-purchases');
  });
  const sell = async (partnerId: string, amount: string) =>
    (
      await app.ask(own.manager, RECORD, {
        input: { partnerId, orderId: randomUUID(), currency: 'EUR', lines: [{ amount }] },
      })
    ).recordSale;

  test('is compared at the rate of the day; without a rate the commission is held and says so', async () => {
    const affiliate = { partnerType: 'AFFILIATE', commissionRate: 20, affiliate: { minimumPurchase: '50' } };
    const { id } = await makePartner(app, own.manager, affiliate);
    for (const amount of ['1', '100'])
      expect(await sell(id, amount)).toMatchObject({ refused: [], commissions: [{ status: 'HELD' }] });
    const [small, large] = await linesOf(app, id);
    const { commission } = await see(small?.id as string, own.maria);
    const reason = `There is no exchange rate between EUR and USD for ${today()}`;
    expect(commission.holds).toMatchObject([{ kind: 'FX', releasedAt: null, reason }]);
    await app.ask(own.manager, RATES, {
      input: { rates: [{ base: 'USD', quote: 'EUR', rate: '0.8', effectiveOn: today() }] },
    });
    await rateLines(
      contextFor(app.app.services, { actor: system, requestId: randomUUID() }),
      'smallest-purchases',
    );
    expect((await see(small?.id as string, own.maria)).commission).toMatchObject({
      status: 'REJECTED',
      reason: 'This sale earns nothing. The reason is BELOW_MINIMUM_PURCHASE.',
    });
    expect((await see(large?.id as string, own.maria)).commission).toMatchObject({
      ...{ status: 'PENDING', amount: { amount: '20.00', currency: 'EUR' } },
    });
    const below = { commissions: [], refused: [{ reason: 'BELOW_MINIMUM_PURCHASE' }] };
    expect(await sell(id, '1')).toMatchObject(below);
    expect(await sell(id, '39.99')).toMatchObject(below);
    expect(await sell(id, '40.00')).toMatchObject({
      refused: [],
      commissions: [{ amount: { amount: '8.00' } }],
    });
    await app.ask(own.manager, RECORD, {
      input: { partnerId: id, orderId: 'held', currency: 'CHF', lines: [{ amount: '1' }] },
    });
  });
});

test('the books check passes, and finds a base that does not match its rate', async () => {
  const { pool, seals } = app.app.services;
  const faults = async () => {
    const found: string[] = [];
    for await (const { name, faults } of proveAll({ pool, seals, actor: system }))
      found.push(...faults.map((fault) => `${name}: ${fault}`));
    return found;
  };
  expect(await faults()).toEqual([]);
  const id = await earn(await partnerOf(), '10000', 'JPY');
  await app.database.pool.query(`alter table commissions disable trigger user`);
  await app.database.pool.query(
    `update commissions set exchange = jsonb_set(exchange, '{rate}', '"140"') where id = $1`,
    [id],
  );
  const { verifyCommission } = await app.ask(
    staff.maria,
    'query ($id: ID!) { verifyCommission(id: $id) { equal differences { what } } }',
    { id },
  );
  expect(verifyCommission).toEqual({ equal: false, differences: [{ what: 'base' }] });
  expect((await faults()).join()).toContain(`commission ${id}: base is 66.67, but recomputes to 71.43 USD`);
});

test('the total of a recorded sale is in the currency of its commissions', async () => {
  const partnerId = await partnerOf();
  const { recordSale } = await app.ask(
    staff.manager,
    `mutation ($input: RecordSaleInput!) { recordSale(input: $input) {
      total { amount currency } commissions { amount { amount currency } } } }`,
    { input: { partnerId, orderId: randomUUID(), currency: 'JPY', lines: [{ amount: '3100' }] } },
  );
  expect(recordSale.total).toEqual(recordSale.commissions[0].amount);
  expect(recordSale.total.currency).toBe('USD');
});
