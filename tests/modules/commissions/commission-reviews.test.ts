import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { INSERT_SALE_ITEMS } from '../../../src/demo/sale-items.ts';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { autoApprove } from '../../../src/modules/commissions/commission/approve-many.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  balanceOf,
  CREATE_PAYOUT,
  DISPUTE,
  HOLD,
  linesOf,
  makeApproved,
  makeCommission,
  makePartner,
  REJECT,
  RELEASE,
  RESOLVE,
  REVERSE,
  staffOf,
  tally,
} from '../../support/make.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partnerId: string; // at 10 % of a sale of 100.00
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
});
beforeEach(async () => {
  partnerId = (await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' })).id;
});
afterAll(() => app.close());

const LINE = `query ($id: ID!) { commission(id: $id) {
  status explanation { sentence } holds { id kind reason releasedAt releasedBy releaseReason outcome } } }`;
const lineOf = async (id: string, by = staff.maria) => (await app.ask(by, LINE, { id })).commission;
const pending = (input: object = {}) => makeCommission(app, staff.manager, partnerId, input);
const hold = async (id: string, reason = 'to look at'): Promise<string> => {
  const { holds } = (await app.ask(staff.maria, HOLD, { id, reason })).holdCommission;
  return holds.at(-1).id;
};
const dispute = async (id: string): Promise<string> => {
  const { holds } = (await app.ask(staff.maria, DISPUTE, { id, reason: 'chargeback' })).openDispute;
  return holds.at(-1).id;
};
const release = (id: string) => app.ask(staff.maria, RELEASE, { id, reason: 'looked at' });
const resolve = (id: string, outcome: string) =>
  app.ask(staff.maria, RESOLVE, { id, outcome, reason: 'decided' });
const at = (n: number, work: () => Promise<{ errors?: { extensions: { code: string } }[] }>) =>
  Promise.all(Array.from({ length: n }, work));
const payout = { periodStart: '2026-01-01', periodEnd: '2100-01-01' };

describe('an approved commission that a dispute holds', () => {
  const CANCEL = 'mutation ($id: ID!) { cancelPayout(id: $id, reason: "wrong") { id } }';
  const balance = () => balanceOf(app, staff.maria, partnerId);
  const money = (pending: string, payable: string) => ({
    ...{ pending, payable, inTransit: '0.00', paid: '0.00' },
  });
  const create = () =>
    app.send(staff.maria, CREATE_PAYOUT, { input: { partnerId, ...payout } }).then(({ data, errors }) => ({
      reason: errors?.[0]?.extensions.reason,
      amount: data?.createPayout?.amount.amount,
      id: data?.createPayout?.id,
    }));

  test('is not payable until the dispute is won, in balances and in payouts', async () => {
    const id = await makeApproved(app, staff, partnerId);
    const disputed = await dispute(id);
    expect(await balance()).toEqual(money('10.00', '0.00'));
    expect(await create()).toMatchObject({ reason: 'NOTHING_TO_PAY' });
    await resolve(disputed, 'WON');
    expect(await balance()).toEqual(money('0.00', '10.00'));
    expect(await create()).toMatchObject({ amount: '10.00' });
  });

  test('takes its refunds along, during and after the dispute', async () => {
    const id = await makeApproved(app, staff, partnerId);
    await app.ask(staff.maria, REVERSE, { id, input: { amount: '30' } });
    const disputed = await dispute(id);
    expect(await balance()).toEqual(money('7.00', '0.00'));
    await app.ask(staff.maria, REVERSE, { id, input: { amount: '20' } });
    expect(await balance()).toEqual(money('5.00', '0.00'));
    await resolve(disputed, 'WON');
    expect(await balance()).toEqual(money('0.00', '5.00'));
    await dispute(id);
    expect(await balance()).toEqual(money('5.00', '0.00'));
    await app.ask(staff.maria, REVERSE, { id, input: {} });
    expect(await balance()).toEqual(money('0.00', '0.00'));
  });

  test('is owed no more after the dispute is lost, or after its rejection', async () => {
    const disputed = await dispute(await makeApproved(app, staff, partnerId));
    await resolve(disputed, 'LOST');
    expect(await balance()).toEqual(money('0.00', '0.00'));
    const rejected = await makeApproved(app, staff, partnerId);
    await dispute(rejected);
    await app.ask(staff.maria, REJECT, { id: rejected, reason: 'fraud' });
    expect(await balance()).toEqual(money('0.00', '0.00'));
  });

  test('is held from the moment its payout releases it', async () => {
    const id = await makeApproved(app, staff, partnerId);
    const claimed = await create();
    const disputed = await dispute(id);
    expect(await balance()).toEqual(money('0.00', '10.00'));
    await app.ask(staff.tom, CANCEL, { id: claimed.id });
    expect(await balance()).toEqual(money('10.00', '0.00'));
    await resolve(disputed, 'WON');
    expect(await balance()).toEqual(money('0.00', '10.00'));
  });
});

describe('a held commission', () => {
  test('refuses decisions on a held commission, counts it as pending, and continues after the release of its hold', async () => {
    const id = await pending();
    const held = await hold(id, 'looks odd');
    expect(await lineOf(id)).toMatchObject({
      status: 'HELD',
      holds: [{ id: held, kind: 'MANUAL', reason: 'looks odd', releasedAt: null }],
    });
    expect(await app.refusal(staff.maria, APPROVE, { id })).toMatchObject({
      code: 'CONFLICT',
      reason: 'HELD',
      message: expect.stringContaining('MANUAL (looks odd)'),
    });
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ pending: '10.00', payable: '0.00' });
    const { releaseHold } = await release(held);
    expect(releaseHold.status).toBe('PENDING');
    expect((await lineOf(id)).holds).toMatchObject([{ releaseReason: 'looked at', outcome: null }]);
    await app.ask(staff.maria, APPROVE, { id });
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ pending: '0.00', payable: '10.00' });
  });

  test('stays held while the commission has another open hold', async () => {
    const id = await pending();
    const [manual, disputed] = [await hold(id), await dispute(id)];
    await release(manual);
    expect((await lineOf(id)).status).toBe('HELD');
    await resolve(disputed, 'WON');
    expect((await lineOf(id)).status).toBe('PENDING');
  });

  test('rejects or reverses a held commission like a pending one, which ends its holds', async () => {
    const [rejected, reversed] = [await pending(), await pending()];
    for (const id of [rejected, reversed]) await hold(id);
    await app.ask(staff.maria, REVERSE, { id: reversed, input: { amount: '40.00' } });
    expect((await lineOf(reversed)).status).toBe('HELD');
    await app.ask(staff.maria, REJECT, { id: rejected, reason: 'fraud' });
    await app.ask(staff.maria, REVERSE, { id: reversed, input: { reason: 'refunded' } });
    expect(await lineOf(rejected)).toMatchObject({ status: 'REJECTED', holds: [{ releaseReason: 'fraud' }] });
    expect(await lineOf(reversed)).toMatchObject({
      status: 'REVERSED',
      holds: [{ releaseReason: 'refunded' }],
    });
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ pending: '0.00', payable: '0.00' });
  });

  test('lists held commissions by their status, with disputed ones', async () => {
    const LIST = `query ($filter: CommissionFilter) { commissions(filter: $filter) { edges { node { id status } } } }`;
    const [held, , disputed, approved] = [
      await pending(),
      await pending(),
      await makeApproved(app, staff, partnerId),
      await makeApproved(app, staff, partnerId),
    ];
    await hold(held);
    await dispute(disputed);
    const found = async (status: string) =>
      (await app.ask(staff.maria, LIST, { filter: { partnerId, status } })).commissions.edges.map(
        ({ node }: { node: object }) => node,
      );
    expect(await found('HELD')).toEqual([
      { id: disputed, status: 'HELD' },
      { id: held, status: 'HELD' },
    ]);
    expect(await found('APPROVED')).toEqual([{ id: approved, status: 'APPROVED' }]);
    const partner = await app.token('PARTNER', { partner: partnerId });
    expect((await lineOf(held, partner)).holds).toHaveLength(1);
  });

  test.each([
    ['an approved one', () => makeApproved(app, staff, partnerId)],
    [
      'a rejected one',
      async () => {
        const id = await pending();
        await app.ask(staff.maria, REJECT, { id, reason: 'x' });
        return id;
      },
    ],
    [
      'a commission that is already held by hand',
      async () => {
        const id = await pending();
        await hold(id);
        return id;
      },
    ],
  ])('refuses a hold on %s', async (_, make) => {
    const refused = await app.refusal(staff.maria, HOLD, { id: await make(), reason: 'x' });
    expect(refused.code).toBe('CONFLICT');
  });
});

