import { randomInt, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { runSimulation } from '../../../src/modules/commissions/simulations/run-simulation.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  type MadePartner,
  makeCommission,
  makePartner,
  REJECT,
  REVERSE,
  staffOf,
  tally,
} from '../../support/make.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
  await app.app.startWorker();
});
afterAll(() => app.close());

const SIMULATE = `mutation ($input: SimulatePlanInput!) { simulatePlan(input: $input) { id status progress } }`;
const ANSWER = `query ($id: ID!) { planSimulation(id: $id) {
  status progress salesTotal salesDone better worse leftOut finishedAt
  costs { now { amount currency } simulated { amount } difference { amount } }
  months { month now { amount currency } simulated { amount } difference { amount } }
  winners { partner { id } now { amount } simulated { amount } difference { amount } }
  losers { partner { id } now { amount } simulated { amount } difference { amount } } } }`;
const CANCEL = 'mutation ($id: ID!) { cancelPlanSimulation(id: $id) { id status } }';
const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
const PLAN = 'mutation ($input: CreateCommissionPlanInput!) { createCommissionPlan(input: $input) { id } }';
const ASSIGN =
  'mutation ($id: ID!, $planId: ID) { assignCommissionPlan(partnerId: $id, planId: $planId, effectiveAt: null) { id } }';

const year = { from: '2026-01-01', to: '2026-12-31' };

async function answered(id: string, by = staff.manager) {
  return until(async () => {
    const { planSimulation } = await app.ask(by, ANSWER, { id });
    return planSimulation.status === 'DONE' ? planSimulation : null;
  }, 20);
}
async function simulated(input: object, by = staff.manager) {
  const { simulatePlan } = await app.ask(by, SIMULATE, { input: { ...year, ...input } });
  return answered(simulatePlan.id, by);
}
/** A partner's row of the answer, whichever side it is on. */
const partnerIn = (answer: { winners: Row[]; losers: Row[] }, id: string): Row | undefined =>
  [...answer.winners, ...answer.losers].find(({ partner }) => partner.id === id);
interface Row {
  partner: { id: string };
  now: { amount: string };
  simulated: { amount: string };
}

const netOf = async (partnerId: string): Promise<string> =>
  (
    await app.database.pool.query(
      `select (coalesce(sum(amount_minor), 0) / 100)::numeric(12, 2)::text as net from commissions
       where partner_id = $1 and status <> 'REJECTED'`,
      [partnerId],
    )
  ).rows[0].net;

const EVERYTHING_OF_MONEY = [
  'commissions',
  'postings',
  'rule_usage',
  'commission_rules',
  'partner_metrics_daily',
];
const books = async (): Promise<string> =>
  JSON.stringify(
    await Promise.all(
      EVERYTHING_OF_MONEY.map(
        async (table) =>
          (
            await app.database.pool.query(
              `select md5(string_agg(t::text, '' order by t::text)) as sum from ${table} t`,
            )
          ).rows[0].sum,
      ),
    ),
  );

/** A plan of one rule, and a partner that earns by it. */
async function planned(tenantStaff: typeof staff, rule: object) {
  const { createCommissionPlan: plan } = await app.ask(tenantStaff.manager, PLAN, {
    input: { name: randomUUID() },
  });
  const input = { name: 'rule', effectiveAt: '2025-01-01', planId: plan.id, ...rule };
  const { createCommissionRule } = await app.ask(tenantStaff.manager, RULE, { input });
  const { id } = await makePartner(app, tenantStaff.manager);
  await app.ask(tenantStaff.manager, ASSIGN, { id, planId: plan.id });
  await app.database.pool.query('alter table plan_memberships disable trigger append_only');
  await app.database.pool.query(
    `update plan_memberships set effective_at = '2025-01-01' where partner_id = $1`,
    [id],
  );
  await app.database.pool.query('alter table plan_memberships enable trigger append_only');
  return { partnerId: id, ruleId: createCommissionRule.id as string, planId: plan.id as string };
}

