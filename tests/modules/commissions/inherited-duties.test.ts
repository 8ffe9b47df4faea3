import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { autoApprove } from '../../../src/modules/commissions/commission/approve-many.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  DISPUTE,
  HOLD,
  linesOf,
  makeCommission,
  makePartner,
  RELEASE,
  RESOLVE,
  staffOf,
} from '../../support/make.ts';

let app: TestApp;
let tenant: string;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partnerId: string;
/** Three people who may do everything. */
let [ann, bob, eve]: string[] = [];
beforeAll(async () => {
  app = await createTestApp();
});
beforeEach(async () => {
  tenant = `d${randomUUID().slice(0, 8)}`;
  staff = await staffOf(app, tenant);
  partnerId = (await makePartner(app, staff.manager, { email: 'p@partner.example' })).id;
  [ann, bob, eve] = await Promise.all(
    ['ann', 'bob', 'eve'].map((user) => app.token('PLATFORM_ADMIN', { tenant, user })),
  );
});
afterAll(() => app.close());

type Who = string | undefined;
const act = (who: Who, document: string, variables: object) => app.ask(who ?? null, document, variables);
const refusal = (who: Who, document: string, variables: object) =>
  app.refusal(who ?? null, document, variables);

/** Opens a dispute of the commission, loses it and wins it back. Returns the id of the restored commission. */
async function loseAndWin(
  id: string,
  { opens, loses, wins }: { opens: Who; loses: Who; wins: Who },
): Promise<string> {
  const { openDispute } = await act(opens, DISPUTE, { id, reason: 'chargeback' });
  const dispute = openDispute.holds.at(-1).id;
  await act(loses, RESOLVE, { id: dispute, outcome: 'LOST', reason: 'decided' });
  await act(wins, RESOLVE, { id: dispute, outcome: 'WON', reason: 'decided again' });
  const lines = await linesOf(app, partnerId);
  return lines.findLast(({ type }) => type === 'ADJUSTMENT')?.id as string;
}

const SETTINGS =
  'mutation ($input: UpdateFraudSettingsInput!) { updateFraudSettings(input: $input) { threshold } }';
const sumOfLines = async (): Promise<number> =>
  (await linesOf(app, partnerId)).reduce(
    (sum, { minor, status }) => (status === 'REJECTED' ? sum : sum + minor),
    0,
  );

const statusOf = async (id: string): Promise<string> =>
  (await linesOf(app, partnerId)).find((line) => line.id === id)?.status as string;