describe('a dispute', () => {
  test('reverses the revenue of a lost sale also when its commission rounds to zero', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager, { commissionRate: 10 });
    const id = await makeCommission(app, staff.manager, partnerId, { amount: '0.02' });
    const revenue = async () => {
      const { partner } = await app.ask(
        staff.maria,
        'query ($id: ID!) { partner(id: $id) { metrics { revenue { amount } } } }',
        {
          id: partnerId,
        },
      );
      return partner.metrics.revenue.amount;
    };
    expect(await revenue()).toBe('0.02');
    await resolve(await dispute(id), 'LOST');
    expect(await revenue()).toBe('0.00');
  });

  test('reverses a pending commission when its dispute is lost, and sets it to pending when the dispute is won later', async () => {
    const id = await pending();
    const opened = await dispute(id);
    await resolve(opened, 'LOST');
    expect(await lineOf(id)).toMatchObject({ status: 'REVERSED', holds: [{ outcome: 'LOST' }] });
    await resolve(opened, 'WON');
    const lines = await linesOf(app, partnerId);
    expect(lines.map(({ type, status, minor }) => [type, status, minor])).toEqual([
      ['ONE_TIME', 'REVERSED', 1_000],
      ['REVERSAL', 'REVERSED', -1_000],
      ['ADJUSTMENT', 'PENDING', 1_000],
    ]);
    const back = lines[2]?.id;
    expect((await lineOf(back as string)).explanation.sentence).toBe(
      '10.00 USD: this sale earned 0.00 USD and now earns 10.00 USD, because its dispute was won. 10.00 USD is 10 % of 100.00 USD, by the rate of tier BRONZE.',
    );
    const { verifyCommission } = await app.ask(
      staff.maria,
      'query ($id: ID!) { verifyCommission(id: $id) { equal } }',
      { id: back },
    );
    expect(verifyCommission.equal).toBe(true);
    await app.ask(staff.tom, APPROVE, { id: back });
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: '10.00' });
  });

  test('reverses only the part that earlier refunds left, and restores no more than that', async () => {
    const id = await makeApproved(app, staff, partnerId);
    await app.ask(staff.maria, REVERSE, { id, input: { amount: '30.00' } });
    const opened = await dispute(id);
    await resolve(opened, 'LOST');
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: '0.00' });
    await resolve(opened, 'WON');
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: '7.00' });
  });

  test('does not change a payout that contains the disputed commission', async () => {
    const id = await makeApproved(app, staff, partnerId);
    const { createPayout } = await app.ask(staff.maria, CREATE_PAYOUT, { input: { partnerId, ...payout } });
    const opened = await dispute(id);
    expect((await lineOf(id)).status).toBe('ALLOCATED');
    await app.ask(staff.maria, 'mutation ($id: ID!) { cancelPayout(id: $id, reason: "x") { id } }', {
      id: createPayout.id,
    });
    expect((await lineOf(id)).status).toBe('HELD');
    await resolve(opened, 'WON');
    expect((await lineOf(id)).status).toBe('APPROVED');
  });

  test('a dispute is resolved, not released; a hold is released, not resolved', async () => {
    const id = await pending();
    const [manual, disputed] = [await hold(id), await dispute(id)];
    const words = { reason: 'x' };
    expect(await app.refusal(staff.maria, RELEASE, { id: disputed, ...words })).toMatchObject({
      reason: 'IS_A_DISPUTE',
    });
    const refused = await app.refusal(staff.maria, RESOLVE, { id: manual, outcome: 'WON', ...words });
    expect(refused.code).toBe('CONFLICT');
  });
});