interface Step {
  readonly minor: number;
  readonly day: number;
  readonly customer: number;
  readonly product: string | null;
  readonly country: string | null;
  readonly quantity: number;
  /** What becomes of an earlier sale instead: percent refunded; 0: rejected. */
  readonly undo: { readonly nth: number; readonly percent: number } | null;
}
const step: fc.Arbitrary<Step> = fc.record({
  minor: fc.integer({ min: 1, max: 90_000 }),
  day: fc.integer({ min: 0, max: 170 }),
  customer: fc.integer({ min: 0, max: 2 }),
  product: fc.constantFrom(null, 'basic', 'pro'),
  country: fc.constantFrom(null, 'DE', 'US'),
  quantity: fc.integer({ min: 1, max: 4 }),
  undo: fc.option(fc.record({ nth: fc.nat(30), percent: fc.constantFrom(0, 7, 33, 50, 100) }), { freq: 3 }),
});

const SALE = 'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { __typename } }';
const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }';

/** The same history for each of the partners. A sale is rejected for all of them, or for none when one has no commission. */
async function live(partnerIds: readonly string[], steps: readonly Step[], by = staff): Promise<void> {
  const recorded: { readonly order: string; left: number }[] = [];
  for (const { minor, day, customer, product, country, quantity, undo } of steps) {
    if (undo && recorded.length > 0) {
      const sale = recorded[undo.nth % recorded.length] as (typeof recorded)[number];
      const orders = partnerIds.map((id) => `${id} ${sale.order}`);
      if (undo.percent === 0) {
        const { rows } = await app.database.pool.query(
          `select id from commissions where order_id = any($1) and item_id is null and status = 'PENDING'`,
          [orders],
        );
        if (rows.length === orders.length)
          for (const { id } of rows) await app.ask(by.maria, REJECT, { id, reason: 'no sale' });
        continue;
      }
      const part = Math.floor((sale.left * undo.percent) / 100);
      if (part === 0) continue;
      sale.left -= part;
      for (const orderId of orders)
        await app.ask(by.maria, REFUND, {
          input: { orderId, amount: (part / 100).toFixed(2), reason: 'returned' },
        });
      continue;
    }
    const order = `order ${recorded.length}`;
    recorded.push({ order, left: minor });
    for (const partnerId of partnerIds)
      await app.ask(by.manager, SALE, {
        input: {
          ...{ partnerId, orderId: `${partnerId} ${order}`, customerId: `${partnerId} ${customer}`, country },
          lines: [{ amount: (minor / 100).toFixed(2), product, quantity }],
          occurredAt: new Date(Date.UTC(2026, 0, 1 + day, 12)).toISOString(),
        },
      });
  }
}

const PLAIN = { method: 'PERCENTAGE', rate: 10 };
const KINDS: [string, object][] = [
  ['progressive bands by month', { method: 'TIERED', currency: 'USD', bands: bands(), bandPeriod: 'MONTH' }],
  [
    'retroactive bands by quarter',
    { method: 'TIERED', currency: 'USD', bands: bands(), bandMode: 'RETROACTIVE', bandPeriod: 'QUARTER' },
  ],
  [
    'bands without end under a cap',
    {
      ...{ method: 'TIERED', currency: 'USD', bands: bands(), bandPeriod: 'LIFETIME' },
      cap: { amount: '400', per: 'PARTNER', period: 'YEAR' },
    },
  ],
  [
    'a cap of each customer',
    { ...PLAIN, rate: 12.34, currency: 'USD', cap: { amount: '60', per: 'CUSTOMER', period: 'LIFETIME' } },
  ],
  ['a window of months that steps down', { ...PLAIN, rate: 17.77, recurringMonths: 2, stepDownRate: 3.33 }],
  ['first purchases only', { ...PLAIN, rate: 33.33, firstPurchaseOnly: true }],
  ['an amount for each unit', { method: 'FLAT', currency: 'USD', perUnit: '3.21' }],
  [
    'a product, a country and a smallest purchase',
    { ...PLAIN, rate: 9.99, product: 'pro', countries: ['DE'], currency: 'USD', minimumPurchase: '100' },
  ],
];
function bands() {
  return [
    { from: '0', rate: 5.55 },
    { from: '500', rate: 11.11 },
    { from: '1500', rate: 22.22 },
  ];
}

