import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  balanceOf,
  CREATE_COMMISSION,
  CREATE_PAYOUT,
  linesOf,
  type MadePartner,
  makeApproved,
  makeCommission,
  makePartner,
  REJECT,
  REVERSE,
  staffOf,
  tally,
  unknownId,
} from '../../support/make.ts';

const DAY_MS = 86_400_000;
let clock = new Date();
let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: MadePartner; // without a rate of its own, at BRONZE: 10 %
beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => clock } });
  staff = await staffOf(app);
  partner = await makePartner(app, staff.manager);
});
afterAll(() => app.close());

const APPROVE_MANY = `mutation ($ids: [ID!]!) { approveCommissions(ids: $ids) {
  approved { id status amount { amount } } failures { id code message } } }`;
const COMMISSION = `query ($id: ID!) { commission(id: $id) {
  id status approvedBy approvedAt amount { amount } reversedAmount { amount } payout { id status } } }`;
const LIST = `query ($filter: CommissionFilter, $first: Int, $after: String) { commissions(filter: $filter, first: $first, after: $after) {
  totalCount edges { node { id status } } pageInfo { hasNextPage endCursor } } }`;

const create = async (input: object, by = staff.manager) =>
  (
    await app.ask(by, CREATE_COMMISSION, {
      input: { partnerId: partner.id, type: 'ONE_TIME', amount: '100.00', ...input },
    })
  ).createCommission;
const refused = (input: object) =>
  app.refusal(staff.manager, CREATE_COMMISSION, {
    input: { partnerId: partner.id, type: 'ONE_TIME', amount: '100.00', ...input },
  });
const reverse = (id: string, input: object = {}) => app.send(staff.maria, REVERSE, { id, input });
const sumOf = (lines: readonly { minor: number }[]) => lines.reduce((sum, { minor }) => sum + minor, 0);
const refundsOf = async (partnerId: string) =>
  (await linesOf(app, partnerId)).filter(({ type }) => type === 'REVERSAL');

describe('a commission created by hand', () => {
  test('computes a commission from the sale, pending approval', async () => {
    expect(
      await create({
        type: 'SIGNUP',
        amount: 999.0,
        commissionRate: 20,
        customerId: 'cust_abc123',
        subscriptionId: 'sub_xyz789',
      }),
    ).toMatchObject({
      type: 'SIGNUP',
      method: 'PERCENTAGE',
      status: 'PENDING',
      rate: 20,
      quantity: null,
      baseAmount: { amount: '999.00', currency: 'USD' },
      amount: { amount: '199.80', currency: 'USD' },
      reversedAmount: { amount: '0.00' },
      subscriptionId: 'sub_xyz789',
      approvedAt: null,
      approvedBy: null,
      partner: { id: partner.id },
      customer: { externalId: 'cust_abc123' },
    });
  });

  test('returns the same customer for the same id', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => create({ customerId: 'cust_same' })));
    expect(one.customer).toEqual(two.customer);
    expect(one.id).not.toBe(two.id);
  });

  test('uses the rate of the request, else of the partner, else of its tier', async () => {
    const own = await makePartner(app, staff.manager, { tier: 'GOLD', commissionRate: '7.5' });
    const tier = await makePartner(app, staff.manager, { tier: 'GOLD' });
    const none = await makePartner(app, staff.manager, { tier: 'GOLD', commissionRate: 0 });
    const rates = await Promise.all([
      create({ partnerId: own.id, commissionRate: 1 }),
      create({ partnerId: own.id, commissionRate: 0 }),
      create({ partnerId: own.id }),
      create({ partnerId: tier.id }),
      create({ partnerId: none.id }),
    ]);
    expect(rates.map(({ rate, amount }) => [rate, amount.amount])).toEqual([
      [1, '1.00'],
      [0, '0.00'],
      [7.5, '7.50'],
      [20, '20.00'],
      [0, '0.00'],
    ]);
  });

  test('uses the tier in force at the time of the sale, not now', async () => {
    const { id } = await makePartner(app, staff.manager, { tier: 'BRONZE' });
    const before = new Date(clock.getTime() - 1_000).toISOString();
    const promoted = clock.toISOString();
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { updatePartner(id: $id, input: { tier: DIAMOND }) { id } }',
      { id },
    );
    clock = new Date(clock.getTime() + DAY_MS);
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { updatePartner(id: $id, input: { tier: SILVER }) { id } }',
      { id },
    );
    const rates = [];
    for (const occurredAt of [
      '2001-01-01',
      before,
      promoted,
      new Date(clock.getTime() - 1).toISOString(),
      undefined,
    ])
      rates.push((await create({ partnerId: id, occurredAt })).rate);
    expect(rates).toEqual([10, 10, 30, 30, 15]);
  });

  test.each(['SUSPENDED', 'INACTIVE', 'PENDING'])('earns nothing while the partner is %s', async (status) => {
    const { id } = await makePartner(app, staff.manager, { status });
    expect(await refused({ partnerId: id })).toMatchObject({ code: 'CONFLICT', reason: status });
    expect(await linesOf(app, id)).toEqual([]);
  });

  test('computes a FLAT commission per unit, independent of sale and rates', async () => {
    const one = { method: 'FLAT', rate: null };
    expect(await create({ flatAmount: '5.00', quantity: 3 })).toMatchObject({
      ...one,
      quantity: 3,
      amount: { amount: '15.00' },
    });
    expect(await create({ flatAmount: '5.00' })).toMatchObject({
      ...one,
      quantity: 1,
      amount: { amount: '5.00' },
    });
    expect(await create({ method: 'FLAT', flatAmount: 0.01, amount: '1.00' })).toMatchObject({
      ...one,
      amount: { amount: '0.01' },
    });
  });

  test('computes no commission on tax', async () => {
    expect(await create({ amount: '94.40', tax: '14.40', commissionRate: 20 })).toMatchObject({
      baseAmount: { amount: '80.00' },
      amount: { amount: '16.00' },
    });
    expect(await create({ tax: 0 })).toMatchObject({ baseAmount: { amount: '100.00' } });
  });

  test.each([
    ['JPY', '9999', 12.5, '9999', '1250'],
    ['KWD', '9.259', 20, '9.259', '1.852'],
    ['USD', 19.99, 10, '19.99', '2.00'],
    ['EUR', 7, '0.01', '7.00', '0.00'],
    ['USD', '10000000000000.00', 100, '10000000000000.00', '10000000000000.00'], // 10^15 minor units
    ['CLF', '1.0001', 50, '1.0001', '0.5001'],
  ])('keeps the digits of %s: %s at %s %%', async (currency, amount, commissionRate, base, commission) => {
    expect(await create({ currency, amount, commissionRate })).toMatchObject({
      baseAmount: { amount: base, currency },
      amount: { amount: commission, currency },
    });
  });

  test('waits for the hold days of the program, counted from the sale', async () => {
    const { occurredAt, holdUntil } = await create({ occurredAt: '2026-03-01T00:00:00Z' });
    expect([occurredAt, holdUntil]).toEqual(['2026-03-01T00:00:00.000Z', '2026-03-31T00:00:00.000Z']);
  });

  test('accepts a time with an offset', async () => {
    expect((await create({ occurredAt: '2026-03-01T01:30:00+02:00' })).occurredAt).toBe(
      '2026-02-28T23:30:00.000Z',
    );
  });
});

