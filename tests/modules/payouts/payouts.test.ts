import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sandboxRail } from '../../../src/adapters/sandbox/sandbox-rail.ts';
import type { PayoutRail } from '../../../src/ports/payout-rail.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  BALANCES,
  CANCEL,
  CREATE,
  earned,
  january,
  newPartner,
  PAYOUT,
  RETRY,
} from '../../support/earn.ts';
import {
  APPROVE as APPROVE_LINE,
  anAccount,
  makeCommission,
  REVERSE,
  SET_PAYOUT_ACCOUNT,
  staffOf,
} from '../../support/make.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let who: Awaited<ReturnType<typeof staffOf>>;
let rail: PayoutRail;

beforeAll(async () => {
  app = await createTestApp({ rail: () => rail }, { PAYOUT_LEASE_SECONDS: '5' });
  rail = await sandboxRail(app.database.pool, { silenceMs: 200, lateSeconds: 1 });
  await app.app.startWorker();
  who = await staffOf(app);
});
afterAll(() => app.close());

/** A partner with one approved line of 20.00 in January. */
async function owed(input: object = {}): Promise<string> {
  const { id } = await newPartner(app, who.manager, input);
  await earned(app, who, id);
  return id;
}

async function payout(partnerId: string, input: object = {}): Promise<string> {
  const { createPayout } = await app.ask(who.maria, CREATE, { input: { partnerId, ...january, ...input } });
  return createPayout.id;
}

const approved = async (partnerId: string, metadata: object): Promise<string> => {
  const id = await payout(partnerId, { metadata });
  await app.ask(who.tom, APPROVE, { id });
  return id;
};

const seen = async (id: string) => (await app.ask(who.tom, PAYOUT, { id })).payout;
const reaches = (id: string, status: string, seconds = 15) =>
  until(async () => {
    const now = await seen(id);
    return now.status === status ? now : null;
  }, seconds);
const balancesOf = async (id: string) => (await app.ask(who.tom, BALANCES, { id })).partner.balances;
const transfers = async (payoutId: string): Promise<number> =>
  (
    await app.database.pool.query(
      "select count(*)::int as n from sandbox_rail.transfers where payout_id = $1 and outcome <> 'REFUSED'",
      [payoutId],
    )
  ).rows[0].n;
const account = (pending: string, payable: string, inTransit: string, paid: string) => [
  {
    currency: 'USD',
    pending: { amount: pending },
    payable: { amount: payable },
    inTransit: { amount: inTransit },
    paid: { amount: paid },
  },
];

