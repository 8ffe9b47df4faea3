import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { normalEmail } from '../../../src/domain/fraud.ts';
import { query } from '../../../src/kernel/data/rows.ts';
import { sql } from '../../../src/kernel/data/sql.ts';
import { type Actor, actorOf, system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { rateLines } from '../../../src/modules/commissions/sales/rate-lines.ts';
import { applyRetention } from '../../../src/modules/privacy/privacy/retention.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  APPROVE,
  anAccount,
  CONVERT,
  CREATE_COMMISSION,
  CREATE_PAYOUT,
  ERASE_PERSON,
  HOLD,
  linesOf,
  makeCommission,
  makePartner,
  RELEASE,
  REVERSE,
  SET_PAYOUT_ACCOUNT,
  staffOf,
  TRACK,
  tally,
} from '../../support/make.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const SETTINGS = `mutation ($input: UpdateFraudSettingsInput!) { updateFraudSettings(input: $input) {
  threshold rules { rule mode recommended weight limit } } }`;
const LIST = `mutation ($input: FraudListEntryInput!) { addFraudListEntry(input: $input, reason: "seen before") {
  id list domain addedBy customer { externalId } } }`;
const UNLIST = 'mutation ($id: ID!) { removeFraudListEntry(id: $id, reason: "a mistake") { id removedAt } }';
const REVIEWS = `query ($filter: FraudReviewFilter, $first: Int, $after: String) { fraudReviews(filter: $filter, first: $first, after: $after) {
  totalCount pageInfo { endCursor hasNextPage }
  edges { node { id outcome score shadowScore threshold state decidedBy reason amount { amount currency } broughtBy
    partner { id } commission { id status rejectCode reason } customer { externalId } hits { rule mode weight evidence } } } } }`;
const RELEASE_REVIEW =
  'mutation ($id: ID!) { releaseReview(id: $id, reason: "a true sale") { id state decidedBy reason } }';
const CONFIRM =
  'mutation ($id: ID!) { confirmFraud(id: $id, reason: "bought by itself") { id state commission { status rejectCode } } }';
const DECIDE = `mutation ($ids: [ID!]!, $decision: FraudDecision!) { decideReviews(ids: $ids, decision: $decision, reason: "looked at") {
  decided failures { id code message } } }`;
const FIGURES = `noted wouldHold held blocked released confirmed
  wouldHoldAmounts { amount currency } wouldHoldRefunded { amount } heldAmounts { amount } heldRefunded { amount }`;
const REPORT = `query ($from: LocalDate!, $to: LocalDate!) { fraudReport(from: $from, to: $to) {
  total { ${FIGURES} } rules { rule ${FIGURES} } } }`;
const RECORD = `mutation ($input: RecordConversionInput!) { recordConversion(input: $input) {
  id status commissions { id status } partner { id } } }`;
const SALE = `mutation ($input: RecordSaleInput!) { recordSale(input: $input) {
  commissions { id status } refused { product reason } } }`;
const LINE = 'query ($id: ID!) { commission(id: $id) { status holds { id kind reason releasedAt } } }';

type Rule = { rule: string; mode?: string; weight?: number; limit?: number };

/** A program of its own with these rules on, its partner and that partner's person. */
async function program(...rules: Rule[]) {
  const tenant = `f${randomUUID().slice(0, 8)}`;
  const staff = await staffOf(app, tenant);
  const { manager } = staff;
  const partner = await makePartner(app, manager, { email: 'John.Doe@Partner.example', commissionRate: 10 });
  if (rules.length) await app.ask(manager, SETTINGS, { input: { rules } });
  const track = async (code = partner.referralCode, more: object = {}) => {
    const input = { referralCode: code, ...more };
    return (await app.ask(manager, TRACK, { input })).trackReferral as { id: string; visitorId: string };
  };
  /** A click and the purchase that closes it. */
  async function buys(
    customerId: string,
    more: { email?: string; payment?: string; click?: string; code?: string } = {},
  ) {
    const id = more.click ?? (await track(more.code)).id;
    const input = {
      customerId,
      amount: '100.00',
      ...(more.email && { customerEmail: more.email }),
      ...(more.payment && { paymentFingerprint: more.payment }),
    };
    const { convertReferral } = await app.ask(manager, CONVERT, { id, input });
    return convertReferral.commissions as { id: string; status: string }[];
  }
  const reviews = async (filter: object | null = null, by = staff.maria) =>
    (await app.ask(by, REVIEWS, { filter, first: 100 })).fraudReviews.edges.map(
      ({ node }: { node: object }) => node,
    );
  const sql = (text: string, ...values: unknown[]) => app.database.pool.query(text, values);
  return { tenant, staff, partner, track, buys, reviews, sql };
}
const held = (rule: string, more: object = {}): Rule => ({ rule, mode: 'HOLD', ...more });
const blocks = (rule: string): Rule => ({ rule, mode: 'BLOCK' });
const now = () => new Date().toISOString().slice(0, 10);

test('the database normalises an e-mail address like the domain', async () => {
  const local = fc.stringMatching(/^[A-Za-z0-9.+_@" -]{0,12}$/);
  const host = fc.constantFrom('gmail.com', 'GoogleMail.com', 'acme.com', 'x', '');
  const emails = fc.sample(
    fc.tuple(local, fc.constantFrom('@', ''), host).map((parts) => parts.join('')),
    600,
  );
  const { rows } = await app.database.pool.query<{ email: string; normal: string }>(
    'select email, normal_email(email) as normal from unnest($1::text[]) email',
    [emails],
  );
  const differ = rows.filter(({ email, normal }) => normal !== normalEmail(email));
  expect(differ).toEqual([]);
  expect(rows.length).toBe(600);
});

describe('the risk rules of a program', () => {
  test('risk rules are OFF by default: nothing is recorded and nothing is held', async () => {
    const { staff, buys, reviews } = await program();
    const { fraudSettings } = await app.ask(
      staff.manager,
      '{ fraudSettings { threshold rules { rule mode recommended limit } } }',
    );
    expect(fraudSettings.threshold).toBe(50);
    expect(fraudSettings.rules).toHaveLength(14);
    expect(new Set(fraudSettings.rules.map(({ mode }: Rule) => mode))).toEqual(new Set(['OFF']));
    expect(await buys('other', { email: 'jane@elsewhere.example' })).toMatchObject([{ status: 'PENDING' }]);
    // Its own click is no touch of a partner's (DOMAIN section 5), with rules or without.
    expect(await buys('self', { email: 'john.doe+x@partner.example' })).toEqual([]);
    expect(await reviews()).toEqual([]);
  });

  test('an update of risk rules changes only the given settings', async () => {
    const { staff } = await program(held('FAST_PURCHASE', { weight: 70, limit: 30 }));
    const { updateFraudSettings } = await app.ask(staff.manager, SETTINGS, {
      input: { threshold: 80, rules: [{ rule: 'FAST_PURCHASE', mode: 'SHADOW' }] },
    });
    expect(updateFraudSettings.threshold).toBe(80);
    expect(updateFraudSettings.rules).toContainEqual({
      ...{ rule: 'FAST_PURCHASE', mode: 'SHADOW', recommended: 'HOLD', weight: 70, limit: 30 },
    });
  });

  test.each([
    ['a rule that may hit a true sale blocks', [blocks('FAST_PURCHASE')], 'input.rules.0.mode'],
    ['a rule that counts nothing has a limit', [held('SAME_EMAIL', { limit: 3 })], 'input.rules.0.limit'],
    ['a rule is named twice', [held('SAME_EMAIL'), held('SAME_EMAIL')], 'input.rules.1.rule'],
    ['a weight is above 100', [held('SAME_EMAIL', { weight: 101 })], 'input.rules.0.weight'],
  ])('refuses risk rules where %s', async (_, rules, field) => {
    const { staff } = await program();
    const { errors } = await app.send(staff.manager, SETTINGS, { input: { rules } });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });
});

describe('a self-referral', () => {
  test('earns nothing for any spelling of the address, and the purchase is still a conversion', async () => {
    const { partner, buys, reviews, sql } = await program(blocks('SAME_EMAIL'));
    expect(await buys('me', { email: 'JOHN.DOE+shop@partner.example' })).toEqual([]);
    expect(await linesOf(app, partner.id)).toEqual([]);
    expect(await reviews()).toMatchObject([
      {
        ...{ outcome: 'BLOCKED', state: 'NONE', commission: null, partner: { id: partner.id } },
        amount: { amount: '10.00', currency: 'USD' },
        customer: { externalId: 'me' },
        hits: [
          { rule: 'SAME_EMAIL', mode: 'BLOCK', evidence: { comparedWith: 'PARTNER', partner: partner.id } },
        ],
      },
    ]);
    const { rows } = await sql(
      'select after from audit_events where partner_id = $1 order by id desc limit 1',
      partner.id,
    );
    expect(rows[0].after).toMatchObject({ earnsNothing: 'SELF_REFERRAL' });
    expect(await buys('somebody', { email: 'somebody@else.example' })).toHaveLength(1);
  });

  test("is recognised by the members' e-mail addresses and sign-ins", async () => {
    const { tenant, partner, buys, reviews, sql } = await program(blocks('SAME_EMAIL'), blocks('SAME_USER'));
    await sql(
      `insert into members (id, tenant_id, partner_id, email, name, role, status, invited_by, issuer, subject, accepted_at)
       values (gen_random_uuid(), $1, $2, 'Mia@home.example', 'Mia', 'MANAGER', 'ACTIVE', 'x', 'https://id.example', $1 || '|mia', now())`,
      tenant,
      partner.id,
    );
    expect(await buys('c1', { email: 'mia+1@home.example' })).toEqual([]);
    expect(await buys(`${tenant}|mia`)).toEqual([]);
    expect(await buys(partner.id)).toEqual([]);
    expect((await reviews()).flatMap(({ hits }: { hits: Rule[] }) => hits.map(({ rule }) => rule))).toEqual([
      ...['SAME_USER', 'SAME_USER', 'SAME_EMAIL'],
    ]);
  });

  test('is recognised by the payment method, of which only a hash is stored', async () => {
    const { partner, staff, buys, sql } = await program(blocks('SAME_PAYMENT'), {
      rule: 'SAME_EMAIL',
      mode: 'SHADOW',
    });
    expect(await buys('me', { email: 'john.doe@partner.example', payment: 'card_secret_1' })).toEqual([]);
    expect(await buys('straw', { email: 'straw@else.example', payment: 'card_secret_1' })).toEqual([]);
    expect(await buys('true', { email: 'true@else.example', payment: 'card_secret_2' })).toHaveLength(1);
    const sale = { partnerId: partner.id, orderId: randomUUID(), lines: [{ product: 'P', amount: '50.00' }] };
    const { recordSale } = await app.ask(staff.manager, SALE, {
      input: { ...sale, customerId: 'straw-2', paymentFingerprint: 'card_secret_1' },
    });
    expect(recordSale).toMatchObject({
      commissions: [],
      refused: [{ product: 'P', reason: 'SELF_REFERRAL' }],
    });
    const { errors } = await app.send(staff.manager, SALE, { input: { ...sale, paymentFingerprint: 'x' } });
    expect(errors?.[0]?.extensions).toMatchObject({ field: 'input.paymentFingerprint' });
    const { rows } = await sql('select fingerprint from payment_fingerprints');
    expect(rows.every(({ fingerprint }) => /^[0-9a-f]{32}$/.test(fingerprint))).toBe(true);
    expect(JSON.stringify((await sql('select * from idempotency_keys')).rows)).not.toContain('card_secret');
  });

  test('is refused for commissions by hand with the reason, and by the database', async () => {
    const { partner, staff, buys, sql } = await program();
    const [line] = await buys('me');
    expect(await buys('me', { email: 'john.doe@partner.example' })).toEqual([]); // its address is known from now on
    await app.ask(staff.manager, SETTINGS, { input: { rules: [blocks('SAME_EMAIL')] } });
    const input = { partnerId: partner.id, type: 'ONE_TIME', amount: '10.00', customerId: 'me' };
    const { errors } = await app.send(staff.manager, CREATE_COMMISSION, { input });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason: 'SELF_REFERRAL' });
    await expect(
      sql(
        `insert into commissions select (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'conversion_id', null, 'referral_id', null,
           'order_id', 'o', 'status', 'PENDING'))).* from commissions c where id = $1`,
        line?.id,
      ),
    ).rejects.toThrow('A partner earns no commission on its own purchases.');
  });

  test('is allowed while the program allows the customer', async () => {
    const { staff, buys } = await program(blocks('SAME_EMAIL'));
    const { addFraudListEntry } = await app.ask(staff.manager, LIST, {
      input: { list: 'ALLOWED_CUSTOMER', customerId: 'me' },
    });
    expect(addFraudListEntry).toMatchObject({ customer: { externalId: 'me' }, addedBy: 'manager' });
    const email = 'john.doe@partner.example';
    expect(await buys('me', { email })).toHaveLength(1);
    const again = await app.send(staff.manager, LIST, {
      input: { list: 'ALLOWED_CUSTOMER', customerId: 'me' },
    });
    expect(again.errors?.[0]?.extensions).toMatchObject({ reason: 'ALREADY_LISTED' });
    await app.ask(staff.manager, UNLIST, { id: addFraudListEntry.id });
    expect(
      (await app.send(staff.manager, UNLIST, { id: addFraudListEntry.id })).errors?.[0]?.extensions,
    ).toMatchObject({
      reason: 'ALREADY_REMOVED',
    });
    expect(await buys('me', { email })).toEqual([]);
  });
});

describe('a sale is held for a fraud review', () => {
  const rulesOf = (reviews: { hits: Rule[] }[]) => reviews.map(({ hits }) => hits.map(({ rule }) => rule));

  test('holds a sale within seconds of its click, and shows the partner no details', async () => {
    const { partner, staff, tenant, buys, reviews } = await program(held('FAST_PURCHASE'));
    const [line] = await buys('c1');
    expect(line?.status).toBe('HELD');
    expect(await reviews({ state: 'OPEN' })).toMatchObject([
      {
        outcome: 'HELD',
        score: 50,
        threshold: 50,
        state: 'OPEN',
        commission: { id: line?.id, status: 'HELD' },
      },
    ]);
    const own = await app.token('PARTNER', { tenant, partner: partner.id });
    const { commission } = await app.ask(own, LINE, { id: line?.id });
    expect(commission.holds).toMatchObject([
      { kind: 'RISK', reason: 'The program reviews this sale before its approval' },
    ]);
    expect((await app.ask(own, REVIEWS)).fraudReviews).toMatchObject({ totalCount: 0, edges: [] });
    expect((await app.ask(own, REPORT, { from: now(), to: now() })).fraudReport.total.held).toBe(0);
    expect((await app.send(own, '{ fraudSettings { threshold } }')).errors?.[0]?.extensions.code).toBe(
      'FORBIDDEN',
    );
    const { errors } = await app.send(staff.maria, APPROVE, { id: line?.id });
    expect(errors?.[0]?.extensions).toMatchObject({ reason: 'HELD' });
  });

  test('holds a sale to a customer of the same company, except for free mail domains', async () => {
    const { staff, buys, reviews } = await program(held('SAME_COMPANY_DOMAIN'));
    expect(await buys('c1', { email: 'boss@partner.example' })).toMatchObject([{ status: 'HELD' }]);
    await app.ask(staff.manager, LIST, { input: { list: 'FREE_MAIL_DOMAIN', domain: 'Partner.example' } });
    expect(await buys('c2', { email: 'other@partner.example' })).toMatchObject([{ status: 'PENDING' }]);
    expect(await reviews()).toMatchObject([{ hits: [{ evidence: { domain: 'partner.example' } }] }]);
  });

  test('holds a sale with a disposable mailbox, by the built-in list or by the program', async () => {
    const { staff, buys, reviews } = await program(held('DISPOSABLE_EMAIL'));
    expect(await buys('c1', { email: 'a@mx.mailinator.com' })).toMatchObject([{ status: 'HELD' }]);
    expect(await buys('c2', { email: 'a@new-trash.example' })).toMatchObject([{ status: 'PENDING' }]);
    await app.ask(staff.manager, LIST, { input: { list: 'DISPOSABLE_DOMAIN', domain: 'new-trash.example' } });
    expect(await buys('c3', { email: 'a@sub.new-trash.example' })).toMatchObject([{ status: 'HELD' }]);
    await app.ask(staff.manager, LIST, { input: { list: 'FREE_MAIL_DOMAIN', domain: 'mailinator.com' } });
    expect(await buys('c4', { email: 'b@mailinator.com' })).toMatchObject([{ status: 'PENDING' }]);
    expect(await reviews()).toHaveLength(2);
  });

  test('holds a sale when another customer bought from the same address within a day, and the fifth in an hour', async () => {
    const { partner, tenant, track, buys, reviews } = await program(
      held('SAME_ADDRESS', { weight: 30 }),
      held('ADDRESS_VELOCITY', { limit: 3 }),
    );
    const admin = await app.token('PLATFORM_ADMIN', { tenant });
    const from = async (ipAddress: string) => {
      const input = { referralCode: partner.referralCode, ipAddress };
      return (await app.ask(admin, TRACK, { input })).trackReferral.id as string;
    };
    const first = await from('203.0.113.7');
    expect(await buys('a', { click: first })).toMatchObject([{ status: 'PENDING' }]);
    expect(await buys('b', { click: await from('203.0.113.7') })).toMatchObject([{ status: 'PENDING' }]);
    expect(await buys('c', { click: await from('::ffff:203.0.113.7') })).toMatchObject([{ status: 'HELD' }]);
    expect(await buys('d', { click: await from('203.0.113.8') })).toMatchObject([{ status: 'PENDING' }]);
    const found = await reviews();
    expect(rulesOf(found)).toEqual([['ADDRESS_VELOCITY', 'SAME_ADDRESS'], ['SAME_ADDRESS']]);
    expect(found[1]).toMatchObject({
      outcome: 'NOTED',
      score: 30,
      hits: [{ evidence: { referrals: [first] } }],
    });
    expect(JSON.stringify(found)).not.toContain('203.0.113');
    await track();
  });

  test('holds a sale when its partner has too many clicks or sales in an hour', async () => {
    const { partner, tenant, buys, reviews } = await program(
      held('CLICK_FLOOD', { limit: 4 }),
      held('PARTNER_VELOCITY', { limit: 2 }),
    );
    const admin = await app.token('PLATFORM_ADMIN', { tenant });
    const clicks: string[] = [];
    for (let n = 0; n < 4; n++) {
      const input = { referralCode: partner.referralCode, ipAddress: '198.51.100.9' };
      clicks.push((await app.ask(admin, TRACK, { input })).trackReferral.id);
    }
    expect(await buys('a', { click: clicks[0] as string })).toMatchObject([{ status: 'HELD' }]);
    expect(await buys('b')).toMatchObject([{ status: 'HELD' }]);
    expect(rulesOf(await reviews())).toEqual([['PARTNER_VELOCITY'], ['CLICK_FLOOD']]);
  });

  test("holds a sale when a coupon overrides another partner's click", async () => {
    const { staff, partner, track, reviews } = await program(held('FOREIGN_COUPON'));
    const rival = await makePartner(app, staff.manager, { commissionRate: 20 });
    const code = `SAVE-${randomUUID().slice(0, 8)}`;
    await app.ask(
      staff.manager,
      'mutation ($input: CreateCouponInput!) { createCoupon(input: $input) { id } }',
      {
        input: { partnerId: rival.id, code },
      },
    );
    const { visitorId } = await track();
    const input = { customerId: 'c1', visitorId, couponCode: code, amount: '100.00' };
    const { recordConversion } = await app.ask(staff.manager, RECORD, { input });
    expect(recordConversion).toMatchObject({ partner: { id: rival.id }, commissions: [{ status: 'HELD' }] });
    expect(await reviews()).toMatchObject([
      { partner: { id: rival.id }, hits: [{ rule: 'FOREIGN_COUPON', evidence: { partner: partner.id } }] },
    ]);
  });

  test('holds a sale when its partner shares a payout account with another partner', async () => {
    const { staff, partner, buys, reviews } = await program(held('SHARED_PAYOUT_ACCOUNT'));
    const other = await makePartner(app, staff.manager);
    for (const partnerId of [partner.id, other.id])
      await app.ask(staff.admin, SET_PAYOUT_ACCOUNT, { input: anAccount({ partnerId }) });
    expect(await buys('c1')).toMatchObject([{ status: 'HELD' }]);
    expect(await reviews()).toMatchObject([{ hits: [{ evidence: { partners: [other.id] } }] }]);
  });

  test('holds a sale when the program blocked the customer and the rule holds', async () => {
    const { staff, buys } = await program(held('BLOCKED_CUSTOMER'));
    await app.ask(staff.manager, LIST, { input: { list: 'BLOCKED_CUSTOMER', customerId: 'bad' } });
    expect(await buys('bad')).toMatchObject([{ status: 'HELD' }]);
    expect(await buys('good')).toMatchObject([{ status: 'PENDING' }]);
    await app.ask(staff.manager, SETTINGS, { input: { rules: [blocks('BLOCKED_CUSTOMER')] } });
    expect(await buys('bad')).toEqual([]);
  });
});

describe('a review', () => {
  /** A held line and its review. */
  async function waiting() {
    const world = await program(held('FAST_PURCHASE'));
    const [line] = await world.buys(`c-${randomUUID()}`);
    const [review] = await world.reviews({ state: 'OPEN' });
    return { ...world, line: line?.id ?? '', review: review.id as string };
  }
  const statusOf = async (by: string, id: string) => (await app.ask(by, LINE, { id })).commission;

  test('a review that accepts a sale releases only its own hold', async () => {
    const { staff, line, review } = await waiting();
    const stacked = await app.ask(
      staff.tom,
      'mutation ($id: ID!) { openDispute(commissionId: $id, reason: "chargeback") { holds { id kind } } }',
      { id: line },
    );
    expect(stacked.openDispute.holds).toHaveLength(2);
    const { releaseReview } = await app.ask(staff.maria, RELEASE_REVIEW, { id: review });
    expect(releaseReview).toMatchObject({ state: 'RELEASED', decidedBy: 'maria', reason: 'a true sale' });
    const left = await statusOf(staff.maria, line);
    expect(left.status).toBe('HELD');
    expect(left.holds.filter(({ releasedAt }: { releasedAt: string | null }) => !releasedAt)).toMatchObject([
      { kind: 'DISPUTE' },
    ]);
    await app.ask(
      staff.tom,
      'mutation ($id: ID!) { resolveDispute(id: $id, outcome: WON, reason: "paid") { id } }',
      { id: left.holds.find(({ kind }: { kind: string }) => kind === 'DISPUTE').id },
    );
    expect((await statusOf(staff.maria, line)).status).toBe('PENDING');
  });

  test('a review that confirms fraud rejects the commission with that code, and nothing is owed', async () => {
    const { staff, partner, review } = await waiting();
    const { confirmFraud } = await app.ask(staff.maria, CONFIRM, { id: review });
    expect(confirmFraud).toMatchObject({
      state: 'FRAUD',
      commission: { status: 'REJECTED', rejectCode: 'FRAUD' },
    });
    expect(await linesOf(app, partner.id)).toMatchObject([{ status: 'REJECTED' }]);
  });

  test('a review in shadow mode reverses a paid commission in the next payout', async () => {
    const { staff, partner, buys, reviews } = await program({ rule: 'FAST_PURCHASE', mode: 'SHADOW' });
    const [line] = await buys('c1');
    expect(line?.status).toBe('PENDING');
    await app.ask(staff.maria, APPROVE, { id: line?.id });
    const period = { periodStart: '2026-01-01', periodEnd: '2100-01-01' };
    await app.ask(
      staff.admin,
      'mutation ($id: ID!) { updatePartner(id: $id, input: { payoutMethod: STRIPE }) { id } }',
      { id: partner.id },
    );
    await app
      .ask(staff.manager, CREATE_PAYOUT, { input: { partnerId: partner.id, ...period } })
      .catch(() => app.ask(staff.maria, CREATE_PAYOUT, { input: { partnerId: partner.id, ...period } }));
    const [review] = await reviews({ outcome: 'WOULD_HOLD' });
    const { confirmFraud } = await app.ask(staff.tom, CONFIRM, { id: review.id });
    expect(confirmFraud).toMatchObject({ state: 'FRAUD', commission: { status: 'ALLOCATED' } });
    expect(await linesOf(app, partner.id)).toMatchObject([
      { status: 'APPROVED', minor: 1000 },
      { type: 'REVERSAL', status: 'APPROVED', minor: -1000 },
    ]);
  });

  test('a review cannot be decided by the creator of the commission, also not through a key whose secret the creator saw', async () => {
    const { staff, tenant, partner } = await program(held('PARTNER_VELOCITY', { limit: 1 }));
    const admin = await app.token('PLATFORM_ADMIN', { tenant, user: 'maker' });
    await makeCommission(app, admin, partner.id);
    const { fraudReviews } = await app.ask(staff.maria, REVIEWS, { filter: { state: 'OPEN' } });
    const { id } = fraudReviews.edges[0].node;
    for (const document of [RELEASE_REVIEW, CONFIRM]) {
      const { errors } = await app.send(admin, document, { id });
      expect(errors?.[0]).toMatchObject({
        extensions: { code: 'FORBIDDEN' },
        message: 'You created this commission or recorded its sale, so another person must review it.',
      });
    }
    const bulk = await app.ask(admin, DECIDE, { ids: [id], decision: 'RELEASED' });
    expect(bulk.decideReviews).toMatchObject({ decided: [], failures: [{ id, code: 'FORBIDDEN' }] });
    await app.ask(staff.tom, RELEASE_REVIEW, { id });
  });

  test('ends the RISK hold, which cannot be released without the review', async () => {
    const { staff, line } = await waiting();
    const [hold] = (await statusOf(staff.maria, line)).holds;
    const { errors } = await app.send(staff.tom, RELEASE, { id: hold.id, reason: 'x' });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason: 'IS_A_REVIEW' });
    const { holdCommission } = await app.ask(staff.tom, HOLD, { id: line, reason: 'x' });
    expect(holdCommission.holds).toHaveLength(2); // one beside the other
  });

  test('simultaneous decisions of a review have one effect and one audit entry', async () => {
    const { staff, partner, review, sql } = await waiting();
    const replies = await Promise.all(
      Array.from({ length: 25 }, (_, n) =>
        app.send(n % 2 ? staff.maria : staff.tom, n % 3 ? CONFIRM : RELEASE_REVIEW, { id: review }),
      ),
    );
    expect(tally(replies)).toEqual({ ok: 1, CONFLICT: 24 });
    const { rows } = await sql(
      "select action from audit_events where partner_id = $1 and action in ('fraud.released', 'fraud.confirmed')",
      partner.id,
    );
    expect(rows).toHaveLength(1);
    await expect(sql("update fraud_reviews set decision = 'FRAUD' where id = $1", review)).rejects.toThrow();
    await expect(sql('delete from fraud_reviews where id = $1', review)).rejects.toThrow();
    await expect(sql("update fraud_hits set evidence = '{}' where review_id = $1", review)).rejects.toThrow();
  });

  test('a review closes when its commission ends in another way', async () => {
    const { staff, line, review, reviews } = await waiting();
    await app.ask(staff.maria, 'mutation ($id: ID!) { rejectCommission(id: $id, reason: "x") { id } }', {
      id: line,
    });
    expect(await reviews({ state: 'OPEN' })).toEqual([]);
    expect(await reviews({ state: 'CLOSED' })).toMatchObject([{ id: review }]);
  });

  test('many reviews are decided in one request, each separately; pages follow the cursor', async () => {
    const { staff, buys, reviews } = await program(held('FAST_PURCHASE'), blocks('SAME_EMAIL'));
    for (let n = 0; n < 3; n++) await buys(`c${n}`);
    await buys('me', { email: 'john.doe@partner.example' });
    const page = (await app.ask(staff.maria, REVIEWS, { first: 3 })).fraudReviews;
    expect(page).toMatchObject({ totalCount: 4, pageInfo: { hasNextPage: true } });
    const rest = (await app.ask(staff.maria, REVIEWS, { first: 3, after: page.pageInfo.endCursor }))
      .fraudReviews;
    expect(rest.edges).toHaveLength(1);
    expect(await reviews({ rule: 'SAME_EMAIL' })).toHaveLength(1);
    expect(await reviews({ minScore: 100 })).toHaveLength(1);
    const all = (await reviews()).map(({ id }: { id: string }) => id);
    const { decideReviews } = await app.ask(staff.tom, DECIDE, {
      ids: [...all, randomUUID()],
      decision: 'FRAUD',
    });
    expect(decideReviews.decided).toHaveLength(3);
    expect(decideReviews.failures.map(({ code }: { code: string }) => code)).toEqual([
      'NOT_FOUND',
      'NOT_FOUND',
    ]);
    expect(await reviews({ state: 'FRAUD' })).toHaveLength(3);
  });
});

describe('in shadow', () => {
  test('the report shows the sales that would have been held, and their later refunds', async () => {
    const { staff, buys } = await program(
      { rule: 'FAST_PURCHASE', mode: 'SHADOW' },
      { rule: 'DISPOSABLE_EMAIL', mode: 'SHADOW' },
      held('SAME_COMPANY_DOMAIN', { weight: 20 }),
    );
    const [bad] = await buys('c1', { email: 'x@mailinator.com' });
    await buys('c2');
    const [noted] = await buys('c3', { email: 'a@partner.example', click: undefined as never });
    expect(noted?.status).toBe('PENDING');
    await app.ask(staff.maria, REVERSE, { id: bad?.id, input: { amount: '50.00', reason: 'refund' } });
    const { fraudReport } = await app.ask(staff.analyst, REPORT, { from: '2026-01-01', to: '2100-01-01' });
    expect(fraudReport.total).toMatchObject({
      ...{ noted: 0, wouldHold: 3, held: 0, blocked: 0, released: 0, confirmed: 0, heldAmounts: [] },
      wouldHoldAmounts: [{ amount: '30.00', currency: 'USD' }],
      wouldHoldRefunded: [{ amount: '5.00' }],
    });
    expect(fraudReport.rules).toMatchObject([
      { rule: 'DISPOSABLE_EMAIL', wouldHold: 1, wouldHoldRefunded: [{ amount: '5.00' }] },
      { rule: 'FAST_PURCHASE', wouldHold: 3, wouldHoldAmounts: [{ amount: '30.00' }] },
      { rule: 'SAME_COMPANY_DOMAIN', wouldHold: 1, wouldHoldRefunded: [{ amount: '0.00' }] },
    ]);
    const { errors } = await app.send(staff.analyst, REPORT, { from: '2026-02-01', to: '2026-01-01' });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'to' });
  });

  test('no commission changes', async () => {
    const { buys, reviews } = await program({ rule: 'SAME_COMPANY_DOMAIN', mode: 'SHADOW' });
    expect(await buys('c1', { email: 'jane@partner.example' })).toMatchObject([{ status: 'PENDING' }]);
    expect(await reviews()).toMatchObject([
      { outcome: 'WOULD_HOLD', score: 0, shadowScore: 50, state: 'NONE' },
    ]);
  });
});

test('the database neither shows fraud data to a partner nor accepts any from it', async () => {
  const { tenant, staff, partner, buys } = await program(held('FAST_PURCHASE'));
  await buys('c1', { payment: 'card' });
  await app.ask(staff.manager, LIST, { input: { list: 'BLOCKED_CUSTOMER', customerId: 'c9' } });
  const as = (actor: Actor) => contextFor(app.app.services, { actor, requestId: 'r' });
  const who = { id: 'x', tenantId: tenant, credential: 'TOKEN' } as const;
  const own = as(actorOf({ ...who, role: 'PARTNER', partnerId: partner.id }));
  const finance = as(actorOf({ ...who, role: 'FINANCE' }));
  for (const table of ['fraud_reviews', 'fraud_hits', 'fraud_list_entries', 'payment_fingerprints']) {
    const rows = sql.raw(`select id from ${table}`);
    expect(await query(finance, rows), table).toHaveLength(1);
    expect(await query(own, rows), table).toEqual([]);
  }
  const listing = `insert into fraud_list_entries (id, tenant_id, list, domain, reason, added_by)
    values (gen_random_uuid(), '${tenant}', 'ALLOWED_CUSTOMER', 'mine.example', 'x', 'x') returning id`;
  await expect(query(own, sql.raw(listing))).rejects.toMatchObject({ code: '42501' });
});

test('an order of two products counts as one sale of its hour, and each of its commissions is checked', async () => {
  const { staff, partner, reviews } = await program(held('PARTNER_VELOCITY', { limit: 2 }));
  const order = (orderId: string) => ({
    partnerId: partner.id,
    orderId,
    lines: ['A', 'B'].map((product) => ({ product, amount: '50.00' })),
  });
  const record = async (orderId: string) =>
    (await app.ask(staff.manager, SALE, { input: order(orderId) })).recordSale.commissions;
  expect(await record('o1')).toMatchObject([{ status: 'PENDING' }, { status: 'PENDING' }]);
  expect(await record('o2')).toMatchObject([{ status: 'HELD' }, { status: 'HELD' }]);
  expect(await reviews()).toHaveLength(2);
});

test('a commission without an exchange rate is checked when the rate is entered', async () => {
  const { staff, reviews, partner } = await program(held('PARTNER_VELOCITY', { limit: 1 }));
  await app.ask(staff.manager, 'mutation { updateProgram(input: { settlement: PARTNER }) { tenantId } }');
  const id = await makeCommission(app, staff.manager, partner.id, { currency: 'EUR' });
  expect(await reviews()).toEqual([]);
  const rate = { base: 'EUR', quote: 'USD', rate: '1.1', effectiveOn: now() };
  await app.ask(
    staff.manager,
    'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }',
    { input: { rates: [rate] } },
  );
  const { rows } = await app.database.pool.query('select tenant_id from commissions where id = $1', [id]);
  await rateLines(contextFor(app.app.services, { actor: system, requestId: 'r' }), rows[0].tenant_id);
  expect((await app.ask(staff.maria, LINE, { id })).commission).toMatchObject({
    status: 'HELD',
    holds: [
      { kind: 'FX', releasedAt: expect.any(String) },
      { kind: 'RISK', releasedAt: null },
    ],
  });
  expect(await reviews({ state: 'OPEN' })).toMatchObject([{ amount: { amount: '11.00', currency: 'USD' } }]);
});

describe('the evidence of risk rules', () => {
  const left = (
    sql: (text: string, ...values: unknown[]) => Promise<{ rows: { n: number }[] }>,
    tenant: string,
  ) => sql('select count(*)::int as n from fraud_hits where tenant_id = $1 and evidence is not null', tenant);

  test('is erased with the clicks, together with payment fingerprints', async () => {
    const { tenant, buys, sql } = await program({ rule: 'FAST_PURCHASE', mode: 'SHADOW' });
    await buys('c1', { payment: 'card' });
    expect((await left(sql, tenant)).rows[0]?.n).toBe(1);
    const later = new Date(Date.now() + 14 * 31 * 86_400_000);
    const services = Object.assign(Object.create(app.app.services), { clock: { now: () => later } });
    await applyRetention(contextFor(services, { actor: system, requestId: 'r' }), { visitorMonths: 13 });
    expect((await left(sql, tenant)).rows[0]?.n).toBe(0);
    expect((await sql('select 1 from payment_fingerprints where tenant_id = $1', tenant)).rows).toEqual([]);
  });

  test('is erased with its customer', async () => {
    const { tenant, staff, buys, reviews, sql } = await program({ rule: 'FAST_PURCHASE', mode: 'SHADOW' });
    await buys('c1', { payment: 'card' });
    const before = await sql('select fingerprint from payment_fingerprints where tenant_id = $1', tenant);
    await app.ask(staff.admin, ERASE_PERSON, { input: { customerId: 'c1' }, reason: 'asked' });
    expect(await reviews()).toMatchObject([{ hits: [{ rule: 'FAST_PURCHASE', evidence: null }] }]);
    const after = await sql('select fingerprint from payment_fingerprints where tenant_id = $1', tenant);
    expect(after.rows).not.toEqual(before.rows);
  });
});

test('a sale checks all risk rules with one query, and with none while every rule is OFF', async () => {
  const { staff, partner, buys } = await program();
  const statements = async (work: () => Promise<unknown>): Promise<number> => {
    const execute = vi.spyOn(app.app.services.em.getConnection(), 'execute');
    app.statements.length = 0;
    await work();
    const texts = execute.mock.calls.map(([sent]) =>
      typeof sent === 'string' ? sent : (sent as { sql: string }).sql,
    );
    texts.push(...app.statements);
    execute.mockRestore();
    expect(texts.length).toBeGreaterThan(3);
    return texts.filter((text) => text.includes("'sameAddress'")).length;
  };
  expect(await statements(() => buys('c1'))).toBe(0);
  const rules = ['SAME_EMAIL', 'SAME_ADDRESS', 'PARTNER_VELOCITY', 'CLICK_FLOOD'].map((rule) => held(rule));
  await app.ask(staff.manager, SETTINGS, { input: { rules } });
  expect(await statements(() => makeCommission(app, staff.manager, partner.id))).toBe(1);
});