describe('a commission that a dispute restored', () => {
  test('is not approved by the person who created its sale', async () => {
    const id = await makeCommission(app, ann as string, partnerId);
    const restored = await loseAndWin(id, { opens: ann, loses: ann, wins: ann });
    expect(await refusal(ann, APPROVE, { id: restored })).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/so another person must approve (it|this one)\.$/),
    });
    await act(eve, APPROVE, { id: restored });
  });

  test.each([
    ['opened the dispute', { opens: 'bob', loses: 'eve', wins: 'eve' }],
    ['lost the dispute', { opens: 'eve', loses: 'bob', wins: 'eve' }],
    ['won the dispute', { opens: 'eve', loses: 'eve', wins: 'bob' }],
  ])('is not approved by the person who %s', async (_, by) => {
    const people: Record<string, Who> = { bob, eve };
    const who = (name: string) => people[name];
    const id = await makeCommission(app, ann as string, partnerId);
    const restored = await loseAndWin(id, {
      ...{ opens: who(by.opens), loses: who(by.loses), wins: who(by.wins) },
    });
    for (const document of [APPROVE, 'mutation ($id: ID!) { approveCommission(id: $id) { id } }'])
      expect(await refusal(bob, document, { id: restored })).toMatchObject({ code: 'FORBIDDEN' });
    const many =
      'mutation ($ids: [ID!]!) { approveCommissions(ids: $ids) { approved { id } failures { code } } }';
    expect((await act(bob, many, { ids: [restored] })).approveCommissions).toMatchObject({
      approved: [],
      failures: [{ code: 'FORBIDDEN' }],
    });
    const all =
      'mutation ($id: ID!) { approveAll(filter: { partnerId: $id }) { approved skipped { reason } } }';
    expect((await act(bob, all, { id: partnerId })).approveAll).toMatchObject({
      approved: 0,
      skipped: [{ reason: 'OWN_LINE' }],
    });
    await act(staff.tom, APPROVE, { id: restored });
  });

  test('is not approved by its maker after a second dispute, nor by a person who decided the first one', async () => {
    const id = await makeCommission(app, ann as string, partnerId);
    const once = await loseAndWin(id, { opens: bob, loses: bob, wins: bob });
    const twice = await loseAndWin(once, { opens: eve, loses: eve, wins: eve });
    expect(twice).not.toBe(once);
    for (const who of [ann, bob, eve])
      expect(await refusal(who, APPROVE, { id: twice })).toMatchObject({ code: 'FORBIDDEN' });
    await act(staff.tom, APPROVE, { id: twice });
  });

  test('cannot be approved by its maker past the application, by an update of the row', async () => {
    const id = await makeCommission(app, ann as string, partnerId);
    const restored = await loseAndWin(id, { opens: ann, loses: ann, wins: bob });
    for (const approver of ['ann', 'bob'])
      await expect(
        app.database.pool.query(
          "update commissions set status = 'APPROVED', approved_by = $2, approved_at = now() where id = $1",
          [restored, approver],
        ),
      ).rejects.toThrow('Another person must approve this commission.');
  });

  test('keeps the approver of its sale when it was owed before', async () => {
    const id = await makeCommission(app, ann as string, partnerId);
    await act(bob, APPROVE, { id });
    const restored = await loseAndWin(id, { opens: ann, loses: ann, wins: ann });
    const { rows } = await app.database.pool.query(
      'select status, approved_by from commissions where id = $1',
      [restored],
    );
    expect(rows).toEqual([{ status: 'APPROVED', approved_by: 'bob' }]);
  });

  test('is not approved automatically when a person created its sale by hand', async () => {
    await act(
      staff.manager,
      'mutation { updateProgram(input: { autoApprove: true, holdDays: 0 }) { holdDays } }',
      {},
    );
    const id = await makeCommission(app, ann as string, partnerId, { occurredAt: '2026-01-01T00:00:00Z' });
    const restored = await loseAndWin(id, { opens: bob, loses: bob, wins: bob });
    await autoApprove(contextFor(app.app.services, { actor: system, requestId: 'test' }));
    expect(await statusOf(restored)).toBe('PENDING');
  });
});