describe('a payout', () => {
  test('pays the approved commissions of its period, including both days in the time zone of the program', async () => {
    const { id } = await newPartner(app, who.manager);
    for (const occurredAt of [
      '2025-12-31T23:59:59.999Z',
      '2026-01-01T00:00:00Z',
      '2026-01-31T23:59:59.999Z',
      '2026-02-01T00:00:00Z',
    ]) {
      await earned(app, who, id, { occurredAt });
    }
    const { createPayout } = await app.ask(who.maria, CREATE, { input: { partnerId: id, ...january } });
    expect(createPayout).toMatchObject({
      status: 'PENDING',
      amount: { amount: '40.00', currency: 'USD' },
      commissionCount: 2,
      method: 'STRIPE',
      ...january,
      attempts: 0,
      initiatedBy: 'maria',
      approvedBy: null,
    });
    const lines = (await seen(createPayout.id)).commissions;
    expect(lines.totalCount).toBe(2);
    expect(lines.edges.map((edge: { node: object }) => edge.node)).toMatchObject([
      { status: 'ALLOCATED', payout: { id: createPayout.id } },
      { status: 'ALLOCATED', payout: { id: createPayout.id } },
    ]);
  });

  const february = { periodStart: '2026-02-01', periodEnd: '2026-02-28' };
  const march = { periodStart: '2026-03-01', periodEnd: '2026-03-31' };
  /** A partner whose January of 100.00 is paid; answers with the ids of the partner and of that commission. */
  async function paidJanuary(): Promise<{ partnerId: string; paid: string }> {
    const { id: partnerId } = await newPartner(app, who.manager);
    const paid = await earned(app, who, partnerId, { amount: '500' });
    const id = await payout(partnerId);
    await app.ask(who.tom, APPROVE, { id });
    await reaches(id, 'PAID');
    return { partnerId, paid };
  }
  const refund = async (id: string, amount: string, occurredAt: string) =>
    app.ask(who.maria, REVERSE, { id, input: { amount, occurredAt, reason: 'refund' } });
  const createdOf = async (partnerId: string, period: object) =>
    app.ask(who.maria, CREATE, { input: { partnerId, ...period } }).then(({ createPayout }) => ({
      amount: createPayout.amount.amount,
      lines: createPayout.commissionCount,
    }));

  test('carries the balance of earlier months into a period, and not only its negative commissions', async () => {
    const { partnerId, paid } = await paidJanuary();
    await earned(app, who, partnerId, { amount: '400', occurredAt: '2026-02-10T12:00:00Z' });
    await refund(paid, '400', '2026-02-20T12:00:00Z');
    await earned(app, who, partnerId, { amount: '200', occurredAt: '2026-03-10T12:00:00Z' });
    expect(await createdOf(partnerId, march)).toEqual({ amount: '40.00', lines: 1 });
    expect(await app.refusal(who.maria, CREATE, { input: { partnerId, ...february } })).toMatchObject({
      reason: 'NOT_POSITIVE',
    });
  });

  test('subtracts a negative balance of earlier months, with all of its commissions', async () => {
    const { partnerId, paid } = await paidJanuary();
    await earned(app, who, partnerId, { amount: '300', occurredAt: '2026-02-10T12:00:00Z' });
    await refund(paid, '400', '2026-02-20T12:00:00Z');
    await earned(app, who, partnerId, { amount: '200', occurredAt: '2026-03-10T12:00:00Z' });
    expect(await createdOf(partnerId, march)).toEqual({ amount: '20.00', lines: 3 });
    expect(await app.refusal(who.maria, CREATE, { input: { partnerId, ...february } })).toMatchObject({
      reason: 'NOTHING_TO_PAY',
    });
  });

  test('subtracts a later refund of a paid commission unless earlier months cover it', async () => {
    const uncovered = await paidJanuary();
    await earned(app, who, uncovered.partnerId, { amount: '200', occurredAt: '2026-02-10T12:00:00Z' });
    await refund(uncovered.paid, '50', '2026-03-20T12:00:00Z');
    expect(await createdOf(uncovered.partnerId, february)).toEqual({ amount: '30.00', lines: 2 });
    const covered = await paidJanuary();
    await earned(app, who, covered.partnerId, { amount: '50', occurredAt: '2026-02-10T12:00:00Z' });
    await earned(app, who, covered.partnerId, { amount: '200', occurredAt: '2026-03-10T12:00:00Z' });
    await refund(covered.paid, '50', '2026-04-20T12:00:00Z');
    expect(await createdOf(covered.partnerId, march)).toEqual({ amount: '40.00', lines: 1 });
  });

  test('creates one of four simultaneous payouts, and pays no commission twice', async () => {
    const partnerId = await owed();
    await earned(app, who, partnerId);
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => app.send(who.maria, CREATE, { input: { partnerId, ...january } })),
    );
    expect(answers.map((answer) => answer.errors?.[0]?.extensions.code ?? 'made').sort()).toEqual([
      'CONFLICT',
      'CONFLICT',
      'CONFLICT',
      'made',
    ]);
    const { rows } = await app.database.pool.query(
      `select count(*)::int as claims, count(distinct i.commission_id)::int as lines from payout_items i
       join commissions c on c.id = i.commission_id where c.partner_id = $1`,
      [partnerId],
    );
    expect(rows[0]).toEqual({ claims: 2, lines: 2 });
  });

  test('returns the same payout for a repeated idempotency key, also at the same time, and refuses other input', async () => {
    const partnerId = await owed();
    const input = { partnerId, ...january, idempotencyKey: 'january' };
    const answers = await Promise.all([1, 2, 3].map(() => app.ask(who.maria, CREATE, { input })));
    expect(new Set(answers.map(({ createPayout }) => createPayout.id)).size).toBe(1);
    expect(await app.refusal(who.maria, CREATE, { input: { ...input, method: 'PAYPAL' } })).toMatchObject({
      code: 'CONFLICT',
      reason: 'IDEMPOTENCY_MISMATCH',
    });
  });

  test.each([
    ['without lines', {}, 'NOTHING_TO_PAY'],
    ['to a partner without a method', { payoutMethod: null }, 'NO_PAYOUT_METHOD'],
  ])('refuses %s and names the field', async (_, partner, reason) => {
    const { id } = await newPartner(app, who.manager, partner);
    if (reason !== 'NOTHING_TO_PAY') await earned(app, who, id);
    expect(await app.refusal(who.maria, CREATE, { input: { partnerId: id, ...january } })).toMatchObject({
      code: 'CONFLICT',
      reason,
    });
  });

  test('refuses a payout below the minimum, and pays the minimum itself', async () => {
    const minimum = (minimumPayout: string) =>
      app.ask(
        who.manager,
        'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { minimumPayout { amount } } }',
        { input: { minimumPayout } },
      );
    const partnerId = await owed();
    await minimum('20.01');
    expect(await app.refusal(who.maria, CREATE, { input: { partnerId, ...january } })).toMatchObject({
      code: 'CONFLICT',
      reason: 'BELOW_MINIMUM',
    });
    await minimum('20.00');
    expect(
      (await app.ask(who.maria, CREATE, { input: { partnerId, ...january } })).createPayout.amount.amount,
    ).toBe('20.00');
    await minimum('0');
  });

  test.each([
    [
      'periodEnd before periodStart',
      { periodStart: '2026-02-01', periodEnd: '2026-01-31' },
      'input.periodEnd',
    ],
    ['a day that is none', { periodStart: '2026-02-30' }, 'input.periodStart'],
    ['an unknown currency', { currency: 'XYZ' }, 'input.currency'],
    ['an unknown method', { method: 'CASH' }, 'input.method'],
    ['a malformed partner', { partnerId: 'nobody' }, 'input.partnerId'],
  ])('refuses a payout with %s and names the field', async (_, input, field) => {
    const partnerId = await owed();
    expect(
      await app.refusal(who.maria, CREATE, { input: { partnerId, ...january, ...input } }),
    ).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test('lets another person than the creator approve a payout, once', async () => {
    const id = await payout(await owed(), { metadata: { sandbox: 'late' } });
    expect(await app.refusal(who.maria, APPROVE, { id })).toMatchObject({ code: 'FORBIDDEN' });
    const answers = await Promise.all([1, 2, 3].map(() => app.send(who.tom, APPROVE, { id })));
    expect(answers.filter((answer) => !answer.errors)).toHaveLength(1);
    expect(await app.refusal(who.tom, APPROVE, { id })).toMatchObject({ code: 'CONFLICT' });
  });

  test('refuses the approval of a payout to a suspended partner', async () => {
    const partnerId = await owed();
    const id = await payout(partnerId);
    const status = (value: string) =>
      app.ask(
        who.manager,
        `mutation ($id: ID!) { updatePartner(id: $id, input: { status: ${value} }) { id } }`,
        { id: partnerId },
      );
    await status('SUSPENDED');
    expect(await app.refusal(who.tom, APPROVE, { id })).toMatchObject({
      code: 'CONFLICT',
      reason: 'NOT_ACTIVE',
    });
    await status('ACTIVE');
    await app.ask(who.tom, APPROVE, { id });
  });

  test('shows a deleted partner again, with its balance, when a payout returns', async () => {
    const partnerId = await owed();
    const id = await approved(partnerId, { sandbox: 'return' });
    await reaches(id, 'PAID');
    await app.ask(who.manager, 'mutation ($id: ID!) { deletePartner(id: $id) { status } }', {
      id: partnerId,
    });
    await until(async () => (await seen(id)).status === 'RETURNED');
    expect(await balancesOf(partnerId)).toEqual(account('0.00', '20.00', '0.00', '0.00'));
  });

  test('releases the commissions of a canceled payout for the next payout', async () => {
    const partnerId = await owed();
    const id = await payout(partnerId);
    expect((await app.ask(who.tom, CANCEL, { id, reason: 'wrong month' })).cancelPayout).toMatchObject({
      status: 'CANCELED',
      failureReason: 'wrong month',
    });
    expect((await seen(id)).commissions.totalCount).toBe(0);
    expect(await app.refusal(who.tom, APPROVE, { id })).toMatchObject({ code: 'CONFLICT' });
    expect(await payout(partnerId)).not.toBe(id);
  });

  test('deducts the refund of a paid commission from the next payout, independent of its period', async () => {
    const { id: partnerId } = await newPartner(app, who.manager);
    const line = await earned(app, who, partnerId);
    await reaches(await approved(partnerId, {}), 'PAID');
    await app.ask(
      who.maria,
      'mutation ($id: ID!) { reverseCommission(id: $id, input: { amount: "25.00" }) { status reversedAmount { amount } } }',
      { id: line },
    );
    expect(await balancesOf(partnerId)).toEqual(account('0.00', '-5.00', '0.00', '20.00'));
    expect(
      await app.refusal(who.maria, CREATE, {
        input: { partnerId, periodStart: '2026-02-01', periodEnd: '2026-02-28' },
      }),
    ).toMatchObject({ reason: 'NOT_POSITIVE' });
    await earned(app, who, partnerId, { occurredAt: '2026-02-10T00:00:00Z' });
    const february = await app.ask(who.maria, CREATE, {
      input: { partnerId, periodStart: '2026-02-01', periodEnd: '2026-02-28' },
    });
    expect(february.createPayout).toMatchObject({ amount: { amount: '15.00' }, commissionCount: 2 });
  });
});

