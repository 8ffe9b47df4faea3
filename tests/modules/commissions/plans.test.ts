import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { balanceOf, CONVERT, makeClick, makePartner, REVERSE, staffOf, tally } from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: string;
let plan: string;

const PLAN =
  'mutation ($input: CreateCommissionPlanInput!) { createCommissionPlan(input: $input) { id name isDefault } }';
const RULE = `mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) {
  id ruleKey version name rate perUnit { amount } bands { from { amount } rate } plan { id } partner { id } effectiveAt cap { amount { amount } per period } } }`;
const EDIT =
  'mutation ($id: ID!, $input: CommissionRuleInput!) { updateCommissionRule(id: $id, input: $input) { id ruleKey version rate } }';
const END =
  'mutation ($id: ID!, $at: DateTime) { endCommissionRule(id: $id, effectiveAt: $at) { version ended } }';
const ASSIGN =
  'mutation ($partner: ID!, $plan: ID) { assignCommissionPlan(partnerId: $partner, planId: $plan) { id } }';
const SELL = `mutation ($input: CreateCommissionInput!) { createCommission(input: $input) {
  id type method rate amount { amount currency } rule { name version } explanation { sentence steps { label detail amount { amount } } } } }`;
const PREVIEW = `query ($input: CreateCommissionInput!) { previewCommission(input: $input) {
  amount { amount } trueUp { amount } refused explanation { sentence } } }`;
const VERIFY =
  'query ($id: ID!) { verifyCommission(id: $id) { equal differences { what stored { amount } recomputed { amount } } } }';
const LINES = `query ($partner: ID!) { commissions(filter: { partnerId: $partner }, first: 100) { edges { node { id type amount { amount } } } } }`;

beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
});
afterAll(() => app.close());
beforeEach(async () => {
  ({ id: partner } = await makePartner(app, staff.manager));
  plan = (await app.ask(staff.manager, PLAN, { input: { name: `plan ${randomUUID()}` } }))
    .createCommissionPlan.id;
  await app.ask(staff.manager, ASSIGN, { partner, plan });
});

const rule = async (input: object) =>
  (
    await app.ask(staff.manager, RULE, {
      input: {
        name: 'rule',
        method: 'PERCENTAGE',
        rate: 20,
        planId: plan,
        effectiveAt: '2026-01-01',
        ...input,
      },
    })
  ).createCommissionRule;
const sale = (input: object = {}) => ({ partnerId: partner, type: 'ONE_TIME', amount: '100.00', ...input });
const sell = async (input: object = {}) =>
  (await app.ask(staff.manager, SELL, { input: sale(input) })).createCommission;
const paid = async (input: object = {}) => (await sell(input)).amount.amount;
const lines = async () =>
  (await app.ask(staff.maria, LINES, { partner })).commissions.edges
    .map(
      ({ node }: { node: { type: string; amount: { amount: string } } }) =>
        `${node.type} ${node.amount.amount}`,
    )
    .reverse();

describe('a plan', () => {
  test('a plan is unique by its name, and one plan is the default of partners without a plan', async () => {
    const name = `default ${randomUUID()}`;
    const elsewhere = await staffOf(app, 'plans-elsewhere');
    const make = (input: object) => app.send(elsewhere.manager, PLAN, { input });
    expect(
      tally([
        await make({ name, isDefault: true }),
        await make({ name }),
        await make({ name: 'other', isDefault: true }),
      ]),
    ).toEqual({
      ok: 1,
      CONFLICT: 2,
    });
    const { id } = await makePartner(app, elsewhere.manager);
    const [standard] = (await app.ask(elsewhere.manager, '{ commissionPlans { edges { node { id } } } }'))
      .commissionPlans.edges;
    await app.ask(elsewhere.manager, RULE, {
      input: { name: 'standard', method: 'PERCENTAGE', rate: 33, planId: standard.node.id },
    });
    const { createCommission } = await app.ask(elsewhere.manager, SELL, {
      input: { partnerId: id, type: 'ONE_TIME', amount: 100 },
    });
    expect(createCommission).toMatchObject({
      amount: { amount: '33.00' },
      rule: { name: 'standard', version: 1 },
    });
  });

  test('the plan of a partner changes from a time on', async () => {
    await rule({ rate: 20, effectiveAt: '2026-01-01' });
    expect(await paid()).toBe('20.00');
    await app.ask(staff.manager, ASSIGN, { partner, plan: null });
    expect(await paid()).toBe('10.00'); // BRONZE
  });
});