describe('a hold that a lost dispute ended', () => {
  const REVIEWS = `{ fraudReviews(filter: { state: OPEN }) { edges { node { id hits { rule evidence } commission { id status } } } } }`;
  const RELEASE_REVIEW = 'mutation ($id: ID!) { releaseReview(id: $id, reason: "a true sale") { id state } }';
  const reviews = async () =>
    (await act(staff.maria, REVIEWS, {})).fraudReviews.edges.map(({ node }: { node: object }) => node);

  test('for risk comes back with its review when the dispute is won', async () => {
    await act(staff.manager, SETTINGS, {
      input: { rules: [{ rule: 'PARTNER_VELOCITY', mode: 'HOLD', limit: 1 }] },
    });
    const id = await makeCommission(app, ann as string, partnerId);
    expect(await statusOf(id)).toBe('HELD');
    const restored = await loseAndWin(id, { opens: bob, loses: bob, wins: bob });
    expect(await statusOf(restored)).toBe('HELD');
    expect(await refusal(staff.tom, APPROVE, { id: restored })).toMatchObject({ reason: 'HELD' });
    const [review, ...others] = await reviews();
    expect(others).toEqual([]);
    expect(review).toMatchObject({
      commission: { id: restored, status: 'HELD' },
      hits: [{ rule: 'PARTNER_VELOCITY', evidence: { limit: 1 } }],
    });
    expect(await refusal(ann, RELEASE_REVIEW, { id: review.id })).toMatchObject({ code: 'FORBIDDEN' });
    await act(eve, RELEASE_REVIEW, { id: review.id });
    expect(await statusOf(restored)).toBe('PENDING');
    await act(staff.tom, APPROVE, { id: restored });
  });

  test('for risk stays away when a review released it before', async () => {
    await act(staff.manager, SETTINGS, {
      input: { rules: [{ rule: 'PARTNER_VELOCITY', mode: 'HOLD', limit: 1 }] },
    });
    const id = await makeCommission(app, ann as string, partnerId);
    const [review] = await reviews();
    await act(eve, RELEASE_REVIEW, { id: review.id });
    const restored = await loseAndWin(id, { opens: bob, loses: bob, wins: bob });
    expect(await statusOf(restored)).toBe('PENDING');
    expect(await refusal(eve, APPROVE, { id: restored })).toMatchObject({ code: 'FORBIDDEN' });
  });

  test('by hand comes back too, and its maker does not release it', async () => {
    const id = await makeCommission(app, ann as string, partnerId);
    await act(bob, HOLD, { id, reason: 'to look at' });
    const restored = await loseAndWin(id, { opens: bob, loses: bob, wins: bob });
    expect(await statusOf(restored)).toBe('HELD');
    const { commission } = await act(
      staff.tom,
      'query ($id: ID!) { commission(id: $id) { holds { id kind reason placedBy } } }',
      {
        id: restored,
      },
    );
    expect(commission.holds).toMatchObject([{ kind: 'MANUAL', reason: 'to look at', placedBy: 'bob' }]);
    const [{ id: hold }] = commission.holds;
    expect(await refusal(ann, RELEASE, { id: hold, reason: 'mine' })).toMatchObject({ code: 'FORBIDDEN' });
    await expect(
      app.database.pool.query(
        "update commission_holds set released_by = 'ann', released_at = now(), release_reason = 'x' where id = $1",
        [hold],
      ),
    ).rejects.toThrow('Another person must release this hold.');
    await act(bob, RELEASE, { id: hold, reason: 'looked at' });
    expect(await statusOf(restored)).toBe('PENDING');
  });
});