describe('25 simultaneous requests have one effect:', () => {
  const once = { ok: 1, CONFLICT: 24 };
  test('holding, releasing', async () => {
    const id = await pending();
    expect(tally(await at(25, () => app.send(staff.maria, HOLD, { id, reason: 'x' })))).toEqual(once);
    const [{ id: held }] = (await lineOf(id)).holds;
    expect(tally(await at(25, () => app.send(staff.maria, RELEASE, { id: held, reason: 'x' })))).toEqual(
      once,
    );
    expect((await lineOf(id)).holds).toHaveLength(1);
  });

  test('opening a dispute, losing it, winning it after all', async () => {
    const id = await makeApproved(app, staff, partnerId);
    expect(tally(await at(25, () => app.send(staff.maria, DISPUTE, { id, reason: 'x' })))).toEqual(once);
    const [{ id: opened }] = (await lineOf(id)).holds;
    for (const outcome of ['LOST', 'WON'])
      expect(
        tally(await at(25, () => app.send(staff.maria, RESOLVE, { id: opened, outcome, reason: 'x' }))),
      ).toEqual(once);
    expect((await linesOf(app, partnerId)).map(({ minor }) => minor)).toEqual([1_000, -1_000, 1_000]);
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: '10.00' });
  });
});

describe('constraints of the database for holds', () => {
  const refused = (text: string, ...values: unknown[]) =>
    expect(app.database.pool.query(text, values)).rejects.toMatchObject({ code: '23000' });
  test('the database refuses HELD without a hold, a resume with an open hold, approval or payment of a held commission, and a change of a released hold', async () => {
    const id = await pending();
    await refused("update commissions set status = 'HELD' where id = $1", id);
    const held = await hold(id);
    await refused("update commissions set status = 'PENDING' where id = $1", id);
    await refused(
      "update commissions set status = 'APPROVED', approved_by = 'tom', approved_at = now() where id = $1",
      id,
    );
    await refused('delete from commission_holds where id = $1', held);
    await refused("update commission_holds set reason = 'other' where id = $1", held);
    await release(held);
    await refused('update commission_holds set released_by = null, released_at = null where id = $1', held);
  });
});