describe('the rail', () => {
  test('sets a confirmed payout to PAID and posts it', async () => {
    const partnerId = await owed();
    expect(await balancesOf(partnerId)).toEqual(account('0.00', '20.00', '0.00', '0.00'));
    const id = await approved(partnerId, {});
    expect(await reaches(id, 'PAID')).toMatchObject({
      attempts: 1,
      providerReference: expect.stringMatching(/^sandbox_/),
      commissions: { edges: [{ node: { status: 'PAID' } }] },
    });
    expect(await balancesOf(partnerId)).toEqual(account('0.00', '0.00', '0.00', '20.00'));
  });

  test('sets a refused payout to FAILED with the reason, and retries it with a new attempt', async () => {
    const partnerId = await owed();
    const id = await approved(partnerId, { sandbox: 'fail_once' });
    expect(await reaches(id, 'FAILED')).toMatchObject({
      attempts: 1,
      failureReason: 'The receiving account is closed.',
    });
    expect(await balancesOf(partnerId)).toEqual(account('0.00', '20.00', '0.00', '0.00'));
    await app.ask(who.maria, RETRY, { id });
    expect(await reaches(id, 'PAID')).toMatchObject({ attempts: 2, failureReason: null });
    expect(await transfers(id)).toBe(1);
  });

  test('releases the commissions after five refusals', async () => {
    const partnerId = await owed();
    const id = await approved(partnerId, { sandbox: 'fail' });
    for (let attempt = 1; attempt < 5; attempt++) {
      await reaches(id, 'FAILED');
      await app.ask(who.maria, RETRY, { id });
    }
    await until(async () => (await seen(id)).attempts === 5 && (await seen(id)).status === 'FAILED');
    expect(await app.refusal(who.maria, RETRY, { id })).toMatchObject({
      code: 'CONFLICT',
      reason: 'RELEASED',
    });
    expect((await seen(id)).commissions.totalCount).toBe(0);
    expect(await payout(partnerId)).toBeTruthy();
  });

  test.each(['timeout_before', 'timeout_after', 'late'])(
    'pays once under one key when the rail answers %s',
    async (sandbox) => {
      const partnerId = await owed();
      const id = await approved(partnerId, { sandbox });
      expect(await reaches(id, 'PAID', 30)).toMatchObject({ attempts: 1 });
      expect(await transfers(id)).toBe(1);
      expect(await balancesOf(partnerId)).toEqual(account('0.00', '0.00', '0.00', '20.00'));
    },
  );

  test('keeps a payout with an unknown outcome PROCESSING, and refuses to cancel or retry it', async () => {
    const partnerId = await owed();
    const id = await approved(partnerId, { sandbox: 'late' });
    await reaches(id, 'PROCESSING');
    expect(await balancesOf(partnerId)).toEqual(account('0.00', '0.00', '20.00', '0.00'));
    expect(await app.refusal(who.tom, CANCEL, { id, reason: 'too late' })).toMatchObject({
      code: 'CONFLICT',
    });
    expect(await app.refusal(who.tom, RETRY, { id })).toMatchObject({ code: 'CONFLICT' });
    await reaches(id, 'PAID');
  });

  test('sets a returned payout to RETURNED and owes its commissions again', async () => {
    const partnerId = await owed();
    const id = await approved(partnerId, { sandbox: 'return' });
    await reaches(id, 'PAID');
    expect(await reaches(id, 'RETURNED')).toMatchObject({
      failureReason: 'The receiving bank returned the payment.',
      commissions: { totalCount: 0 },
    });
    expect(await balancesOf(partnerId)).toEqual(account('0.00', '20.00', '0.00', '0.00'));
  });
});