describe('a true-up', () => {
  const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
  const bands = {
    ...{ name: 'bands', method: 'TIERED', currency: 'USD', effectiveAt: '2020-01-01T00:00:00Z' },
    ...{ bandMode: 'RETROACTIVE', bandPeriod: 'MONTH' },
    bands: [
      { from: '0', rate: 10 },
      { from: '5000', rate: 20 },
    ],
  };

  test('is not approved by the maker of its sale or of the sale that caused it, nor while its sale is held', async () => {
    await act(staff.manager, RULE, { input: { ...bands, partnerId } });
    const id = await makeCommission(app, bob as string, partnerId, { amount: '4000' });
    await makeCommission(app, ann as string, partnerId, { amount: '2000' });
    const trueUp = (await linesOf(app, partnerId)).find(({ type }) => type === 'TRUE_UP')?.id as string;
    for (const who of [ann, bob])
      expect(await refusal(who, APPROVE, { id: trueUp })).toMatchObject({ code: 'FORBIDDEN' });
    // Nor past the application, together with its sale.
    await expect(
      app.database.pool.query(
        "update commissions set status = 'APPROVED', approved_by = 'ann', approved_at = now() where id = any($1)",
        [[id, trueUp]],
      ),
    ).rejects.toThrow('Another person must approve this commission.');
    const { holdCommission } = await act(eve, HOLD, { id, reason: 'to look at' });
    expect(await refusal(staff.tom, APPROVE, { id: trueUp })).toMatchObject({
      reason: 'HELD',
      message: expect.stringContaining('MANUAL (to look at)'),
    });
    await act(eve, RELEASE, { id: holdCommission.holds[0].id, reason: 'looked at' });
    await act(staff.tom, APPROVE, { id });
  });

  const raised = async () =>
    (await linesOf(app, partnerId)).findLast(({ type }) => type === 'TRUE_UP')?.id as string;

  test('is not approved by a person who released the sale that caused it', async () => {
    await act(staff.manager, RULE, { input: { ...bands, partnerId } });
    await makeCommission(app, bob as string, partnerId, { amount: '4000' });
    const id = await makeCommission(app, ann as string, partnerId, { amount: '2000' });
    const trueUp = await raised();
    const { holdCommission } = await act(staff.maria, HOLD, { id, reason: 'to look at' });
    await act(eve, RELEASE, { id: holdCommission.holds[0].id, reason: 'looked at' });
    expect(await refusal(eve, APPROVE, { id: trueUp })).toMatchObject({
      message: expect.stringMatching(
        /^You disputed, decided or took back the commission that this one comes from/,
      ),
    });
    await act(staff.tom, APPROVE, { id: trueUp });
  });

  test('that no person approved stays unapproved and held when a dispute over its sale is won after all', async () => {
    await act(staff.manager, RULE, { input: { ...bands, partnerId } });
    const id = await makeCommission(app, bob as string, partnerId, { amount: '4000' });
    await act(staff.tom, APPROVE, { id });
    const cause = await makeCommission(app, ann as string, partnerId, { amount: '2000' });
    await act(staff.maria, HOLD, { id: cause, reason: 'to look at' });
    const restored = await loseAndWin(id, { opens: bob, loses: bob, wins: bob });
    const lines = await linesOf(app, partnerId);
    expect(lines.find((line) => line.id === restored)).toMatchObject({ status: 'APPROVED', minor: 40_000 });
    const back = lines.find(
      (line) => line.type === 'TRUE_UP' && line.minor === 40_000 && line.status === 'PENDING',
    );
    expect(await refusal(staff.tom, APPROVE, { id: back?.id })).toMatchObject({
      reason: 'HELD',
      message: expect.stringContaining('MANUAL (to look at)'),
    });
    expect(await sumOfLines()).toBe(120_000);
  });

  test('that was approved is restored as it was, by its approver', async () => {
    await act(staff.manager, RULE, { input: { ...bands, partnerId } });
    const id = await makeCommission(app, bob as string, partnerId, { amount: '4000' });
    await makeCommission(app, ann as string, partnerId, { amount: '2000' });
    for (const line of await linesOf(app, partnerId)) await act(staff.tom, APPROVE, { id: line.id });
    await loseAndWin(id, { opens: bob, loses: bob, wins: bob });
    const { rows } = await app.database.pool.query(
      "select type, amount_minor::int as minor, approved_by from commissions where partner_id = $1 and status = 'APPROVED' order by id",
      [partnerId],
    );
    expect(rows).toEqual([
      { type: 'ONE_TIME', minor: 40_000, approved_by: 'tom' },
      { type: 'TRUE_UP', minor: -20_000, approved_by: 'tom' },
      { type: 'ADJUSTMENT', minor: 40_000, approved_by: 'tom' },
      { type: 'TRUE_UP', minor: 40_000, approved_by: 'tom' },
      { type: 'TRUE_UP', minor: 20_000, approved_by: 'tom' },
    ]);
    expect(await sumOfLines()).toBe(120_000);
  });

  test('waits for the risk review of the sale that caused it, also when a dispute over that sale is won after all', async () => {
    await act(staff.manager, RULE, { input: { ...bands, partnerId } });
    await makeCommission(app, bob as string, partnerId, { amount: '4000' });
    await act(staff.manager, SETTINGS, {
      input: { rules: [{ rule: 'PARTNER_VELOCITY', mode: 'HOLD', limit: 1 }] },
    });
    const cause = await makeCommission(app, ann as string, partnerId, { amount: '2000' });
    const restored = await loseAndWin(cause, { opens: bob, loses: bob, wins: bob });
    expect(await statusOf(restored)).toBe('HELD');
    expect(await refusal(staff.tom, APPROVE, { id: await raised() })).toMatchObject({ reason: 'HELD' });
  });

  test('that is held by hand stays held when a dispute over the sale that caused it is won after all', async () => {
    await act(staff.manager, RULE, { input: { ...bands, partnerId } });
    await makeCommission(app, bob as string, partnerId, { amount: '4000' });
    const cause = await makeCommission(app, ann as string, partnerId, { amount: '2000' });
    await act(staff.maria, HOLD, { id: await raised(), reason: 'to look at' });
    await loseAndWin(cause, { opens: bob, loses: bob, wins: bob });
    expect(await statusOf(await raised())).toBe('HELD');
  });

  test('at the rate of a tier is not approved by the person who chose the tier of the partner', async () => {
    const set = (who: Who, tier: string) =>
      act(
        who,
        'mutation ($id: ID!, $tier: PartnerTier) { updatePartner(id: $id, input: { tier: $tier }) { id } }',
        { id: partnerId, tier },
      );
    await set(bob, 'GOLD');
    const id = await makeCommission(app, ann as string, partnerId);
    expect(await refusal(bob, APPROVE, { id })).toMatchObject({
      message: 'You set the rule or rate that computed this commission, so another person must approve it.',
    });
    await act(eve, APPROVE, { id });
  });
});