describe('invalid input is refused with its field', () => {
  test.each<[string, object]>([
    ['input.amount', { amount: 'NaN' }],
    ['input.amount', { amount: 'Infinity' }],
    ['input.amount', { amount: '1e3' }],
    ['input.amount', { amount: 1e30 }],
    ['input.amount', { amount: 1e-9 }],
    ['input.amount', { amount: '' }],
    ['input.amount', { amount: ' ' }],
    ['input.amount', { amount: '1,000.00' }],
    ['input.amount', { amount: '-1' }],
    ['input.amount', { amount: -1 }],
    ['input.amount', { amount: 0 }],
    ['input.amount', { amount: '0.00' }],
    ['input.amount', { amount: '0.001' }],
    ['input.amount', { amount: 0.1 + 0.2 }],
    ['input.amount', { amount: '10000000000000.01' }],
    ['input.amount', { amount: '9'.repeat(18) }],
    ['input.amount', { amount: '9'.repeat(400) }],
    ['input.amount', { amount: true }],
    ['input.amount', { amount: ['1'] }],
    ['input.amount', { amount: null }],
    ['input.amount', { amount: '1.5', currency: 'JPY' }],
    ['input.amount', { amount: '1.0', currency: 'JPY' }],
    ['input.amount', { amount: '1.0001', currency: 'KWD' }],
    ['input.tax', { tax: '-0.01' }],
    ['input.tax', { tax: '100.00' }],
    ['input.tax', { tax: '0.001' }],
    ['input.currency', { currency: 'ZZZ' }],
    ['input.currency', { currency: 'usd' }],
    ['input.currency', { currency: 'XAU' }],
    ['input.currency', { currency: 'XXX' }],
    ['input.currency', { currency: 840 }],
    ['input.commissionRate', { commissionRate: 100.01 }],
    ['input.commissionRate', { commissionRate: -1 }],
    ['input.commissionRate', { commissionRate: '12.345' }],
    ['input.type', { type: 'REVERSAL' }],
    ['input.type', { type: 'GIFT' }],
    ['input.method', { method: 'TIERED' }],
    ['input.flatAmount', { method: 'FLAT' }],
    ['input.flatAmount', { method: 'PERCENTAGE', flatAmount: '1.00' }],
    ['input.flatAmount', { flatAmount: '0' }],
    ['input.flatAmount', { flatAmount: '-5' }],
    ['input.flatAmount', { flatAmount: '5.001' }],
    ['input.commissionRate', { flatAmount: '1.00', commissionRate: 5 }],
    ['input.quantity', { commissionRate: 5, quantity: 3 }],
    ['input.quantity', { flatAmount: '1.00', quantity: 0 }],
    ['input.quantity', { flatAmount: '1.00', quantity: 1_000_001 }],
    ['input.quantity', { flatAmount: '1.00', quantity: 1.5 }],
    ['input.occurredAt', { occurredAt: 'yesterday' }],
    ['input.occurredAt', { occurredAt: '2026-02-30' }],
    ['input.occurredAt', { occurredAt: '2026-02-30T12:00:00Z' }],
    ['input.occurredAt', { occurredAt: '2026-01-01T24:00:01Z' }],
    ['input.occurredAt', { occurredAt: '2026-01-01T12:00:00' }],
    ['input.occurredAt', { occurredAt: '1999-12-31T23:59:59Z' }],
    ['input.occurredAt', { occurredAt: '2099-01-01T00:00:00Z' }],
    ['input.occurredAt', { occurredAt: 1_700_000_000 }],
    ['input.customerId', { customerId: '' }],
    ['input.customerId', { customerId: 'x'.repeat(201) }],
    ['input.customerId', { customerId: 'a\0b' }],
    ['input.customerId', { customerId: 'half \ud83d' }],
    ['input.subscriptionId', { subscriptionId: '\udc00' }],
    ['input.metadata.note', { metadata: { note: '\0' } }],
    ['input.metadata', { metadata: { note: 'x'.repeat(16_400) } }],
    ['input.metadata', { metadata: [1] }],
    ['input.idempotencyKey', { idempotencyKey: '' }],
    ['input.idempotencyKey', { idempotencyKey: 'k'.repeat(256) }],
    ['input.partnerId', { partnerId: '42' }],
    ['input.partnerId', { partnerId: "' or 1=1 --" }],
    ['input.partnerId', { partnerId: null }],
    ['input.partnerId', { partnerId: { id: 1 } }],
  ])('%s in %j', async (field, input) => {
    expect(await refused(input)).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test.each(['partnerId', 'type', 'amount'])('%s when it is missing', async (missing) => {
    const input = { partnerId: partner.id, type: 'ONE_TIME', amount: '1.00', [missing]: undefined };
    expect(await app.refusal(staff.manager, CREATE_COMMISSION, { input })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: `input.${missing}`,
    });
  });

  test('the variable itself when it is missing or has another type', async () => {
    const bad = { code: 'BAD_USER_INPUT', field: 'input' };
    expect(await app.refusal(staff.manager, CREATE_COMMISSION, {})).toMatchObject(bad);
    expect(await app.refusal(staff.manager, CREATE_COMMISSION, { input: null })).toMatchObject(bad);
    expect(await app.refusal(staff.manager, CREATE_COMMISSION, { input: 'all' })).toMatchObject(bad);
  });

  test('an amount written with an exponent in the document', async () => {
    const { errors } = await app.send(
      staff.manager,
      `mutation { createCommission(input: { partnerId: "${partner.id}", type: BONUS, amount: 1e3 }) { id } }`,
    );
    expect(errors?.[0]?.extensions.code).toMatch(/^(BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED)$/);
  });

  test.each([
    ['ids', 'approveCommissions', APPROVE_MANY, { ids: Array.from({ length: 251 }, unknownId) }],
    ['reason', 'rejectCommission', REJECT, { id: unknownId(), reason: '  ' }],
    ['reason', 'rejectCommission', REJECT, { id: unknownId(), reason: 'x'.repeat(1_001) }],
    ['input.reason', 'reverseCommission', REVERSE, { id: unknownId(), input: { reason: '' } }],
    ['id', 'approveCommission', APPROVE, { id: 'no-uuid' }],
    ['id', 'rejectCommission', REJECT, { id: 'no-uuid', reason: 'x' }],
    ['id', 'reverseCommission', REVERSE, { id: '', input: {} }],
    ['id', 'commission', COMMISSION, { id: 'no-uuid' }],
    ['filter.partnerId', 'commissions', LIST, { filter: { partnerId: 'no-uuid' } }],
    ['filter.currency', 'commissions', LIST, { filter: { currency: 'dollar' } }],
    ['filter.status', 'commissions', LIST, { filter: { status: 'DONE' } }],
    ['filter.from', 'commissions', LIST, { filter: { from: 'last week' } }],
    ['first', 'commissions', LIST, { first: 101 }],
    ['after', 'commissions', LIST, { after: 'nowhere' }],
  ])('%s of %s', async (field, _, query, variables) => {
    expect(await app.refusal(staff.maria, query, variables)).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test('a cursor of another list is refused', async () => {
    const { partners } = await app.ask(staff.maria, '{ partners(first: 1) { pageInfo { endCursor } } }');
    const after = partners.pageInfo.endCursor;
    expect(after).toBeTruthy();
    expect(await app.refusal(staff.maria, LIST, { after })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'after',
    });
  });

  test('no invalid request wrote anything, and no refusal was logged as a fault', async () => {
    const { rows } = await app.database.pool.query(
      `select count(*)::int as lines from commissions where base_minor <= 0 and type <> 'REVERSAL'`,
    );
    expect(rows).toEqual([{ lines: 0 }]);
    expect(app.logged).toEqual([]);
  });

  test.each([1_000, 1_000_000])('a flat amount of 10^15 minor units, %i times', async (quantity) => {
    const refusal = await refused({ flatAmount: '10000000000000.00', quantity });
    expect(refusal.code).toBe('BAD_USER_INPUT');
  });
});

test('an unknown partner or commission is not found', async () => {
  expect(await refused({ partnerId: unknownId() })).toMatchObject({
    code: 'NOT_FOUND',
    field: 'input.partnerId',
  });
  for (const [query, variables] of [
    [COMMISSION, {}],
    [APPROVE, {}],
    [REJECT, { reason: 'x' }],
    [REVERSE, { input: {} }],
  ] as const)
    expect((await app.refusal(staff.maria, query, { id: unknownId(), ...variables })).code).toBe('NOT_FOUND');
});

describe('the queries of a commission created by hand', () => {
  const input = () => ({
    input: {
      ...{ partnerId: partner.id, type: 'ONE_TIME', amount: '100.00', customerId: 'counted' },
      idempotencyKey: randomUUID(),
    },
  });
  const asking = (fields: string) =>
    `mutation ($input: CreateCommissionInput!) { createCommission(input: $input) { ${fields} } }`;

  test('reads the terms with two queries and writes with one; the result is the written row', async () => {
    const asked =
      asking(`id type method status rate baseAmount { amount } amount { amount currency } occurredAt holdUntil
      approvedAt createdAt partner { id } customer { id externalId }`);
    await app.ask(staff.manager, asked, input());
    app.statements.length = 0;
    const { createCommission } = await app.ask(staff.manager, asked, input());
    expect(app.statements.map((text) => text.match(/insert into \w+|from partners/g))).toEqual([
      ['from partners', 'insert into idempotency_keys', 'insert into customers'],
      ['from partners'],
      ['insert into commissions', 'insert into audit_events', 'insert into sale_items'],
    ]);
    const { commission } = await app.ask(
      staff.manager,
      asked.replace(/mutation.*?\) \{ createCommission\(.*?\)/, 'query ($id: ID!) { commission(id: $id)'),
      { id: createCommission.id },
    );
    expect(createCommission).toEqual(commission);
  });

  test('reads fields outside the written row with one more query', async () => {
    app.statements.length = 0;
    const { createCommission } = await app.ask(staff.manager, asking('id payout { id } metadata'), input());
    expect(createCommission).toMatchObject({ payout: null, metadata: {} });
    expect(app.statements).toHaveLength(4);
  });

  test('a repeated request is read, not created: its customer is read once', async () => {
    const variables = input();
    const first = await app.ask(staff.manager, asking('id customer { id externalId }'), variables);
    expect(await app.ask(staff.manager, asking('id customer { id externalId }'), variables)).toEqual(first);
  });
});

describe('a request with an idempotency key', () => {
  test('creates one commission for simultaneous requests with the same key', async () => {
    const { id } = await makePartner(app, staff.manager);
    const input = {
      partnerId: id,
      type: 'SIGNUP',
      amount: '10.00',
      customerId: 'cust_once',
      idempotencyKey: randomUUID(),
    };
    const made = await Promise.all(
      [1, 2, 3, 4, 5].map(() => app.ask(staff.manager, CREATE_COMMISSION, { input })),
    );
    expect(new Set(made.map(({ createCommission }) => createCommission.id)).size).toBe(1);
    expect(await linesOf(app, id)).toHaveLength(1);
  });

  test('returns the current commission for a later repetition, with its fields in any order', async () => {
    const input = {
      partnerId: partner.id,
      type: 'BONUS',
      amount: '10.00',
      metadata: { a: 1, b: 2 },
      idempotencyKey: randomUUID(),
    };
    const first = await create(input);
    await app.ask(staff.maria, APPROVE, { id: first.id });
    const { idempotencyKey, ...rest } = input;
    const again = await create({ idempotencyKey, ...rest, metadata: { b: 2, a: 1 } });
    expect(again).toMatchObject({ id: first.id, status: 'APPROVED' });
  });

  test.each([
    { amount: '10.01' },
    { metadata: { a: 2 } },
    { commissionRate: 5 },
    { occurredAt: '2026-01-01' },
  ])('refuses a repeated key with other input and writes nothing: %j', async (other) => {
    const { id } = await makePartner(app, staff.manager);
    const input = {
      partnerId: id,
      type: 'BONUS',
      amount: '10.00',
      metadata: { a: 1 },
      idempotencyKey: randomUUID(),
    };
    await create(input);
    expect(await refused({ ...input, ...other })).toMatchObject({
      code: 'CONFLICT',
      reason: 'IDEMPOTENCY_MISMATCH',
      field: 'input.idempotencyKey',
    });
    expect(await linesOf(app, id)).toHaveLength(1);
  });

  test('accepts the key of a refused request again', async () => {
    const { id } = await makePartner(app, staff.manager, { status: 'SUSPENDED' });
    const input = { partnerId: id, idempotencyKey: randomUUID() };
    expect((await refused(input)).code).toBe('CONFLICT');
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { updatePartner(id: $id, input: { status: ACTIVE }) { id } }',
      { id },
    );
    clock = new Date(clock.getTime() + 1_000);
    expect((await create(input)).status).toBe('PENDING');
  });
});

describe('an approval', () => {
  test('approves once with simultaneous requests', async () => {
    const { id } = await makePartner(app, staff.manager);
    const line = await makeCommission(app, staff.manager, id);
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map(() => app.send(staff.maria, APPROVE, { id: line })),
    );
    expect(tally(answers)).toEqual({ ok: 1, CONFLICT: 4 });
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ pending: '0.00', payable: '10.00' });
  });

  test('stores the approver and the time, and makes the commission payable', async () => {
    const { id } = await makePartner(app, staff.manager);
    const line = await makeCommission(app, staff.manager, id);
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ pending: '10.00', payable: '0.00' });
    const carla = await app.token('FINANCE', { user: 'carla' });
    await app.ask(carla, APPROVE, { id: line });
    expect((await app.ask(carla, COMMISSION, { id: line })).commission).toMatchObject({
      status: 'APPROVED',
      approvedBy: 'carla',
      approvedAt: clock.toISOString(),
    });
    expect(await balanceOf(app, staff.maria, id)).toEqual({
      pending: '0.00',
      payable: '10.00',
      inTransit: '0.00',
      paid: '0.00',
    });
  });

  test('refuses the approval by the creator of the commission', async () => {
    const line = await makeCommission(app, staff.admin, partner.id);
    expect((await app.refusal(staff.admin, APPROVE, { id: line })).code).toBe('FORBIDDEN');
    const { approveCommissions } = await app.ask(staff.admin, APPROVE_MANY, { ids: [line] });
    expect(approveCommissions).toMatchObject({ approved: [], failures: [{ id: line, code: 'FORBIDDEN' }] });
    await app.ask(staff.tom, APPROVE, { id: line });
  });

  test('approves many: each succeeds or fails separately, with its code', async () => {
    const { id } = await makePartner(app, staff.manager);
    const [good, other] = [
      await makeCommission(app, staff.manager, id),
      await makeCommission(app, staff.manager, id, { amount: '50.00' }),
    ];
    const done = await makeApproved(app, staff, id);
    const foreign = await app.token('PROGRAM_MANAGER', { tenant: 'elsewhere' });
    const theirs = await makeCommission(app, foreign, (await makePartner(app, foreign)).id);
    const unknown = unknownId();
    const { approveCommissions } = await app.ask(staff.maria, APPROVE_MANY, {
      ids: [done, other, unknown, theirs, 'nonsense', good, good],
    });
    expect(approveCommissions.approved).toEqual([
      { id: other, status: 'APPROVED', amount: { amount: '5.00' } },
      { id: good, status: 'APPROVED', amount: { amount: '10.00' } },
    ]);
    expect(
      approveCommissions.failures.map((failure: { id: string; code: string }) => [failure.id, failure.code]),
    ).toEqual([
      [done, 'CONFLICT'],
      [unknown, 'NOT_FOUND'],
      [theirs, 'NOT_FOUND'],
      ['nonsense', 'BAD_USER_INPUT'],
    ]);
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ payable: '25.00' });
    expect((await app.ask(staff.maria, APPROVE_MANY, { ids: [] })).approveCommissions).toEqual({
      approved: [],
      failures: [],
    });
  });

  test('approves each of many once when two requests name them in different orders', async () => {
    const { id } = await makePartner(app, staff.manager);
    const ids = [];
    for (let i = 0; i < 10; i++) ids.push(await makeCommission(app, staff.manager, id));
    const answers = await Promise.all(
      [ids, [...ids].reverse(), ids].map((order) => app.ask(staff.maria, APPROVE_MANY, { ids: order })),
    );
    expect(
      answers.map(({ approveCommissions }) => approveCommissions.approved.length).sort((a, b) => a - b),
    ).toEqual([0, 0, 10]);
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ payable: '100.00' });
  });
});