describe('a run', () => {
  const RUN =
    'mutation ($input: RunPayoutsInput!) { runPayouts(input: $input) { id asOf payoutCount totals { amount currency } skipped { partnerId reason } } }';

  test('pays every due partner once, and gives the reason for each excluded partner', async () => {
    const tenant = { tenant: 'run-tenant' };
    const [manager, maria] = await Promise.all([
      app.token('PROGRAM_MANAGER', tenant),
      app.token('FINANCE', tenant),
    ]);
    const make = (input: object) => newPartner(app, manager, input);
    const monthly = await make({});
    await earned(app, { manager, maria }, monthly.id);
    await earned(app, { manager, maria }, monthly.id, { occurredAt: '2025-11-03T00:00:00Z' }); // carried on
    await earned(app, { manager, maria }, monthly.id, { occurredAt: '2026-02-03T00:00:00Z' }); // its month has not ended
    await earned(app, { manager, maria }, monthly.id, { amount: '1000', currency: 'JPY' });
    const weekly = await make({ payoutFrequency: 'WEEKLY' });
    await earned(app, { manager, maria }, weekly.id, { occurredAt: '2026-02-01T23:59:59Z' }); // the Sunday
    await earned(app, { manager, maria }, weekly.id, { occurredAt: '2026-02-02T00:00:00Z' }); // the Monday
    const idle = await make({});
    const methodless = await make({ payoutMethod: null });
    await earned(app, { manager, maria }, methodless.id);
    const suspended = await make({});
    await earned(app, { manager, maria }, suspended.id);
    await app.ask(
      manager,
      'mutation ($id: ID!) { updatePartner(id: $id, input: { status: SUSPENDED }) { id } }',
      { id: suspended.id },
    );

    const { runPayouts: run } = await app.ask(maria, RUN, { input: { asOf: '2026-02-05T08:00:00Z' } });
    expect(run).toMatchObject({
      payoutCount: 3,
      totals: [
        { amount: '200', currency: 'JPY' },
        { amount: '60.00', currency: 'USD' },
      ],
    });
    expect(
      Object.fromEntries(
        run.skipped.map((skip: { partnerId: string; reason: string }) => [skip.partnerId, skip.reason]),
      ),
    ).toEqual({
      [idle.id]: 'NOTHING_TO_PAY',
      [methodless.id]: 'NO_PAYOUT_METHOD',
      [suspended.id]: 'NOT_ACTIVE',
    });
    const { partner } = await app.ask(
      maria,
      'query ($id: ID!) { partner(id: $id) { payouts { edges { node { periodStart periodEnd amount { currency } } } } } }',
      { id: monthly.id },
    );
    expect(partner.payouts.edges.map((edge: { node: object }) => edge.node)).toContainEqual({
      periodStart: '2025-11-03',
      periodEnd: '2026-01-31',
      amount: { currency: 'USD' },
    });

    expect((await app.ask(maria, RUN, { input: { asOf: '2026-02-05T08:00:00Z' } })).runPayouts).toMatchObject(
      { payoutCount: 0, totals: [] },
    );
  });

  test('pays once when a run is requested five times at the same time', async () => {
    const tenant = { tenant: 'run-race' };
    const [manager, maria] = await Promise.all([
      app.token('PROGRAM_MANAGER', tenant),
      app.token('FINANCE', tenant),
    ]);
    for (let i = 0; i < 3; i++) await earned(app, { manager, maria }, (await newPartner(app, manager)).id);
    const runs = await Promise.all([1, 2, 3, 4, 5].map(() => app.ask(maria, RUN, { input: {} })));
    expect(runs.map(({ runPayouts }) => runPayouts.payoutCount).sort()).toEqual([0, 0, 0, 0, 3]);
  });
});