describe('a sale that earned nothing when it was recorded', () => {
  const SELL =
    'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { commissions { id status } refused { reason } } }';
  const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { id } }';
  const sell = async (orderId: string) =>
    (
      await act(ann, SELL, {
        input: {
          partnerId,
          orderId: `${partnerId} ${orderId}`,
          customerId: 'buyer',
          lines: [{ amount: '100.00' }],
        },
      })
    ).recordSale;
  const refund = (orderId: string) =>
    act(staff.tom, REFUND, { input: { orderId: `${partnerId} ${orderId}`, reason: 'returned' } });

  beforeEach(async () => {
    const affiliate = { firstPurchaseOnly: true };
    partnerId = (
      await makePartner(app, staff.manager, {
        partnerType: 'AFFILIATE',
        email: 'a@affiliate.example',
        affiliate,
      })
    ).id;
  });

  test('is checked by the risk rules when an earlier refund makes it earn', async () => {
    await act(staff.manager, SETTINGS, {
      input: { rules: [{ rule: 'PARTNER_VELOCITY', mode: 'HOLD', limit: 1 }] },
    });
    await sell('first');
    expect(await sell('second')).toMatchObject({ refused: [{ reason: 'NOT_FIRST_PURCHASE' }] });
    await refund('first');
    const earns = (await linesOf(app, partnerId)).find(
      ({ minor, status }) => minor > 0 && status !== 'REVERSED',
    );
    expect(earns).toMatchObject({ type: 'ONE_TIME', status: 'HELD' });
    expect(await refusal(staff.maria, APPROVE, { id: earns?.id })).toMatchObject({ reason: 'HELD' });
    expect(await refusal(ann, APPROVE, { id: earns?.id })).toMatchObject({
      code: expect.stringMatching(/CONFLICT|FORBIDDEN/),
    });
  });

  test('keeps the hold of a sale that stopped earning in between', async () => {
    await act(staff.manager, SETTINGS, {
      input: { rules: [{ rule: 'PARTNER_VELOCITY', mode: 'HOLD', limit: 1 }] },
    });
    await act(ann, SELL, {
      input: {
        partnerId,
        orderId: `${partnerId} late`,
        customerId: 'buyer',
        lines: [{ amount: '100.00' }],
        occurredAt: '2026-03-10T00:00:00Z',
      },
    });
    await act(staff.manager, SETTINGS, { input: { rules: [{ rule: 'PARTNER_VELOCITY', mode: 'OFF' }] } });
    await act(ann, SELL, {
      input: {
        partnerId,
        orderId: `${partnerId} early`,
        customerId: 'buyer',
        lines: [{ amount: '100.00' }],
        occurredAt: '2026-03-01T00:00:00Z',
      },
    });
    expect((await linesOf(app, partnerId))[0]).toMatchObject({ status: 'REVERSED' });
    await refund('early');
    expect(
      await statusOf(
        await (async () =>
          (await linesOf(app, partnerId)).findLast(({ minor }) => minor > 0)?.id as string)(),
      ),
    ).toBe('HELD');
  });
});
