import { randomInt, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import {
  CREATE_COMMISSION,
  makeCommission,
  makePartner,
  REJECT,
  REVERSE,
  staffOf,
  tally,
} from '../support/make.ts';
import { until } from '../support/until.ts';

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
      `select (coalesce(sum(c.amount_minor), 0) / 100)::numeric(12, 2)::text as net from commissions c
       left join commissions o on o.id = coalesce(c.reverses_id, c.adjusts_id)
       where c.partner_id = $1 and c.status <> 'REJECTED' and coalesce(o.status, '') <> 'REJECTED'`,
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

/** The same history for each of the partners; what earns nothing for one leaves no line of it. */
async function live(partnerIds: readonly string[], steps: readonly Step[], by = staff): Promise<void> {
  const lines: (string | null)[][] = partnerIds.map(() => []);
  for (const { minor, day, customer, product, country, quantity, undo } of steps) {
    const amount = (minor / 100).toFixed(2);
    const occurredAt = new Date(Date.UTC(2026, 0, 1 + day, 12)).toISOString();
    for (const [index, partnerId] of partnerIds.entries()) {
      const own = lines[index] as (string | null)[];
      if (undo && own.length > 0) {
        const id = own[undo.nth % own.length];
        if (!id) continue;
        if (undo.percent === 0) await app.send(by.maria, REJECT, { id, reason: 'no sale' });
        else {
          const part = await app.database.pool.query(
            'select (base_minor * $2 / 100 / 100.0)::numeric(12, 2)::text as amount from commissions where id = $1',
            [id, undo.percent],
          );
          const input = undo.percent === 100 ? {} : { amount: part.rows[0].amount };
          await app.send(by.maria, REVERSE, { id, input });
        }
        continue;
      }
      const input = { type: 'ONE_TIME', partnerId, amount, product, country, quantity, occurredAt };
      const { data, errors } = await app.send(by.manager, CREATE_COMMISSION, {
        input: { ...input, customerId: `${partnerId} ${customer}` },
      });
      if (errors && errors[0]?.extensions.code !== 'CONFLICT') throw new Error(JSON.stringify(errors));
      own.push(data?.createCommission?.id ?? null);
    }
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

const seed = randomInt(2 ** 31);
describe(`a simulation (seed ${seed})`, () => {
  test.each(KINDS)('of %s comes to the cent to what the same sales earn by it in truth', async (_, rule) => {
    const tenant = `t${randomUUID().slice(0, 8)}`;
    const by = await staffOf(app, tenant);
    const was = await planned(by, PLAIN);
    const real = await planned(by, rule);
    const [steps = []] = fc.sample(fc.array(step, { minLength: 22, maxLength: 22 }), { numRuns: 1, seed });
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
  });
});
