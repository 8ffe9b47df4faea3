import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { APPROVE, linesOf, makeCommission, makePartner, staffOf } from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partnerId: string;
/** Three people who may do everything. */
let [eve, bob, kim]: string[] = [];
beforeAll(async () => {
  app = await createTestApp();
});
beforeEach(async () => {
  const tenant = `t${randomUUID().slice(0, 8)}`;
  staff = await staffOf(app, tenant);
  [eve, bob, kim] = await Promise.all(
    ['eve', 'bob', 'kim'].map((user) => app.token('PLATFORM_ADMIN', { tenant, user })),
  );
  partnerId = (await makePartner(app, bob as string, { email: 'p@partner.example' })).id;
});
afterAll(() => app.close());

type Who = string | undefined;
const act = (who: Who, document: string, variables: object) => app.ask(who ?? null, document, variables);
const refusal = (who: Who, id: string | undefined) => app.refusal(who ?? null, APPROVE, { id });
const sell = () => makeCommission(app, kim as string, partnerId);

const OWN_TERMS = { code: 'FORBIDDEN', message: expect.stringMatching(/^You set the rule or rate/) };
const refused = async (who: Who) => expect(await refusal(who, await sell())).toMatchObject(OWN_TERMS);

const CREATE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
const EDIT =
  'mutation ($id: ID!, $input: CommissionRuleInput!) { updateCommissionRule(id: $id, input: $input) { id } }';
const END = 'mutation ($id: ID!) { endCommissionRule(id: $id) { id } }';
const UPDATE =
  'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }';
const TIER = 'mutation ($input: UpdateTierConfigInput!) { updateTierConfig(input: $input) { tier } }';
const PLAN = 'mutation ($input: CreateCommissionPlanInput!) { createCommissionPlan(input: $input) { id } }';

const percent = (rate: number) => ({ name: 'own', method: 'PERCENTAGE', rate });
const bands = (from: string, rate: number) => ({
  ...{ name: 'own', method: 'TIERED', currency: 'USD' },
  bands: [
    { from: '0', rate: 10 },
    { from, rate },
  ],
});
const createRule = async (who: Who, input: object): Promise<string> =>
  (await act(who, CREATE, { input: { effectiveAt: '2020-01-01T00:00:00Z', ...input } })).createCommissionRule
    .id;

describe('the author of a term stays its author', () => {
  test.each([
    ['a name', percent(90), { ...percent(90), name: 'renamed' }],
    ['a cap', percent(90), { ...percent(90), currency: 'USD', cap: { amount: '500', per: 'SALE' } }],
    ['the mode of bands', bands('5', 90), { ...bands('5', 90), bandMode: 'RETROACTIVE' }],
    ['where a band starts', bands('5', 90), bands('6', 90)],
  ])('of a rule, when another person changes only %s', async (_, first, then) => {
    const id = await createRule(eve, { ...first, partnerId });
    await act(bob, EDIT, { id, input: then });
    await refused(eve);
    await act(bob, EDIT, { id, input: percent(5) });
    await act(eve, APPROVE, { id: await sell() });
  });

  test('of the rate of a tier, when another person changes only its benefits', async () => {
    await act(eve, TIER, { input: { tier: 'BRONZE', commissionRate: 80 } });
    await act(bob, TIER, { input: { tier: 'BRONZE', benefits: ['a badge'] } });
    await refused(eve);
    await act(bob, TIER, { input: { tier: 'BRONZE', commissionRate: 8 } });
    await act(eve, APPROVE, { id: await sell() });
  });

  test('of a tier that was given to a new partner, but not of the default one', async () => {
    for (const input of [{ tier: 'DIAMOND' }, { tier: 'BRONZE' }, {}]) {
      const email = `${randomUUID()}@partner.example`;
      partnerId = (await makePartner(app, eve as string, { email, ...input })).id;
      if (input.tier === 'DIAMOND') await refused(eve);
      else await act(eve, APPROVE, { id: await sell() });
    }
  });
});

describe('a person who removes what paid less does not approve what earns more', () => {
  test.each([
    ['ends a rule', percent(2), null],
    ['edits a rule so that it no longer applies', percent(2), { ...percent(2), product: 'another' }],
  ])('when the person %s', async (_, low, edit) => {
    const id = await createRule(bob, { ...low, partnerId });
    await (edit ? act(eve, EDIT, { id, input: edit }) : act(eve, END, { id }));
    await refused(eve);
    await act(staff.maria, APPROVE, { id: await sell() });
  });

  test('but does after ending a rule that paid more', async () => {
    const id = await createRule(bob, { ...percent(50), partnerId });
    await act(eve, END, { id });
    await act(eve, APPROVE, { id: await sell() });
  });

  test('when the person removes the rate of the partner', async () => {
    await act(bob, UPDATE, { id: partnerId, input: { commissionRate: 1 } });
    await act(eve, UPDATE, { id: partnerId, input: { commissionRate: null } });
    await refused(eve);
    await act(bob, APPROVE, { id: await sell() });
  });
});

test('a person who assigns a plan, or creates the default plan, does not approve by its rules', async () => {
  const plan = async (who: Who, input: object): Promise<string> =>
    (await act(who, PLAN, { input })).createCommissionPlan.id;
  const planId = await plan(eve, { name: 'default', isDefault: true });
  await createRule(bob, { ...percent(30), planId });
  await refused(eve);
  const other = await plan(bob, { name: 'other' });
  await createRule(bob, { ...percent(40), planId: other });
  await act(
    eve,
    'mutation ($partner: ID!, $plan: ID) { assignCommissionPlan(partnerId: $partner, planId: $plan) { id } }',
    { partner: partnerId, plan: other },
  );
  await refused(eve);
  await act(staff.maria, APPROVE, { id: await sell() });
});

test('a first commission that a refund brought about is not approved by the person who refunded', async () => {
  await createRule(bob, {
    ...{ ...percent(20), partnerId, currency: 'USD' },
    cap: { amount: '100', per: 'PARTNER', period: 'MONTH' },
  });
  const SELL = 'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id } } }';
  for (const orderId of ['1', '2', '3', '4'])
    await act(kim, SELL, { input: { partnerId, orderId, lines: [{ amount: '200.00' }] } });
  await act(staff.maria, 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }', {
    input: { orderId: '1', amount: '200.00', reason: 'returned' },
  });
  const raised = (await linesOf(app, partnerId)).filter(({ type, status, minor }) =>
    status === 'PENDING' && minor === 2_000 ? ['TRUE_UP', 'ONE_TIME'].includes(type) : false,
  );
  const { rows } = await app.database.pool.query(
    "select id from commissions where partner_id = $1 and order_id = '4'",
    [partnerId],
  );
  const ids = [rows[0]?.id, raised.find(({ type }) => type === 'TRUE_UP')?.id];
  for (const id of ids)
    expect(await refusal(staff.maria, id)).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/^You disputed, decided or took back the commission/),
    });
  for (const id of ids) await act(staff.tom, APPROVE, { id });
});