describe('a rejection', () => {
  test('a rejection brings the ledger back to zero', async () => {
    const { id } = await makePartner(app, staff.manager);
    const approved = await makeApproved(app, staff, id);
    const pending = await makeCommission(app, staff.manager, id);
    for (const line of [approved, pending])
      expect(
        (await app.ask(staff.maria, REJECT, { id: line, reason: ' a test ' })).rejectCommission.status,
      ).toBe('REJECTED');
    expect(await balanceOf(app, staff.maria, id)).toEqual({
      pending: '0.00',
      payable: '0.00',
      inTransit: '0.00',
      paid: '0.00',
    });
    const { commission } = await app.ask(staff.maria, 'query ($id: ID!) { commission(id: $id) { reason } }', {
      id: approved,
    });
    expect(commission.reason).toBe('a test');
  });

  test('a rejection includes the refunds of the commission', async () => {
    const { id } = await makePartner(app, staff.manager);
    const line = await makeApproved(app, staff, id);
    await reverse(line, { amount: '25.00' });
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ payable: '7.50' });
    await app.ask(staff.maria, REJECT, { id: line, reason: 'x' });
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ payable: '0.00' });
    expect((await linesOf(app, id)).map(({ status }) => status)).toEqual(['REJECTED', 'REJECTED']);
  });

  test('a rejection is final', async () => {
    const line = await makeCommission(app, staff.manager, partner.id);
    await app.ask(staff.maria, REJECT, { id: line, reason: 'x' });
    for (const [query, more] of [
      [APPROVE, {}],
      [REJECT, { reason: 'again' }],
      [REVERSE, { input: {} }],
    ] as const)
      expect((await app.refusal(staff.maria, query, { id: line, ...more })).code).toBe('CONFLICT');
  });

  test('of a simultaneous rejection and approval one decides, and the ledger agrees', async () => {
    const { id } = await makePartner(app, staff.manager);
    const line = await makeCommission(app, staff.manager, id);
    await Promise.all([
      app.send(staff.maria, APPROVE, { id: line }),
      app.send(staff.tom, REJECT, { id: line, reason: 'x' }),
    ]);
    expect((await linesOf(app, id))[0]?.status).toBe('REJECTED'); // an approved line may still be rejected
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ pending: '0.00', payable: '0.00' });
  });
});