describe('a rule', () => {
  test("a rule goes before the tier and after the partner's own rate; a partner's rule for the product goes before both", async () => {
    expect(await paid()).toBe('10.00');
    await rule({ rate: 20 });
    expect(await paid()).toBe('20.00');
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { updatePartner(id: $id, input: { commissionRate: 25 }) { id } }',
      { id: partner },
    );
    expect(await paid()).toBe('25.00');
    await rule({ rate: 30, planId: null, partnerId: partner, product: 'pro' });
    expect([
      await paid({ product: 'pro' }),
      await paid({ product: 'basic' }),
      await paid({ commissionRate: 5, product: 'pro' }),
    ]).toEqual(['30.00', '25.00', '5.00']);
  });

  test('a rule matches a product, a country, a type, a smallest sale, and new or returning customers', async () => {
    await rule({ name: 'product', product: 'pro', rate: 40 });
    await rule({ name: 'country', countries: ['DE', 'AT'], rate: 30 });
    await rule({ name: 'renewal', types: ['RENEWAL'], rate: 5 });
    await rule({ name: 'large', currency: 'USD', minimumPurchase: '500', rate: 12 });
    await rule({ name: 'new', customerKind: 'NEW', rate: 35 });
    const customerId = randomUUID();
    expect(await paid({ product: 'pro', country: 'DE' })).toBe('40.00');
    expect(await paid({ country: 'AT' })).toBe('30.00');
    expect(await paid({ type: 'RENEWAL' })).toBe('5.00');
    expect([await paid({ amount: '499.99' }), await paid({ amount: '500' })]).toEqual(['50.00', '60.00']);
    expect([await paid({ customerId }), await paid({ customerId })]).toEqual(['35.00', '10.00']);
  });

  test('an edited or ended rule gets a version; commissions keep theirs, and a late sale uses the version in force at its time', async () => {
    const { id, version } = await rule({ rate: 20 });
    const before = new Date().toISOString();
    const first = await sell();
    const edited = (
      await app.ask(staff.manager, EDIT, { id, input: { name: 'rule', method: 'PERCENTAGE', rate: 15 } })
    ).updateCommissionRule;
    expect([version, edited.version]).toEqual([1, 2]);
    const second = await sell();
    expect([first, second].map((line) => [line.amount.amount, line.rule.version])).toEqual([
      ['20.00', 1],
      ['15.00', 2],
    ]);
    expect(await paid({ occurredAt: before })).toBe('20.00');
    expect((await app.ask(staff.manager, END, { id: edited.id })).endCommissionRule).toEqual({
      version: 3,
      ended: true,
    });
    expect(await paid()).toBe('10.00');
    expect(
      await app.refusal(staff.manager, EDIT, { id, input: { name: 'rule', method: 'PERCENTAGE', rate: 1 } }),
    ).toMatchObject({
      code: 'CONFLICT',
      reason: 'ENDED',
    });
  });

  test('simultaneous edits of a rule create one version', async () => {
    const { id } = await rule({ rate: 20 });
    const edit = (rate: number) =>
      app.send(staff.manager, EDIT, { id, input: { name: 'rule', method: 'PERCENTAGE', rate } });
    const answers = await Promise.all(Array.from({ length: 25 }, (_, index) => edit(index)));
    expect(tally(answers)).toEqual({ ok: 25 });
    const versions = answers.map(({ data }) => data.updateCommissionRule.version).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 25 }, (_, index) => index + 2));
  });

  test('an edit of a rule never changes terms of the past', async () => {
    const { id } = await rule({ rate: 20 });
    const yesterday = new Date(Date.now() - 86_400_000).toISOString();
    const input = { name: 'rule', method: 'PERCENTAGE', rate: 1, effectiveAt: yesterday };
    expect(await app.refusal(staff.manager, EDIT, { id, input })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.effectiveAt',
    });
    expect(await app.refusal(staff.manager, END, { id, at: yesterday })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'effectiveAt',
    });
    for (const change of ['rate_bps = 1', 'ended = true'])
      await expect(
        app.database.pool.query(`update commission_rules set ${change} where id = $1`, [id]),
      ).rejects.toThrow('append-only');
  });

  test.each([
    ['input.rate', { rate: null }],
    ['input.perUnit', { method: 'FLAT', rate: null }],
    ['input.rate', { method: 'FLAT', perUnit: '5', currency: 'USD' }],
    ['input.currency', { method: 'FLAT', rate: null, perUnit: '5' }],
    ['input.currency', { method: 'FLAT', rate: null, perOrder: '5' }],
    ['input.perOrder', { method: 'FLAT', rate: null, perUnit: '5', perOrder: '5', currency: 'USD' }],
    ['input.perOrder', { perOrder: '5', currency: 'USD' }],
    ['input.currency', { currency: 'XXX' }],
    ['input.bands', { method: 'TIERED', rate: null, currency: 'USD', bands: [] }],
    [
      'input.bands.0.from',
      { method: 'TIERED', rate: null, currency: 'USD', bands: [{ from: '1', rate: 1 }] },
    ],
    [
      'input.bands.1.from',
      {
        method: 'TIERED',
        rate: null,
        currency: 'USD',
        bands: [
          { from: '0', rate: 1 },
          { from: '0', rate: 2 },
        ],
      },
    ],
    ['input.bandMode', { bandMode: 'PROGRESSIVE' }],
    ['input.stepDownRate', { stepDownRate: 1 }],
    ['input.firstPurchaseOnly', { firstPurchaseOnly: true, recurringMonths: 3 }],
    ['input.recurringMonths', { recurringMonths: 0 }],
    ['input.countries', { countries: ['Germany'] }],
    ['input.cap.amount', { currency: 'USD', cap: { amount: '0', per: 'SALE' } }],
    ['input.planId', { planId: null }],
    ['input.name', { name: '' }],
  ])('refuses an invalid rule and names the field: %s', async (field, input) => {
    const given = { name: 'rule', method: 'PERCENTAGE', rate: 20, planId: plan, ...input };
    expect(await app.refusal(staff.manager, RULE, { input: given })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field,
    });
  });

  test('a rule of another tenant is not found', async () => {
    const { id } = await rule({ rate: 20 });
    const elsewhere = await staffOf(app, 'plans-elsewhere');
    expect(await app.refusal(elsewhere.manager, END, { id })).toMatchObject({ code: 'NOT_FOUND' });
    const list = '{ commissionRules(first: 100) { edges { node { id } } } }';
    expect(JSON.stringify(await app.ask(elsewhere.manager, list))).not.toContain(id);
    const own = await app.token('PARTNER', { partner });
    expect((await app.ask(own, list)).commissionRules.edges).toEqual([]); // its plan's rules are the program's business
  });
});