/** Lines of sales of 100.00 that nobody made by hand, of a refund period that is over. */
async function insertLines(count: number, of = partnerId): Promise<void> {
  await app.database.pool.query(
    `insert into commissions (id, tenant_id, partner_id, type, method, status, base_minor, base_currency, rate_bps, rate_source, tier,
       rounding_mode, amount_minor, amount_currency, revenue_minor, source, occurred_at, hold_until, metadata)
     select new_id(), 'acme', $2, 'ONE_TIME', 'PERCENTAGE', 'PENDING', 10000, 'USD', 1000, 'TIER', 'BRONZE', 'HALF_UP', 1000, 'USD',
       10000, '(none)', now() - interval '40 days', now() - interval '10 days', '{}' from generate_series(1, $1::int)`,
    [count, of],
  );
  await app.database.pool.query(INSERT_SALE_ITEMS);
}
const runJob = () => autoApprove(contextFor(app.app.services, { actor: system, requestId: randomUUID() }));
const settle = (autoApproved: boolean) =>
  app.ask(
    staff.manager,
    'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { autoApprove } }',
    { input: { autoApprove: autoApproved } },
  );
const statuses = async (of = partnerId) => {
  const counts: Record<string, number> = {};
  for (const { status } of await linesOf(app, of)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const APPROVE_ALL = `mutation ($filter: CommissionFilter, $limit: Int = 10000) {
  approveAll(filter: $filter, limit: $limit) { approved skipped { reason count } } }`;

describe('automatic approval', () => {
  afterAll(() => settle(false));

  test('approves automatically only in programs that turned it on', async () => {
    await insertLines(1);
    await runJob();
    expect(await statuses()).toEqual({ PENDING: 1 });
  });

  test('approves commissions after their hold days, with their refunds, and nothing else', async () => {
    await settle(true);
    await insertLines(3);
    const [refunded, held] = await linesOf(app, partnerId);
    await app.ask(staff.maria, REVERSE, { id: refunded?.id, input: { amount: '40.00' } });
    await hold(held?.id as string);
    await pending({ occurredAt: '2026-01-01T00:00:00Z' }); // made by hand
    await insertLines(1);
    const [early] = (await linesOf(app, partnerId)).slice(-1);
    await app.database.pool.query(
      "update commissions set hold_until = now() + interval '1 minute' where id = $1",
      [early?.id],
    );
    const away = (await makePartner(app, staff.manager)).id;
    await insertLines(1, away);
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { updatePartner(id: $id, input: { status: SUSPENDED }) { id } }',
      { id: away },
    );
    await runJob();
    expect(await statuses()).toEqual({ APPROVED: 3, HELD: 1, PENDING: 2 }); // two lines and a refund
    expect(await statuses(away)).toEqual({ PENDING: 1 });
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({
      payable: '16.00',
      pending: '30.00',
    });
    const { rows } = await app.database.pool.query(
      "select actor_id, actor_role, cardinality(subjects) as subjects, after from audit_events where action = 'commissions.approved' order by id desc limit 1",
    );
    expect(rows).toEqual([
      expect.objectContaining({
        ...{ actor_id: 'system', actor_role: 'SYSTEM' },
        after: expect.objectContaining({ status: 'APPROVED' }),
      }),
    ]);
    expect(
      (
        await app.ask(staff.maria, 'query ($id: ID!) { commission(id: $id) { approvedBy } }', {
          id: refunded?.id,
        })
      ).commission.approvedBy,
    ).toBe('system');
  });

  test('25 simultaneous jobs approve each commission once', async () => {
    await settle(true);
    await insertLines(50);
    await Promise.all(Array.from({ length: 25 }, runJob));
    await runJob();
    expect(await statuses()).toEqual({ APPROVED: 50 });
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: '500.00' });
  });

  test('handles 10,000 commissions in seconds', { tags: ['slow'], timeout: 120_000 }, async () => {
    await settle(true);
    await insertLines(10_000);
    const start = performance.now();
    await runJob();
    const took = performance.now() - start;
    process.stdout.write(`10,000 lines approved by the job in ${Math.round(took)} ms\n`);
    expect(await statuses()).toEqual({ APPROVED: 10_000 });
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: '100000.00' });
    expect(took).toBeLessThan(60_000);
  });
});