const seed = Number(process.env['SEED']) || randomInt(2 ** 31);
describe(`a simulation (seed ${seed})`, () => {
  test.each(KINDS)(
    'a simulation of %s equals the real commissions of the same sales',
    { tags: ['slow'] },
    async (_kind, rule) => {
      const tenant = `t${randomUUID().slice(0, 8)}`;
      const by = await staffOf(app, tenant);
      const was = await planned(by, PLAIN);
      const real = await planned(by, rule);
      const [steps = []] = fc.sample(fc.array(step, { minLength: 22, maxLength: 22 }), {
        numRuns: 1,
        seed,
      });
      await live([was.partnerId, real.partnerId], steps, by);
      const before = await books();

      const kept = await simulated({}, by.manager);
      expect(kept.costs).toMatchObject([{ difference: { amount: '0.00' } }]);
      expect([...kept.winners, ...kept.losers]).toEqual([]);

      // The same terms as another rule: nothing is recognised, everything is worked out.
      const again = { change: [{ ruleId: real.ruleId, rule: { name: 'again', ...rule } }] };
      const worked = await simulated(again, by.manager);
      expect([...worked.winners, ...worked.losers]).toEqual([]);
      expect(worked.costs).toMatchObject([{ difference: { amount: '0.00' } }]);

      const tried = await simulated(
        { change: [{ ruleId: was.ruleId, rule: { name: 'tried', ...rule } }] },
        by.manager,
      );
      const [earns, earned] = [await netOf(real.partnerId), await netOf(was.partnerId)];
      if (earns !== earned)
        expect(partnerIn(tried, was.partnerId)).toMatchObject({
          now: { amount: earned },
          simulated: { amount: earns },
        });
      expect(partnerIn(tried, real.partnerId)).toBeUndefined();
      expect(await books()).toBe(before);
    },
  );
});