describe('a tiered rule', () => {
  const bands = [
    { from: '0', rate: 10 },
    { from: '5000', rate: 15 },
  ];
  const tiered = (bandMode: string) =>
    rule({ method: 'TIERED', rate: null, currency: 'USD', bands, bandMode, name: 'bands' });

  test("pays each band's rate inside the band, and explains it", async () => {
    await tiered('PROGRESSIVE');
    expect(await paid({ amount: '4000' })).toBe('400.00');
    const crossing = await sell({ amount: '2000' });
    expect(crossing).toMatchObject({ method: 'TIERED', rate: null, amount: { amount: '250.00' } });
    expect(crossing.explanation.sentence).toBe(
      '250.00 USD is 650.00 USD for 6000.00 USD less 400.00 USD for 4000.00 USD, at 10 % from 0.00 USD, 15 % from 5000.00 USD, by rule "bands" (version 1) of the plan.',
    );
    expect(
      crossing.explanation.steps.map(
        ({ label, amount }: { label: string; amount: { amount: string } | null }) => [
          label,
          amount?.amount ?? null,
        ],
      ),
    ).toEqual([
      ['Base', '2000.00'],
      ['Terms', null],
      ['Period so far', '4000.00'],
      ['Band', null],
      ['With this sale', '650.00'],
      ['Without this sale', '-400.00'],
      ['Total', '250.00'],
    ]);
  });

  test('a retroactive rule adds a true-up when a sale crosses a band', async () => {
    await tiered('RETROACTIVE');
    await sell({ amount: '4000' });
    await sell({ amount: '2000' });
    expect(await lines()).toEqual(['ONE_TIME 400.00', 'ONE_TIME 300.00', 'TRUE_UP 200.00']);
  });

  test('a refund recomputes a tiered period, and shows the loss of other sales separately', async () => {
    await tiered('PROGRESSIVE');
    const first = await sell({ amount: '4000' });
    await sell({ amount: '2000' });
    await app.ask(staff.maria, REVERSE, { id: first.id, input: { amount: '4000', reason: 'returned' } });
    expect(await lines()).toEqual([
      'ONE_TIME 400.00',
      'ONE_TIME 250.00',
      'REVERSAL -400.00',
      'TRUE_UP -50.00',
    ]);
    expect((await balanceOf(app, staff.maria, partner))['pending']).toBe('200.00'); // 10 % of what is left
  });

  test('a full refund under falling rates gives other sales the freed part', async () => {
    const falling = [
      { from: '0', rate: 20 },
      { from: '500', rate: 5 },
    ];
    await rule({ method: 'TIERED', rate: null, currency: 'USD', bands: falling, bandMode: 'PROGRESSIVE' });
    const first = await sell({ amount: '400' });
    await sell({ amount: '200' });
    await app.ask(staff.maria, REVERSE, { id: first.id, input: { reason: 'returned' } });
    expect(await lines()).toEqual(['ONE_TIME 80.00', 'ONE_TIME 25.00', 'REVERSAL -80.00', 'TRUE_UP 15.00']);
  });

  test('a tiered rule counts every one of simultaneous sales', async () => {
    await tiered('PROGRESSIVE');
    await Promise.all(Array.from({ length: 25 }, () => sell({ amount: '400' })));
    const sum = (await lines()).reduce(
      (total: number, line: string) => total + Number(line.split(' ')[1]),
      0,
    );
    expect(sum).toBeCloseTo(1_250); // 10 % of 5000 and 15 % of 5000
  });
});

