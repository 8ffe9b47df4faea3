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
  const SETTINGS =
    'mutation ($input: UpdateFraudSettingsInput!) { updateFraudSettings(input: $input) { threshold } }';
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
    const { holdCommission } = await act(eve, HOLD, { id, reason: 'to look at' });
    expect(await refusal(staff.tom, APPROVE, { id: trueUp })).toMatchObject({
      reason: 'HELD',
      message: expect.stringContaining('MANUAL (to look at)'),
    });
    await act(eve, RELEASE, { id: holdCommission.holds[0].id, reason: 'looked at' });
    await act(staff.tom, APPROVE, { id });
  });
});