describe('a refund', () => {
  test('a partial refund of a PENDING commission waits with it', async () => {
    const { id } = await makePartner(app, staff.manager);
    const line = await makeCommission(app, staff.manager, id);
    const { data } = await reverse(line, { amount: '25.00', reason: 'broken' });
    expect(data.reverseCommission).toMatchObject({
      id: line,
      status: 'PENDING',
      amount: { amount: '10.00' },
      reversedAmount: { amount: '2.50' },
    });
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ pending: '7.50', payable: '0.00' });
    await app.ask(staff.maria, APPROVE, { id: line });
    expect((await linesOf(app, id)).map(({ status, minor }) => [status, minor])).toEqual([
      ['APPROVED', 1_000],
      ['APPROVED', -250],
    ]);
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ pending: '0.00', payable: '7.50' });
  });

  test.each(['PENDING', 'APPROVED'])('a full refund of a %s commission reverses it', async (status) => {
    const { id } = await makePartner(app, staff.manager);
    const line = await (status === 'PENDING'
      ? makeCommission(app, staff.manager, id)
      : makeApproved(app, staff, id));
    await reverse(line, { amount: '30.00' });
    const { data } = await reverse(line);
    expect(data.reverseCommission).toMatchObject({ status: 'REVERSED', reversedAmount: { amount: '10.00' } });
    const lines = await linesOf(app, id);
    expect(lines.map((each) => each.status)).toEqual(['REVERSED', 'REVERSED', 'REVERSED']);
    expect(sumOf(lines)).toBe(0);
    expect(await balanceOf(app, staff.maria, id)).toEqual({
      pending: '0.00',
      payable: '0.00',
      inTransit: '0.00',
      paid: '0.00',
    });
    expect((await reverse(line)).errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT' });
  });

  test('a partial refund of an APPROVED commission reduces the payable amount at once', async () => {
    const { id } = await makePartner(app, staff.manager);
    const line = await makeApproved(app, staff, id);
    const { data } = await reverse(line, { amount: 10 });
    expect(data.reverseCommission).toMatchObject({ status: 'APPROVED', reversedAmount: { amount: '1.00' } });
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ payable: '9.00' });
  });

  test('a refund of a commission in a payout keeps the commission and adds a negative one', async () => {
    const { id } = await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' });
    const line = await makeApproved(app, staff, id);
    const input = { partnerId: id, periodStart: '2026-01-01', periodEnd: '2030-01-01' };
    await app.ask(staff.maria, CREATE_PAYOUT, { input });
    const { data } = await reverse(line);
    expect(data.reverseCommission).toMatchObject({
      status: 'ALLOCATED',
      reversedAmount: { amount: '10.00' },
    });
    expect((await linesOf(app, id)).map(({ status, minor }) => [status, minor])).toEqual([
      ['APPROVED', 1_000],
      ['APPROVED', -1_000],
    ]);
    expect((await reverse(line)).errors?.[0]?.extensions).toMatchObject({
      code: 'CONFLICT',
      reason: 'ALREADY_REVERSED',
    });
    expect((await app.refusal(staff.maria, REJECT, { id: line, reason: 'x' })).code).toBe('CONFLICT');
  });

  test('never refunds more than the sale', async () => {
    const { id } = await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' });
    const line = await makeApproved(app, staff, id);
    await app.ask(staff.maria, CREATE_PAYOUT, {
      input: { partnerId: id, periodStart: '2026-01-01', periodEnd: '2030-01-01' },
    });
    const { data } = await reverse(line, { amount: '100.01' });
    expect(data.reverseCommission.reversedAmount.amount).toBe('10.00');
    expect((await reverse(line, { amount: '0.01' })).errors?.[0]?.extensions).toMatchObject({
      code: 'CONFLICT',
      reason: 'ALREADY_REVERSED',
    });
    expect((await refundsOf(id)).map(({ minor }) => minor)).toEqual([-1_000]);
  });

  test('a repeated refund key adds nothing, in any status of the commission', async () => {
    const { id } = await makePartner(app, staff.manager);
    const line = await makeApproved(app, staff, id);
    const input = { amount: '40.00', idempotencyKey: randomUUID() };
    const answers = await Promise.all([1, 2, 3].map(() => reverse(line, input)));
    expect(tally(answers)).toEqual({ ok: 3 });
    await reverse(line);
    expect(tally([await reverse(line, input)])).toEqual({ ok: 1 });
    expect((await refundsOf(id)).map(({ minor }) => minor)).toEqual([-400, -600]);
  });

  test('refuses a refund with the key of another refund and writes nothing', async () => {
    const { id } = await makePartner(app, staff.manager);
    const [line, second] = [await makeApproved(app, staff, id), await makeApproved(app, staff, id)];
    const idempotencyKey = randomUUID();
    await reverse(line, { amount: '40.00', idempotencyKey });
    const mismatch = { code: 'CONFLICT', reason: 'IDEMPOTENCY_MISMATCH' };
    expect((await reverse(line, { amount: '41.00', idempotencyKey })).errors?.[0]?.extensions).toMatchObject(
      mismatch,
    );
    expect(
      (await reverse(second, { amount: '40.00', idempotencyKey })).errors?.[0]?.extensions,
    ).toMatchObject(mismatch);
    expect(await refundsOf(id)).toHaveLength(1);
  });

  test('simultaneous refunds never reverse more than the commission', async () => {
    const { id } = await makePartner(app, staff.manager);
    const line = await makeApproved(app, staff, id, { amount: '100.05' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => reverse(line, { amount: '33.35' })));
    expect(tally(answers)).toEqual({ ok: 3, CONFLICT: 5 });
    expect(sumOf(await linesOf(app, id))).toBe(0);
    expect(await balanceOf(app, staff.maria, id)).toMatchObject({ payable: '0.00' });
  });

  test('a simultaneous refund and approval match the ledger', async () => {
    for (let round = 0; round < 4; round++) {
      const { id } = await makePartner(app, staff.manager);
      const line = await makeCommission(app, staff.manager, id);
      const answers = await Promise.all([
        app.send(staff.maria, APPROVE, { id: line }),
        reverse(line, { amount: '50.00' }),
      ]);
      expect(tally(answers)).toEqual({ ok: 2 });
      expect(await balanceOf(app, staff.maria, id)).toMatchObject({ pending: '0.00', payable: '5.00' });
    }
  });

  test.each(['50.00', null])(
    'a simultaneous refund of %s and payout leave no reversed commission in the payout',
    async (amount) => {
      for (let round = 0; round < 5; round++) {
        const { id } = await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' });
        const line = await makeApproved(app, staff, id);
        const input = { partnerId: id, periodStart: '2026-01-01', periodEnd: '2030-01-01' };
        const [payout, refund] = await Promise.all([
          app.send(staff.tom, CREATE_PAYOUT, { input }),
          reverse(line, { amount }),
        ]);
        expect(tally([refund])).toEqual({ ok: 1 });
        const paid = payout.data?.createPayout?.amount.amount ?? payout.errors?.[0]?.extensions.reason;
        expect(['10.00', amount ? '5.00' : 'NOTHING_TO_PAY']).toContain(paid);
        expect(sumOf(await linesOf(app, id))).toBe(amount ? 500 : 0);
      }
      const { rows } = await app.database.pool.query(
        `select c.id from payout_items i join commissions c on c.id = i.commission_id where i.voided_at is null and c.status <> 'APPROVED'`,
      );
      expect(rows).toEqual([]);
    },
  );

  test('a refund cannot be refunded, approved or rejected itself', async () => {
    const { id } = await makePartner(app, staff.manager);
    const line = await makeCommission(app, staff.manager, id);
    await reverse(line, { amount: '10.00' });
    const [refund] = await refundsOf(id);
    for (const [query, more] of [
      [APPROVE, {}],
      [REJECT, { reason: 'x' }],
      [REVERSE, { input: {} }],
    ] as const)
      expect((await app.refusal(staff.maria, query, { id: refund?.id, ...more })).code).toBe('CONFLICT');
  });

  test.each([
    ['input.amount', { amount: '0' }],
    ['input.amount', { amount: '-1' }],
    ['input.amount', { amount: '1.001' }],
    ['input.amount', { amount: 'all' }],
    ['input.occurredAt', { occurredAt: '2099-01-01' }],
  ])('refuses a refund with an invalid %s and names the field: %j', async (field, input) => {
    const line = await makeCommission(app, staff.manager, partner.id);
    expect((await reverse(line, input)).errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      field,
    });
  });
});