describe('a limit', () => {
  test('a limit of months or purchases ends a commission or lowers its rate', async () => {
    await rule({ rate: 20, recurringCount: 2, product: 'a' });
    await rule({ rate: 20, recurringCount: 1, stepDownRate: 5, product: 'b' });
    await rule({ rate: 20, firstPurchaseOnly: true, product: 'c' });
    const buys = async (product: string) => {
      const customerId = randomUUID();
      const answers = [];
      for (let i = 0; i < 3; i++)
        answers.push(await app.send(staff.manager, SELL, { input: sale({ product, customerId }) }));
      return answers.map(
        ({ data, errors }) => errors?.[0]?.extensions.reason ?? data.createCommission.amount.amount,
      );
    };
    expect(await buys('a')).toEqual(['20.00', '20.00', 'RECURRING_WINDOW_OVER']);
    expect(await buys('b')).toEqual(['20.00', '5.00', '5.00']);
    expect(await buys('c')).toEqual(['20.00', 'NOT_FIRST_PURCHASE', 'NOT_FIRST_PURCHASE']);
  });

  test('a cap is reached exactly, also by simultaneous sales', async () => {
    await rule({ rate: 20, currency: 'USD', cap: { amount: '150', per: 'PARTNER', period: 'MONTH' } });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => app.send(staff.manager, SELL, { input: sale() })),
    );
    const amounts = answers.flatMap(({ data }) =>
      data?.createCommission ? [Number(data.createCommission.amount.amount)] : [],
    );
    expect(amounts.reduce((sum, each) => sum + each, 0)).toBe(150);
    expect(tally(answers)).toEqual({ ok: 8, CONFLICT: 2 });
  });
});

describe('the explanation of a commission', () => {
  test('every commission has an explanation that recomputes to its amount', async () => {
    await rule({
      name: 'units',
      method: 'FLAT',
      rate: null,
      perUnit: '2.50',
      currency: 'USD',
      product: 'seat',
    });
    const made = [
      await sell(),
      await sell({ product: 'seat', quantity: 3 }),
      await sell({ commissionRate: 7.5 }),
      await sell({ flatAmount: '9.99', quantity: 2 }),
    ];
    expect(made.map(({ explanation }) => explanation.sentence)).toEqual([
      '10.00 USD is 10 % of 100.00 USD, by the rate of tier BRONZE.',
      '7.50 USD is 3 x 2.50 USD, by rule "units" (version 1) of the plan.',
      '7.50 USD is 7.5 % of 100.00 USD, by a rate given with the sale.',
      '19.98 USD is 2 x 9.99 USD, by a rate given with the sale.',
    ]);
    for (const { id } of made)
      expect((await app.ask(staff.analyst, VERIFY, { id })).verifyCommission).toEqual({
        equal: true,
        differences: [],
      });
  });

  test('the verification of a commission names a cent that was changed in the database', async () => {
    const { id } = await sell();
    await app.database.pool.query(
      `set session_replication_role = replica; update commissions set amount_minor = 1001 where id = '${id}'; set session_replication_role = origin`,
    );
    expect((await app.ask(staff.analyst, VERIFY, { id })).verifyCommission).toEqual({
      equal: false,
      differences: ['amount', 'sale'].map((what) => ({
        ...{ what, stored: { amount: '10.01' }, recomputed: { amount: '10.00' } },
      })),
    });
  });

  test('a refund has an explanation too', async () => {
    const { id } = await sell({ amount: '99.99' });
    for (const amount of ['33.33', '33.33', '33.33'])
      await app.ask(staff.maria, REVERSE, { id, input: { amount } });
    const { rows } = await app.database.pool.query('select id from commissions where reverses_id = $1', [id]);
    expect(rows).toHaveLength(3);
    for (const refund of rows)
      expect((await app.ask(staff.analyst, VERIFY, refund)).verifyCommission.equal).toBe(true);
  });
});