describe('approving all of a filter', () => {
  test("skips held commissions and the caller's own, and counts them", async () => {
    const admin = staff.admin;
    await insertLines(4);
    const [held] = await linesOf(app, partnerId);
    await hold(held?.id as string);
    for (let i = 0; i < 2; i++) await makeCommission(app, admin, partnerId);
    const filter = { partnerId };
    expect((await app.ask(admin, APPROVE_ALL, { filter, limit: 1 })).approveAll).toEqual({
      approved: 1,
      skipped: [],
    });
    const { approveAll } = await app.ask(admin, APPROVE_ALL, { filter });
    expect(approveAll.approved).toBe(2);
    expect(approveAll.skipped).toEqual(
      expect.arrayContaining([
        { reason: 'HELD', count: 1 },
        { reason: 'OWN_LINE', count: 2 },
      ]),
    );
    expect((await app.ask(staff.maria, APPROVE_ALL, { filter })).approveAll.approved).toBe(2);
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({
      payable: '50.00',
      pending: '10.00',
    });
  });

  test('25 simultaneous requests approve each commission once', async () => {
    await insertLines(50);
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => app.ask(staff.maria, APPROVE_ALL, { filter: { partnerId } })),
    );
    expect(answers.reduce((sum, { approveAll }) => sum + approveAll.approved, 0)).toBe(50);
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: '500.00' });
  });

  test('handles 10,000 commissions in seconds', { tags: ['slow'], timeout: 120_000 }, async () => {
    await insertLines(10_000);
    const start = performance.now();
    const { approveAll } = await app.ask(staff.maria, APPROVE_ALL, { filter: { partnerId } });
    const took = performance.now() - start;
    process.stdout.write(`10,000 lines approved by approveAll in ${Math.round(took)} ms\n`);
    expect(approveAll).toEqual({ approved: 10_000, skipped: [] });
    expect(took).toBeLessThan(60_000);
  });

  test.each([0, 10_001])('refuses a limit of %s', async (limit) => {
    expect(await app.refusal(staff.maria, APPROVE_ALL, { limit })).toMatchObject({ field: 'limit' });
  });
});