describe('four-eyes check of payouts', () => {
  const APPROVE_RUN =
    'mutation ($id: ID!) { approvePayoutRun(id: $id, limit: 100) { approved results { outcome } } }';

  test('refuses approvals by a member of the paid partner', async () => {
    const own = await staffOf(app, 'small');
    const uma = await app.token('FINANCE', { tenant: 'small', user: 'uma' });
    const { id: partnerId } = await newPartner(app, own.manager);
    await app.database.pool.query(
      `insert into members (id, tenant_id, partner_id, email, name, role, status, invited_by, issuer, subject, accepted_at)
       values (gen_random_uuid(), 'small', $1, 'tom@home.example', 'Tom', 'MANAGER', 'ACTIVE', 'x', 'https://id.example', 'tom', now())`,
      [partnerId],
    );
    const line = await makeCommission(app, own.manager, partnerId, { occurredAt: '2026-01-10T00:00:00Z' });
    const refused = { code: 'FORBIDDEN', reason: 'OWN_PARTNER' };
    expect(await app.refusal(own.tom, APPROVE_LINE, { id: line })).toMatchObject(refused);
    const { approveAll: all } = await app.ask(
      own.tom,
      'mutation ($filter: CommissionFilter) { approveAll(filter: $filter) { approved skipped { reason count } } }',
      { filter: { partnerId } },
    );
    expect(all).toEqual({ approved: 0, skipped: [{ reason: 'OWN_LINE', count: 1 }] });
    await app.ask(own.maria, APPROVE_LINE, { id: line });
    const { runPayouts } = await app.ask(
      own.maria,
      'mutation { runPayouts(input: { asOf: "2026-02-05T08:00:00Z" }) { id } }',
    );
    const [{ id } = { id: '' }] = await until(async () => {
      const { rows } = await app.database.pool.query<{ id: string }>(
        'select id from payouts where partner_id = $1',
        [partnerId],
      );
      return rows.length > 0 && rows;
    });
    expect(await app.refusal(own.tom, APPROVE, { id })).toMatchObject(refused);
    expect((await app.ask(own.tom, APPROVE_RUN, { id: runPayouts.id })).approvePayoutRun).toEqual({
      approved: 0,
      results: [{ outcome: 'OWN_PARTNER' }],
    });
    await app.ask(uma, APPROVE, { id });
  });

  test('refuses the approval by the person who set the payout account', async () => {
    const { id: partnerId } = await newPartner(app, who.manager, {
      payoutMethod: 'BANK_TRANSFER',
      currency: 'EUR',
    });
    await app.ask(who.tom, SET_PAYOUT_ACCOUNT, { input: anAccount({ partnerId }) });
    await app.database.pool.query('update payout_accounts set usable_from = now() where partner_id = $1', [
      partnerId,
    ]);
    await earned(app, who, partnerId, { currency: 'EUR' });
    const id = await payout(partnerId);
    expect(await app.refusal(who.tom, APPROVE, { id })).toMatchObject({
      code: 'FORBIDDEN',
      reason: 'OWN_ACCOUNT',
    });
    await app.ask(await app.token('FINANCE', { user: 'uma' }), APPROVE, { id });
  });
});