describe('a preview', () => {
  test('a preview recognises a customer of another partner, also for a partner', async () => {
    await rule({ rate: 33, customerKind: 'NEW' });
    const customerId = randomUUID();
    const { id: other } = await makePartner(app, staff.manager);
    await app.ask(staff.manager, SELL, { input: sale({ partnerId: other, customerId }) });
    const own = await app.token('PARTNER', { partner });
    for (const token of [own, staff.manager]) {
      const { previewCommission } = await app.ask(token, PREVIEW, { input: sale({ customerId }) });
      expect(previewCommission.amount.amount).toBe('10.00');
    }
    expect(await paid({ customerId })).toBe('10.00');
  });

  test('a preview returns the commission of a sale with its explanation, and writes nothing', async () => {
    await rule({ rate: 20, customerKind: 'NEW', currency: 'USD', cap: { amount: '15', per: 'PARTNER' } });
    const counts = () =>
      app.database.pool
        .query(
          'select (select count(*) from commissions) as lines, (select count(*) from customers) as customers, (select count(*) from rule_usage) as usage, (select count(*) from audit_events) as entries',
        )
        .then(({ rows }) => rows[0]);
    const before = await counts();
    const { previewCommission } = await app.ask(staff.manager, PREVIEW, {
      input: sale({ customerId: 'nobody yet' }),
    });
    expect(previewCommission).toEqual({
      amount: { amount: '15.00' },
      trueUp: { amount: '0.00' },
      refused: null,
      explanation: {
        sentence:
          '15.00 USD is 20 % of 100.00 USD, cut to the rest of the cap of 15.00 USD, of which 0.00 USD was used before, by rule "rule" (version 1) of the plan.',
      },
    });
    expect(await counts()).toEqual(before);
    expect(await paid({ customerId: 'nobody yet' })).toBe('15.00');
    expect(
      (await app.ask(staff.manager, PREVIEW, { input: sale({ customerId: 'another' }) })).previewCommission,
    ).toMatchObject({
      amount: { amount: '0.00' },
      refused: 'CAP_REACHED',
    });
  });

  test("a partner cannot preview another partner's sale", async () => {
    const other = await app.token('PARTNER', { partner: (await makePartner(app, staff.manager)).id });
    expect(await app.refusal(other, PREVIEW, { input: sale() })).toMatchObject({ code: 'NOT_FOUND' });
    const own = await app.token('PARTNER', { partner });
    expect((await app.ask(own, PREVIEW, { input: sale() })).previewCommission.amount.amount).toBe('10.00');
  });
});

test('a conversion earns by the rule for the product', async () => {
  await rule({ product: 'pro', rate: 40 });
  const { id, referralCode } = await makePartner(app, staff.manager);
  await app.ask(staff.manager, ASSIGN, { partner: id, plan });
  const referral = await makeClick(app, referralCode);
  const { convertReferral } = await app.ask(staff.manager, CONVERT, {
    id: referral,
    input: { customerId: randomUUID(), amount: '50', product: 'pro' },
  });
  expect(convertReferral.commissions[0].amount.amount).toBe('20.00');
});

test('the caller who recorded a sale cannot approve its commission, also not in the database', async () => {
  const { id, referralCode } = await makePartner(app, staff.manager);
  const referral = await makeClick(app, referralCode);
  const input = { customerId: randomUUID(), amount: '100000' };
  const { convertReferral } = await app.ask(staff.admin, CONVERT, { id: referral, input });
  const line = convertReferral.commissions[0].id;
  const approve = 'mutation ($id: ID!) { approveCommission(id: $id) { approvedBy } }';
  expect(await app.refusal(staff.admin, approve, { id: line })).toMatchObject({
    code: 'FORBIDDEN',
    message: 'You created this commission or recorded its sale, so another person must approve it.',
  });
  const { rows } = await app.database.pool.query('select stated_by from commissions where partner_id = $1', [
    id,
  ]);
  await expect(
    app.database.pool.query(
      "update commissions set status = 'APPROVED', approved_by = $2, approved_at = now() where id = $1",
      [line, rows[0].stated_by],
    ),
  ).rejects.toMatchObject({ constraint: 'commissions_stated_four_eyes' });
  expect((await app.ask(staff.maria, approve, { id: line })).approveCommission.approvedBy).toBe('maria');
});