describe('a simulation', () => {
  const line = (partnerId: string, amount: string, occurredAt = '2026-02-10T12:00:00Z', input: object = {}) =>
    makeCommission(app, staff.manager, partnerId, { amount, occurredAt, ...input });

  test('a simulation shows gains and losses by month and currency, with refunds in the month of their sale', async () => {
    const [big, small, euro] = (await Promise.all(
      [20, 5, 10].map((commissionRate) => makePartner(app, staff.manager, { commissionRate })),
    )) as [MadePartner, MadePartner, MadePartner];
    const sale = await line(big.id, '1000');
    await app.ask(staff.maria, REVERSE, { id: sale, input: { amount: '500' } });
    await line(small.id, '100', '2026-03-01T12:00:00Z');
    await line(euro.id, '10', '2026-03-31T12:00:00Z', { currency: 'EUR' });
    const answer = await simulated({ flatRate: 10 });
    expect(partnerIn(answer, big.id)).toMatchObject({
      now: { amount: '100.00' },
      simulated: { amount: '50.00' },
      difference: { amount: '-50.00' },
    });
    expect(partnerIn(answer, small.id)).toMatchObject({ difference: { amount: '5.00' } });
    expect(answer).toMatchObject({ status: 'DONE', progress: 100, better: 1, worse: 1 });
    expect(answer.costs).toMatchObject([
      { now: { amount: '1.00', currency: 'EUR' }, difference: { amount: '0.00' } },
      { now: { amount: '105.00', currency: 'USD' }, difference: { amount: '-45.00' } },
    ]);
    expect(answer.months).toMatchObject([
      { month: '2026-03-01', now: { currency: 'EUR' } },
      { month: '2026-02-01', now: { currency: 'USD' }, difference: { amount: '-50.00' } },
      { month: '2026-03-01', now: { currency: 'USD' }, difference: { amount: '5.00' } },
    ]);
    expect(answer.winners).toHaveLength(1);
  });

  test('a simulation keeps amounts and rates that were given with a sale', async () => {
    const by = await staffOf(app, `t${randomUUID().slice(0, 8)}`);
    const { id } = await makePartner(app, by.manager);
    for (const own of [{ commissionRate: 50 }, { method: 'FLAT', flatAmount: '7', quantity: 2 }, {}])
      await makeCommission(app, by.manager, id, { occurredAt: '2026-02-10T12:00:00Z', ...own });
    const { costs } = await simulated({ flatRate: 1 }, by.manager);
    expect(costs).toMatchObject([{ now: { amount: '74.00' }, simulated: { amount: '65.00' } }]);
  });

  test('a simulation uses other tier rates, and added or removed rules', async () => {
    const by = await staffOf(app, `t${randomUUID().slice(0, 8)}`);
    const { partnerId, ruleId, planId } = await planned(by, { ...PLAIN, product: 'pro', rate: 30 });
    for (const product of ['pro', 'basic'])
      await makeCommission(app, by.manager, partnerId, { product, occurredAt: '2026-02-10T12:00:00Z' });
    const costOf = async (input: object) => (await simulated(input, by.manager)).costs[0].simulated.amount;
    expect(await costOf({})).toBe('40.00');
    expect(await costOf({ tiers: [{ tier: 'BRONZE', commissionRate: 12 }] })).toBe('42.00');
    expect(await costOf({ remove: [ruleId] })).toBe('20.00');
    const basic = { name: 'basic', planId, ...PLAIN, rate: 1, product: 'basic' };
    expect(await costOf({ add: [basic] })).toBe('31.00');
    expect(await costOf({ add: [{ ...basic, effectiveAt: '2026-03-01' }] })).toBe('40.00');
  });

  test('a simulation uses other thresholds with the measured values of each month', async () => {
    const by = await staffOf(app, `t${randomUUID().slice(0, 8)}`);
    const { id } = await makePartner(app, by.manager);
    await app.database.pool.query("update partners set created_at = '2025-12-01' where id = $1", [id]);
    await makeCommission(app, by.manager, id, {
      amount: '1000',
      occurredAt: '2026-01-10T12:00:00Z',
      customerId: 'k',
    });
    await makeCommission(app, by.manager, id, {
      amount: '1000',
      occurredAt: '2026-02-10T12:00:00Z',
      customerId: 'k',
    });
    await app.ask(by.manager, 'mutation { evaluateTiers(month: "2026-01-01") { evaluated } }');
    const tiers = (minMonthlyRevenue: string, minCustomers = 1) => ({
      tiers: [{ tier: 'SILVER', minMonthlyRevenue, minCustomers }],
    });
    const costOf = async (input: object) => (await simulated(input, by.manager)).costs[0].simulated.amount;
    expect(await costOf(tiers('1000'))).toBe('250.00'); // SILVER from February on
    expect(await costOf(tiers('1000.01'))).toBe('200.00');
    expect(await costOf(tiers('1000', 2))).toBe('200.00');
  });

  const sell = (by: typeof staff, partnerId: string, day: number, amount = '10') =>
    app.ask(by.manager, SALE, {
      input: {
        ...{ partnerId, orderId: randomUUID(), customerId: 'k', lines: [{ amount }] },
        occurredAt: `2026-02-${day}T12:00:00Z`,
      },
    });

  test('a simulation computes sales that earned nothing, under terms by which they earn', async () => {
    const by = await staffOf(app, `t${randomUUID().slice(0, 8)}`);
    const { partnerId, ruleId } = await planned(by, { ...PLAIN, firstPurchaseOnly: true });
    for (const day of [10, 11]) await sell(by, partnerId, day);
    const thisMonth = { from: '2026-02-01', to: '2100-01-01' };
    expect(await app.refusal(by.manager, SIMULATE, { input: thisMonth })).toMatchObject({
      field: 'input.to',
    });
    const every = { from: '2026-02-01', to: '2028-12-01' };
    expect(await simulated(every, by.manager)).toMatchObject({
      leftOut: 0,
      costs: [{ now: { amount: '1.00' }, simulated: { amount: '1.00' } }],
    });
    expect(
      await simulated({ change: [{ ruleId, rule: { name: 'all', ...PLAIN } }] }, by.manager),
    ).toMatchObject({
      costs: [{ now: { amount: '1.00' }, simulated: { amount: '2.00' } }],
    });
  });

  test('a simulation counts purchases that never earn, which it cannot compute', async () => {
    const by = await staffOf(app, `t${randomUUID().slice(0, 8)}`);
    const { id } = await makePartner(app, by.manager, {
      partnerType: 'AFFILIATE',
      affiliate: { minimumPurchase: 40 },
    });
    for (const [day, amount] of [
      [10, '39.99'],
      [11, '40'],
    ] as const)
      await sell(by, id, day, amount);
    expect(await simulated({}, by.manager)).toMatchObject({
      leftOut: 1,
      costs: [{ now: { amount: '4.00' } }],
    });
  });

  test.each([
    ['input.to', { to: '2025-12-31' }],
    ['input.flatRate', { flatRate: 10, remove: [] }],
    ['input.add.0.rate', { add: [{ name: 'n', method: 'PERCENTAGE', planId: randomUUID() }] }, 'planned'],
    ['input.add.0.planId', { add: [{ name: 'n', method: 'PERCENTAGE', rate: 1 }] }],
    ['input.add.0.planId', { add: [{ name: 'n', method: 'PERCENTAGE', rate: 1, planId: randomUUID() }] }],
    ['input.add.0.name', { add: [{ name: ' ', method: 'PERCENTAGE', rate: 1, planId: randomUUID() }] }],
    ['input.change.0.ruleId', { change: [{ ruleId: randomUUID(), rule: { name: 'n', method: 'FLAT' } }] }],
    ['input.remove.0', { remove: [randomUUID()] }],
    ['input.tiers.1.tier', { tiers: [{ tier: 'GOLD' }, { tier: 'GOLD' }] }],
    ['input.tiers.0.minMonthlyRevenue', { tiers: [{ tier: 'GOLD', minMonthlyRevenue: '-1' }] }],
  ])('refuses an inconsistent simulation: %s', async (field, input, withPlan?: string) => {
    const given: Record<string, unknown> = { ...year, ...input };
    if (withPlan) {
      const { planId } = await planned(staff, PLAIN);
      given['add'] = [{ name: 'n', method: 'PERCENTAGE', planId }];
    }
    expect(await app.refusal(staff.manager, SIMULATE, { input: given })).toMatchObject({ field });
  });

  test('refuses bands with a gap at any place', async () => {
    const { ruleId } = await planned(staff, PLAIN);
    const rule = { name: 'n', method: 'TIERED', currency: 'USD', bands: [{ from: '5', rate: 1 }] };
    const input = { ...year, change: [{ ruleId, rule }] };
    expect(await app.refusal(staff.manager, SIMULATE, { input })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.change.0.rule.bands.0.from',
    });
  });

  /** One that waits and that no job takes up. */
  const waiting = async (tenant: string): Promise<string> =>
    (
      await app.database.pool.query(
        `insert into plan_simulations (id, tenant_id, requested_by, first_day, last_day, changes, expires_at)
         values (gen_random_uuid(), $1, 'x', '2026-01-01', '2026-01-31', '{}', '2100-01-01') returning id`,
        [tenant],
      )
    ).rows[0].id;
  const at25 = (by: string, query: string, variables: object) =>
    Promise.all(Array.from({ length: 25 }, () => app.send(by, query, variables)));

  test('starts one simulation for each key, and at most five at the same time', async () => {
    const tenant = `t${randomUUID().slice(0, 8)}`;
    const by = await staffOf(app, tenant);
    await makePartner(app, by.manager);
    const answers = await at25(by.manager, SIMULATE, { input: { ...year, idempotencyKey: 'k' } });
    expect(tally(answers)).toEqual({ ok: 25 });
    expect(new Set(answers.map(({ data }) => data.simulatePlan.id)).size).toBe(1);
    await answered(answers[0]?.data.simulatePlan.id, by.manager);

    for (let before = 0; before < 4; before++) await waiting(tenant);
    const client = await app.database.pool.connect();
    await client.query('begin; lock table sale_items in access exclusive mode'); // so that none ends meanwhile
    const crowd = await at25(by.manager, SIMULATE, { input: year });
    await client.query('commit');
    client.release();
    expect(tally(crowd)).toEqual({ ok: 1, CONFLICT: 24 });
  });

  test('a simulation is canceled once, and then has no result', async () => {
    const tenant = `t${randomUUID().slice(0, 8)}`;
    const by = await staffOf(app, tenant);
    await makePartner(app, by.manager);
    const id = await waiting(tenant);
    expect(tally(await at25(by.manager, CANCEL, { id }))).toEqual({ ok: 1, CONFLICT: 24 });
    await runSimulation(contextFor(app.app.services, { actor: system, requestId: randomUUID() }), id);
    const { planSimulation } = await app.ask(by.manager, ANSWER, { id });
    expect(planSimulation).toMatchObject({ status: 'CANCELED', costs: [], better: null });
  });

  test('hides simulations from partners and other programs', async () => {
    const { simulatePlan } = await app.ask(staff.manager, SIMULATE, { input: year });
    const { id } = simulatePlan;
    const partner = await app.token('PARTNER', { partner: (await makePartner(app, staff.manager)).id });
    const elsewhere = await staffOf(app, 'elsewhere');
    for (const stranger of [partner, elsewhere.manager])
      expect(await app.refusal(stranger, ANSWER, { id })).toMatchObject({ code: 'NOT_FOUND' });
    const list = '{ planSimulations { edges { node { id } } } }';
    expect((await app.ask(partner, list)).planSimulations.edges).toEqual([]);
    expect((await app.ask(staff.analyst, list)).planSimulations.edges[0].node.id).toBe(id);
  });
});