test('a rejection stores the code of its reason', async () => {
  const id = await pending();
  const { rejectCommission } = await app.ask(
    staff.maria,
    `mutation ($id: ID!) { rejectCommission(id: $id, reason: "seen before", code: DUPLICATE) { rejectCode reason } }`,
    { id },
  );
  expect(rejectCommission).toEqual({ rejectCode: 'DUPLICATE', reason: 'seen before' });
});

describe('rejecting many', () => {
  const REJECT_MANY = `mutation ($ids: [ID!]!, $code: RejectCode) { rejectCommissions(ids: $ids, reason: "a test order", code: $code) {
    rejected { id status rejectCode reason } failures { id code message } } }`;
  const rejectMany = async (ids: string[], by = staff.maria) =>
    (await app.ask(by, REJECT_MANY, { ids, code: 'FRAUD' })).rejectCommissions;

  test('rejects each commission separately, withdraws the amounts owed, and names the failures', async () => {
    const waits = await pending();
    const owed = await makeApproved(app, staff, partnerId);
    const held = await pending();
    await app.ask(staff.maria, HOLD, { id: held, reason: 'to look at' });
    const paid = await makeApproved(app, staff, partnerId, { occurredAt: '2026-03-01T00:00:00Z' });
    await app.ask(staff.maria, CREATE_PAYOUT, {
      input: { partnerId, periodStart: '2026-03-01', periodEnd: '2026-03-31' },
    });
    const nobody = randomUUID();
    const { rejected, failures } = await rejectMany([waits, paid, owed, nobody, 'x', held, waits]);
    const reason = 'a test order';
    expect(rejected).toEqual(
      [waits, owed, held].map((id) => ({ id, status: 'REJECTED', rejectCode: 'FRAUD', reason })),
    );
    expect(failures.map(({ id, code }: { id: string; code: string }) => [id, code])).toEqual([
      [paid, 'CONFLICT'],
      [nobody, 'NOT_FOUND'],
      ['x', 'BAD_USER_INPUT'],
    ]);
    // What the payout has claimed stays owed until it is sent; everything else is owed no more.
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: '10.00', pending: '0.00' });
  });

  test('25 simultaneous requests reject each commission once, and each accrual has one reversing posting', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => makeApproved(app, staff, partnerId)));
    const answers = await Promise.all(Array.from({ length: 25 }, () => rejectMany(ids)));
    expect(answers.reduce((sum, { rejected }) => sum + rejected.length, 0)).toBe(3);
    expect(await balanceOf(app, staff.maria, partnerId)).toMatchObject({ payable: '0.00' });
  });
});

test('pending commissions can be filtered by the end of their hold days', async () => {
  const over = await pending({ occurredAt: '2026-01-01T00:00:00Z' });
  const young = await pending();
  const queue = async (pastHold: boolean) =>
    (
      await app.ask(
        staff.maria,
        'query ($filter: CommissionFilter) { commissions(filter: $filter) { edges { node { id } } } }',
        { filter: { partnerId, status: 'PENDING', pastHold } },
      )
    ).commissions.edges.map(({ node }: { node: { id: string } }) => node.id);
  expect(await queue(true)).toEqual([over]);
  expect(await queue(false)).toEqual([young]);
});