describe('the list', () => {
  test('the list returns only the rows of the filter', async () => {
    const by = await staffOf(app, 'commission-list');
    const [one, two] = [
      await makePartner(app, by.manager, { payoutMethod: 'STRIPE' }),
      await makePartner(app, by.manager),
    ];
    const january = { occurredAt: '2026-01-15T12:00:00Z' };
    const paidFor = await makeApproved(app, by, one.id, january);
    const payout = await app.ask(by.maria, CREATE_PAYOUT, {
      input: { partnerId: one.id, periodStart: '2026-01-01', periodEnd: '2026-01-31' },
    });
    expect(payout.createPayout.commissionCount).toBe(1);
    const approved = await makeApproved(app, by, one.id, { occurredAt: '2026-02-01T00:00:00Z' });
    const pending = await makeCommission(app, by.manager, two.id, {
      type: 'BONUS',
      currency: 'EUR',
      ...january,
    });
    const rejected = await makeCommission(app, by.manager, two.id, january);
    await app.ask(by.maria, REJECT, { id: rejected, reason: 'x' });
    const reversed = await makeCommission(app, by.manager, two.id, january);
    await app.ask(by.maria, REVERSE, { id: reversed, input: {} });

    const ids = async (filter: object) => {
      const { commissions } = await app.ask(by.analyst, LIST, { filter });
      expect(commissions.totalCount).toBe(commissions.edges.length);
      return commissions.edges.map(({ node }: { node: { id: string } }) => node.id);
    };
    expect(await ids({ status: 'ALLOCATED' })).toEqual([paidFor]);
    expect(await ids({ status: 'APPROVED' })).toEqual([approved]);
    expect(await ids({ status: 'PENDING' })).toEqual([pending]);
    expect(await ids({ status: 'REJECTED' })).toEqual([rejected]);
    expect(await ids({ status: 'REVERSED', type: 'ONE_TIME' })).toEqual([reversed]);
    expect(await ids({ status: 'PAID' })).toEqual([]);
    expect(await ids({ type: 'BONUS' })).toEqual([pending]);
    expect(await ids({ currency: 'EUR' })).toEqual([pending]);
    expect(await ids({ partnerId: one.id })).toEqual([approved, paidFor]);
    expect(await ids({ partnerId: one.id, to: '2026-02-01' })).toEqual([paidFor]); // before, itself not included
    expect(await ids({ partnerId: one.id, from: '2026-02-01' })).toEqual([approved]);
    expect(await ids({ partnerId: unknownId() })).toEqual([]);
    expect(await ids({})).toHaveLength(6);
  });

  test('paid commissions are listed from the newest on, until their payout returns', async () => {
    const by = await staffOf(app, 'commission-paid');
    const paid: { id: string; line: string; partnerId: string }[] = [];
    for (const type of ['ONE_TIME', 'BONUS', 'ONE_TIME']) {
      const { id: partnerId } = await makePartner(app, by.manager, { payoutMethod: 'STRIPE' });
      const line = await makeApproved(app, by, partnerId, { type, occurredAt: '2026-01-15T12:00:00Z' });
      const input = { partnerId, periodStart: '2026-01-01', periodEnd: '2026-01-31' };
      paid.unshift({
        id: (await app.ask(by.maria, CREATE_PAYOUT, { input })).createPayout.id,
        line,
        partnerId,
      });
    }
    const [newest, bonus, oldest] = paid as [(typeof paid)[0], (typeof paid)[0], (typeof paid)[0]];
    const become = (status: string, ids = paid.map(({ id }) => id)) =>
      app.database.pool.query(
        `update payouts set status = $2, approved_by = 'tom', approved_at = '2026-02-01',
         paid_at = case when $2 in ('PAID', 'RETURNED') then timestamptz '2026-02-02' end where id = any($1)`,
        [ids, status],
      );
    const list = async (filter: object, token = by.maria, page: object = {}) =>
      (await app.ask(token, LIST, { filter: { status: 'PAID', ...filter }, ...page })).commissions;
    const ids = async (filter: object = {}, token = by.maria) => {
      const { edges, totalCount } = await list(filter, token);
      expect(totalCount).toBe(edges.length);
      return edges.map(({ node }: { node: { id: string; status: string } }) => `${node.status} ${node.id}`);
    };
    const shown = (...lines: (typeof paid)[0][]) => lines.map(({ line }) => `PAID ${line}`);
    await become('APPROVED');
    await become('PROCESSING');
    expect(await ids()).toEqual([]);
    await become('PAID');

    expect(await ids()).toEqual(shown(newest, bonus, oldest));
    expect(await ids({ type: 'BONUS' })).toEqual(shown(bonus));
    expect(await ids({ currency: 'USD', to: '2026-02-01' })).toEqual(shown(newest, bonus, oldest));
    expect(await ids({ from: '2026-02-01' })).toEqual([]);
    expect(await ids({ partnerId: oldest.partnerId })).toEqual(shown(oldest));
    const own = await app.token('PARTNER', { tenant: 'commission-paid', partner: oldest.partnerId });
    expect(await ids({}, own)).toEqual(shown(oldest));
    expect(await ids({}, staff.maria)).toEqual([]); // another tenant

    const first = await list({}, by.maria, { first: 2 });
    expect(first).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
    const rest = await list({}, by.maria, { first: 2, after: first.pageInfo.endCursor });
    expect(rest.edges.map(({ node }: { node: { id: string } }) => node.id)).toEqual([oldest.line]);

    await become('RETURNED', [bonus.id]);
    expect(await ids()).toEqual(shown(newest, oldest));
  });

  test('the list continues page by page to its end', async () => {
    const by = await staffOf(app, 'commission-pages');
    const { id } = await makePartner(app, by.manager);
    const made = [];
    for (let i = 0; i < 7; i++) made.unshift(await makeCommission(app, by.manager, id));
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const {
        commissions,
      }: {
        commissions: {
          edges: { node: { id: string } }[];
          pageInfo: { hasNextPage: boolean; endCursor: string };
        };
      } = await app.ask(by.maria, LIST, { first: 3, after });
      seen.push(...commissions.edges.map(({ node }) => node.id));
      ({ hasNextPage: more, endCursor: after } = commissions.pageInfo);
      await makeCommission(app, by.manager, id);
    }
    expect(seen).toEqual(made);
  });
});

test('postings of a tenant name each business fact once and match its commissions', async () => {
  const { rows } = await app.database.pool.query(
    `select l.partner_id, l.currency, l.owed, coalesce(p.owed, 0) as posted
     from (select partner_id, amount_currency as currency, sum(amount_minor) filter (where status = 'APPROVED') as owed
           from commissions group by 1, 2) l
     left join (select partner_id, amount_currency as currency,
             sum(case when to_account = 'partner:' || partner_id || ':payable' then amount_minor
                      when from_account = 'partner:' || partner_id || ':payable' then -amount_minor else 0 end) as owed
           from postings group by 1, 2) p on p.partner_id = l.partner_id and p.currency = l.currency
     where coalesce(l.owed, 0) <> coalesce(p.owed, 0)`,
  );
  expect(rows).toEqual([]);
});
