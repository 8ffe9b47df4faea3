import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  CONVERT,
  linesOf,
  type MadePartner,
  makeClick,
  makePartner,
  staffOf,
  TRACK,
  tally,
  unknownId,
} from '../../support/make.ts';

const DAY_MS = 86_400_000;
let clock = new Date();
let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: MadePartner;
beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => clock } });
  staff = await staffOf(app);
  partner = await makePartner(app, staff.manager, { referralCode: 'Acme-2026', commissionRate: 20 });
});
afterAll(() => app.close());

const LIST = `query ($filter: ReferralFilter, $first: Int, $after: String) { referrals(filter: $filter, first: $first, after: $after) {
  totalCount edges { node { id status source } } pageInfo { hasNextPage endCursor } } }`;
const daysAgo = (days: number) => new Date(clock.getTime() - days * DAY_MS);
const track = async (input: object, by: string | null = null) =>
  (await app.ask(by, TRACK, { input: { referralCode: partner.referralCode, ...input } })).trackReferral;
const convert = async (id: string, input: object = {}) =>
  (
    await app.ask(staff.manager, CONVERT, {
      id,
      input: { customerId: randomUUID(), amount: '100.00', ...input },
    })
  ).convertReferral;
const refusedConvert = (id: string, input: object = {}) =>
  app.refusal(staff.manager, CONVERT, {
    id,
    input: { customerId: randomUUID(), amount: '100.00', ...input },
  });
const affiliate = (terms: object, more: object = {}) =>
  makePartner(app, staff.manager, {
    partnerType: 'AFFILIATE',
    commissionRate: 10,
    affiliate: terms,
    ...more,
  });
const amounts = (referral: { commissions: { amount: { amount: string } }[] }) =>
  referral.commissions.map(({ amount }) => amount.amount);

describe('a click', () => {
  test('a click is recorded for its partner, with its code in any case', async () => {
    for (const referralCode of ['ACME-2026', 'acme-2026', ' Acme-2026 '])
      expect(await track({ referralCode })).toMatchObject({
        referralCode: 'ACME-2026',
        status: 'CLICKED',
        convertedAt: null,
      });
    const { referrals } = await app.ask(staff.manager, LIST, { filter: { partnerId: partner.id } });
    expect(referrals.totalCount).toBe(3);
  });

  test('a repeated idempotency key returns the first click, also for simultaneous calls and without a visitor', async () => {
    const input = {
      idempotencyKey: `click ${randomUUID()}`,
      landingUrl: 'https://finaceverse.com/?utm_source=a',
    };
    const all = await Promise.all(Array.from({ length: 5 }, () => track(input)));
    clock = new Date(clock.getTime() + DAY_MS);
    all.push(await track(input));
    const [first] = all;
    for (const each of all) expect(each).toEqual(first);
    expect(first).toMatchObject({ source: 'a', status: 'CLICKED' });
    const { rows } = await app.database.pool.query(
      'select (select count(*)::int from referrals where visitor_id = $1) as referrals, (select count(*)::int from touches where visitor_id = $1) as touches',
      [first.visitorId],
    );
    expect(rows).toEqual([{ referrals: 1, touches: 1 }]);
    expect(
      await app.refusal(null, TRACK, {
        input: { ...input, referralCode: partner.referralCode, landingUrl: null },
      }),
    ).toMatchObject({
      code: 'CONFLICT',
      reason: 'IDEMPOTENCY_MISMATCH',
      field: 'input.idempotencyKey',
    });
    expect(await app.refusal(null, TRACK, { input: { ...input, referralCode: 'UNKNOWN-1' } })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('clicks of one visitor on one link within three seconds are one click', async () => {
    const other = await makePartner(app, staff.manager);
    const { visitorId } = await track({});
    clock = new Date(clock.getTime() + 60_000);
    const all = await Promise.all(
      Array.from({ length: 5 }, (_, nth) => track({ visitorId, metadata: { nth } })),
    );
    clock = new Date(clock.getTime() + 2_999);
    all.push(await track({ visitorId }));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(new Set(all.map((each) => each.clickedAt)).size).toBe(1);
    expect((await track({ visitorId, referralCode: other.referralCode })).id).not.toBe(all[0]?.id);
    expect((await track({ visitorId: randomUUID() })).id).not.toBe(all[0]?.id);
    clock = new Date(clock.getTime() + 1);
    expect((await track({ visitorId })).id).not.toBe(all[0]?.id);
  });

  test('a click has the code of the link without the characters of the text around the link', async () => {
    for (const referralCode of ['Acme-2026.', 'acme-2026)', '\u200bACME-2026\u00a0'])
      expect(await track({ referralCode })).toMatchObject({ referralCode: 'ACME-2026' });
  });

  test('a click stores its landing page, its source, its time and its expiry', async () => {
    const referral = await track({
      landingUrl: 'https://finaceverse.com/pricing?utm_source=News&x=1',
      referrerUrl: 'https://www.acme.com/partners',
      ipAddress: '203.0.113.42',
      userAgent: 'Mozilla/5.0...',
      metadata: { campaign: 'spring' },
    });
    expect(referral).toMatchObject({
      landingUrl: 'https://finaceverse.com/pricing?utm_source=News&x=1',
      referrerUrl: 'https://www.acme.com/partners',
      source: 'news',
      clickedAt: clock.toISOString(),
      expiresAt: new Date(clock.getTime() + 30 * DAY_MS).toISOString(),
    });
  });

  test.each([
    [{ landingUrl: 'https://f.com/?utm_source=News' }, 'news'],
    [{ landingUrl: 'https://f.com/', referrerUrl: 'https://www.acme.com/x' }, 'acme.com'],
    [{ referrerUrl: 'http://localhost:3000/' }, 'localhost'],
    [{ landingUrl: 'https://f.com/pricing' }, 'direct'],
    [{}, 'direct'],
  ])('the source of a click is its campaign, else its referrer, else direct: %j', async (input, source) => {
    expect((await track(input)).source).toBe(source);
  });

  test.each([
    ['NUL', 'https://f.com/?utm_source=a%00b'],
    ['half a letter at the cut', `https://f.com/?utm_source=${'x'.repeat(63)}%F0%9F%98%80`],
    ['bytes that are no text', 'https://f.com/?utm_source=%ff%fe'],
  ])('a click is recorded for any link: %s', async (_, landingUrl) => {
    const { id, source } = await track({ landingUrl });
    const { referral } = await app.ask(staff.manager, 'query ($id: ID!) { referral(id: $id) { source } }', {
      id,
    });
    expect(referral.source).toBe(source);
  });

  test('a click keeps a known visitor and creates an unknown one', async () => {
    const { visitorId } = await track({});
    expect((await track({ visitorId })).visitorId).toBe(visitorId);
    expect((await track({})).visitorId).not.toBe(visitorId);
  });

  test('a click shows an anonymous caller no data of the partner, and staff all data', async () => {
    const { id, ...seen } = await track({});
    expect(seen).toMatchObject({ partner: null, customer: null, commissions: [] });
    await convert(id);
    const again = await app.ask(
      staff.manager,
      'query ($id: ID!) { referral(id: $id) { status partner { id } customer { id } commissions { id } } }',
      { id },
    );
    expect(again.referral).toMatchObject({
      status: 'CONVERTED',
      partner: { id: partner.id },
      commissions: [{}],
    });
  });

  test('a click with an unknown code gets the same answer as one of a suspended, deleted or foreign partner', async () => {
    const suspended = await makePartner(app, staff.manager, { status: 'SUSPENDED' });
    const deleted = await makePartner(app, staff.manager);
    await app.ask(staff.manager, 'mutation ($id: ID!) { deletePartner(id: $id) { id } }', { id: deleted.id });
    const unknown = await app.refusal(null, TRACK, { input: { referralCode: 'NOBODY-1' } });
    expect(unknown).toMatchObject({ code: 'NOT_FOUND', field: 'input.referralCode' });
    for (const { referralCode } of [suspended, deleted])
      expect(await app.refusal(null, TRACK, { input: { referralCode } })).toEqual(unknown);
    const elsewhere = await app.token('PROGRAM_MANAGER', { tenant: 'elsewhere' });
    expect(await app.refusal(elsewhere, TRACK, { input: { referralCode: partner.referralCode } })).toEqual(
      unknown,
    );
  });

  test.each([
    ['input.referralCode', { referralCode: '' }],
    ['input.referralCode', { referralCode: 'x'.repeat(65) }],
    ['input.referralCode', { referralCode: 'a\0' }],
    ['input.referralCode', { referralCode: null }],
    ['input.landingUrl', { landingUrl: 'javascript:alert(1)' }],
    ['input.landingUrl', { landingUrl: 'finaceverse.com/pricing' }],
    ['input.landingUrl', { landingUrl: `https://f.com/${'x'.repeat(2_000)}` }],
    ['input.landingUrl', { landingUrl: '//evil.com/pricing' }],
    ['input.landingUrl', { landingUrl: 'https:evil.com' }],
    ['input.landingUrl', { landingUrl: '\\\\evil.com' }],
    ['input.landingUrl', { landingUrl: 'https://finaceverse.com@evil.com/' }],
    ['input.landingUrl', { landingUrl: 'https://user:secret@f.com/' }],
    ['input.referrerUrl', { referrerUrl: 'ftp://acme.com' }],
    ['input.referrerUrl', { referrerUrl: 'https://user:secret@acme.com' }],
    ['input.ipAddress', { ipAddress: '999.1.1.1' }],
    ['input.userAgent', { userAgent: 'x'.repeat(4_001) }],
    ['input.visitorId', { visitorId: 'me' }],
    ['input.occurredAt', { occurredAt: 'now' }],
    ['input.metadata', { metadata: { note: 'x'.repeat(16_400) } }],
    ['input.metadata.a.1', { metadata: { a: ['', 'b\0'] } }],
  ])('with a bad %s is refused by name: %j', async (field, input) => {
    const refused = await app.refusal(null, TRACK, {
      input: { referralCode: partner.referralCode, ...input },
    });
    expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', field });
  });

  test('refuses metadata nested thousands deep without a fault', async () => {
    const notes = `${'{"a":'.repeat(8_000)}1${'}'.repeat(8_000)}`;
    const query = `mutation ($notes: JSONObject!) { trackReferral(input: { referralCode: "${partner.referralCode}", metadata: $notes }) { id } }`;
    const { body } = await app.app.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { 'content-type': 'application/json' },
      payload: `{"query":${JSON.stringify(query)},"variables":{"notes":${notes}}}`,
    });
    expect(JSON.parse(body).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  test('stores an IP address only as a hash', async () => {
    const { id } = await track({ ipAddress: '203.0.113.42' }, staff.admin);
    const { rows } = await app.database.pool.query(
      'select ip_hash, referrals::text as whole from referrals where id = $1',
      [id],
    );
    expect(rows[0].ip_hash).toMatch(/^[\w-]{43}$/);
    expect(rows[0].whole).not.toContain('203.0.113');
  });

  test('only staff may report a click with its own time', async () => {
    const occurredAt = daysAgo(3).toISOString();
    expect((await track({ occurredAt }, staff.manager)).clickedAt).toBe(occurredAt);
    expect((await track({ occurredAt })).clickedAt).toBe(clock.toISOString());
    expect((await track({ occurredAt }, staff.analyst)).clickedAt).toBe(clock.toISOString());
  });

  test('stores and counts five hundred simultaneous clicks', async () => {
    const { id, referralCode } = await makePartner(app, staff.manager);
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        app.send(null, TRACK, {
          input: {
            referralCode: i % 50 === 7 ? 'NOBODY-1' : referralCode,
            landingUrl: `https://f.com/?utm_source=s${i % 4}`,
          },
        }),
      ),
    );
    expect(tally(answers)).toEqual({ ok: 490, NOT_FOUND: 10 });
    expect(new Set(answers.flatMap(({ data }) => data?.trackReferral?.id ?? [])).size).toBe(490);
    const { partner: counted } = await app.ask(
      staff.manager,
      'query ($id: ID!) { partner(id: $id) { referrals(first: 1) { totalCount } metrics { clicks sources { clicks } } } }',
      { id },
    );
    expect(counted.referrals.totalCount).toBe(490);
    expect(counted.metrics.clicks).toBe(490);
    expect(
      counted.metrics.sources.reduce((sum: number, { clicks }: { clicks: number }) => sum + clicks, 0),
    ).toBe(490);
  });
});

describe('a conversion', () => {
  test('closes the referral and makes the line that it earns', async () => {
    const { id } = await track({});
    const referral = await convert(id, {
      customerId: 'cust_abc123',
      subscriptionId: 'sub_xyz789',
      amount: 999.0,
    });
    expect(referral).toMatchObject({
      id,
      status: 'CONVERTED',
      convertedAt: clock.toISOString(),
      customer: { externalId: 'cust_abc123' },
      commissions: [
        {
          type: 'SIGNUP',
          status: 'PENDING',
          rate: 20,
          amount: { amount: '199.80', currency: 'USD' },
          baseAmount: { amount: '999.00' },
          subscriptionId: 'sub_xyz789',
        },
      ],
    });
  });

  test('happens once, however many ask at once', async () => {
    const { id: partnerId, referralCode } = await makePartner(app, staff.manager);
    const id = await makeClick(app, referralCode);
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        app.send(staff.manager, CONVERT, { id, input: { customerId: `racer-${i}`, amount: '10.00' } }),
      ),
    );
    expect(tally(answers)).toEqual({ ok: 1, CONFLICT: 4 });
    expect(await linesOf(app, partnerId)).toHaveLength(1);
    expect(await refusedConvert(id)).toMatchObject({ code: 'CONFLICT', reason: 'ALREADY_CONVERTED' });
  });

  test('of one order happens once, on whatever referral, also at once', async () => {
    const { id: partnerId, referralCode } = await makePartner(app, staff.manager);
    const ids = await Promise.all([1, 2, 3, 4].map(() => makeClick(app, referralCode)));
    const orderId = `order-${randomUUID()}`;
    const answers = await Promise.all(
      ids.map((id) =>
        app.send(staff.manager, CONVERT, {
          id,
          input: { customerId: 'same-order', amount: '10.00', orderId },
        }),
      ),
    );
    expect(tally(answers)).toEqual({ ok: 1, CONFLICT: 3 });
    expect(await linesOf(app, partnerId)).toHaveLength(1);
    const { referrals } = await app.ask(staff.manager, LIST, { filter: { partnerId, status: 'CLICKED' } });
    expect(referrals.totalCount).toBe(3);
  });

  test('of another tenant may have the same order id', async () => {
    const orderId = `order-${randomUUID()}`;
    await convert(await makeClick(app, partner.referralCode), { orderId });
    const manager = await app.token('PROGRAM_MANAGER', { tenant: 'same-order' });
    const other = await makePartner(app, manager);
    const id = await makeClick(app, other.referralCode);
    await app.ask(manager, CONVERT, { id, input: { customerId: 'c', amount: '1.00', orderId } });
  });

  test('that is repeated by its key gives the same answer; other input is refused and writes nothing', async () => {
    const { id: partnerId, referralCode } = await makePartner(app, staff.manager);
    const id = await makeClick(app, referralCode);
    const input = { customerId: 'cust_key', amount: '10.00', idempotencyKey: randomUUID() };
    const answers = await Promise.all([1, 2, 3].map(() => app.ask(staff.manager, CONVERT, { id, input })));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    const mismatch = { code: 'CONFLICT', reason: 'IDEMPOTENCY_MISMATCH' };
    expect(await refusedConvert(id, { ...input, amount: '11.00' })).toMatchObject(mismatch);
    const second = await makeClick(app, referralCode);
    expect(await refusedConvert(second, input)).toMatchObject(mismatch);
    expect(await linesOf(app, partnerId)).toHaveLength(1);
  });

  test('is SIGNUP for the first purchase of a customer and ONE_TIME after that', async () => {
    const customerId = `cust_${randomUUID()}`;
    const types = [];
    for (let i = 0; i < 3; i++)
      types.push((await convert((await track({})).id, { customerId })).commissions[0].type);
    expect(types).toEqual(['SIGNUP', 'ONE_TIME', 'ONE_TIME']);
  });

  test('binds the customer to the partner for good', async () => {
    const [first, second] = [await makePartner(app, staff.manager), await makePartner(app, staff.manager)];
    const customerId = `bound_${randomUUID()}`;
    await convert(await makeClick(app, first.referralCode), {
      customerId,
      customerEmail: 'Bound@Example.com',
    });
    clock = new Date(clock.getTime() + 1_000);
    await convert(await makeClick(app, second.referralCode), { customerId });
    const { rows } = await app.database.pool.query(
      'select partner_id, email from customers where external_id = $1',
      [customerId],
    );
    expect(rows).toEqual([{ partner_id: first.id, email: 'bound@example.com' }]);
    const counts = [];
    for (const { id } of [first, second])
      counts.push(
        (
          await app.ask(staff.manager, 'query ($id: ID!) { partner(id: $id) { metrics { customers } } }', {
            id,
          })
        ).partner.metrics.customers,
      );
    expect(counts).toEqual([1, 0]);
  });

  test("earns at the rate of the currency that was paid, in that currency's digits", async () => {
    const referral = await convert((await track({})).id, { amount: '1250', currency: 'JPY' });
    expect(referral.commissions[0].amount).toEqual({ amount: '250', currency: 'JPY' });
  });

  test('of a partner who was suspended in between is a conversion that earns nothing', async () => {
    const { id: partnerId, referralCode } = await makePartner(app, staff.manager);
    const id = await makeClick(app, referralCode);
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { updatePartner(id: $id, input: { status: SUSPENDED }) { id } }',
      { id: partnerId },
    );
    clock = new Date(clock.getTime() + 1_000);
    expect(await convert(id)).toMatchObject({ status: 'CONVERTED', commissions: [] });
  });

  test.each([
    ['input.amount', { amount: '-1.00' }],
    ['input.amount', { amount: '1.001' }],
    ['input.amount', { amount: '1e3' }],
    ['input.amount', { amount: null }],
    ['input.currency', { currency: 'ZZZ' }],
    ['input.customerId', { customerId: '' }],
    ['input.customerId', { customerId: null }],
    ['input.customerEmail', { customerEmail: 'nobody' }],
    ['input.orderId', { orderId: '' }],
    ['input.occurredAt', { occurredAt: '2099-01-01' }],
    ['input.occurredAt', { occurredAt: '2001-01-01' }],
    ['input.metadata', { metadata: { note: 'x'.repeat(16_400) } }],
  ])('with a bad %s is refused by name and leaves the click open: %j', async (field, input) => {
    const { id } = await track({});
    expect(await refusedConvert(id, input)).toMatchObject({ code: 'BAD_USER_INPUT', field });
    expect((await convert(id)).status).toBe('CONVERTED');
  });

  test('of an unknown referral is not found', async () => {
    expect((await refusedConvert(unknownId())).code).toBe('NOT_FOUND');
    expect(await refusedConvert('nonsense')).toMatchObject({ code: 'BAD_USER_INPUT', field: 'id' });
  });
});

describe('the window of a click', () => {
  test.each([
    ['a moment before its end', 7 * DAY_MS - 1, 'CONVERTED'],
    ['at exactly 7 times 24 hours', 7 * DAY_MS, 'EXPIRED'],
    ['later', 8 * DAY_MS, 'EXPIRED'],
  ])("is the affiliate's own: %s", async (_, after, expected) => {
    const { referralCode } = await affiliate({ cookieDays: 7 });
    const id = await makeClick(app, referralCode);
    const clicked = clock;
    clock = new Date(clock.getTime() + after);
    if (expected === 'CONVERTED') expect((await convert(id)).status).toBe('CONVERTED');
    else expect(await refusedConvert(id)).toMatchObject({ code: 'CONFLICT', reason: 'EXPIRED' });
    clock = clicked;
  });

  test('is about when the purchase happened, not about when it is reported', async () => {
    const { referralCode } = await affiliate({ cookieDays: 7 });
    const clicked = daysAgo(40);
    const inside = new Date(clicked.getTime() + 6 * DAY_MS);
    const id = await makeClick(app, referralCode, { by: staff.manager, at: clicked });
    const late = await app.ask(staff.manager, 'query ($id: ID!) { referral(id: $id) { status expiresAt } }', {
      id,
    });
    expect(late.referral).toEqual({
      status: 'EXPIRED',
      expiresAt: new Date(clicked.getTime() + 7 * DAY_MS).toISOString(),
    });
    expect(await refusedConvert(id)).toMatchObject({ reason: 'EXPIRED' });
    expect(await convert(id, { occurredAt: inside.toISOString() })).toMatchObject({
      status: 'CONVERTED',
      convertedAt: inside.toISOString(),
    });
  });

  test('is 30 days for every other partner', async () => {
    const id = await makeClick(app, partner.referralCode, { by: staff.manager, at: daysAgo(30) });
    expect(await refusedConvert(id)).toMatchObject({ code: 'CONFLICT', reason: 'EXPIRED' });
    const other = await makeClick(app, partner.referralCode, {
      by: staff.manager,
      at: new Date(daysAgo(30).getTime() + 1),
    });
    expect((await convert(other)).status).toBe('CONVERTED');
  });
});

describe("an affiliate's terms decide what a conversion earns", () => {
  test('nothing below the minimum purchase, all at it', async () => {
    const { id: partnerId, referralCode } = await affiliate({ minimumPurchase: '50.00' });
    const below = await convert(await makeClick(app, referralCode), { amount: '49.99' });
    expect(below).toMatchObject({ status: 'CONVERTED', commissions: [] });
    expect(amounts(await convert(await makeClick(app, referralCode), { amount: '50.00' }))).toEqual(['5.00']);
    const { partner: counted } = await app.ask(
      staff.manager,
      'query ($id: ID!) { partner(id: $id) { metrics { conversions revenue { amount } } } }',
      { id: partnerId },
    );
    expect(counted.metrics).toEqual({ conversions: 2, revenue: { amount: '99.99' } });
  });

  test('only the first purchase of each customer, where they say so', async () => {
    const { referralCode } = await affiliate({ firstPurchaseOnly: true });
    const customerId = `first_${randomUUID()}`;
    const earned = [];
    for (const id of [customerId, customerId, `${customerId}-other`])
      earned.push(amounts(await convert(await makeClick(app, referralCode), { customerId: id })));
    expect(earned).toEqual([['10.00'], [], ['10.00']]);
  });

  test('further purchases for so many months from the first, its end not included', async () => {
    const { referralCode } = await affiliate({ recurringMonths: 1, cookieDays: 365 });
    const customerId = `months_${randomUUID()}`;
    const at = new Date('2026-01-31T10:00:00Z');
    const earned = [];
    for (const occurredAt of [
      '2026-01-31T10:00:00.000Z',
      '2026-02-28T09:59:59.999Z',
      '2026-02-28T10:00:00.000Z',
    ]) {
      const id = await makeClick(app, referralCode, { by: staff.manager, at });
      earned.push(amounts(await convert(id, { customerId, occurredAt })));
    }
    expect(earned).toEqual([['10.00'], ['10.00'], []]);
  });

  test('a minimum in another currency waits for the exchange rate of the day', async () => {
    const { referralCode } = await affiliate({ minimumPurchase: '50.00' });
    expect(
      amounts(await convert(await makeClick(app, referralCode), { amount: '49', currency: 'JPY' })),
    ).toEqual(['0']);
  });
});

describe('the list', () => {
  test('narrows by partner, status and time, newest first', async () => {
    const by = await staffOf(app, 'referral-list');
    const [one, two] = [await makePartner(app, by.manager), await makePartner(app, by.manager)];
    const expired = await makeClick(app, one.referralCode, {
      by: by.manager,
      at: new Date('2026-01-15T00:00:00Z'),
    });
    const clicked = await makeClick(app, one.referralCode);
    const converted = await makeClick(app, two.referralCode);
    await app.ask(by.manager, CONVERT, { id: converted, input: { customerId: 'c', amount: '1.00' } });
    const ids = async (filter: object) => {
      const { referrals } = await app.ask(by.analyst, LIST, { filter });
      expect(referrals.totalCount).toBe(referrals.edges.length);
      return referrals.edges.map(({ node }: { node: { id: string } }) => node.id);
    };
    expect(await ids({})).toEqual([converted, clicked, expired]);
    expect(await ids({ partnerId: one.id })).toEqual([clicked, expired]);
    expect(await ids({ status: 'EXPIRED' })).toEqual([expired]);
    expect(await ids({ status: 'CLICKED' })).toEqual([clicked]);
    expect(await ids({ status: 'CONVERTED' })).toEqual([converted]);
    expect(await ids({ to: '2026-01-15' })).toEqual([]);
    expect(await ids({ from: '2026-01-15', to: '2026-01-16' })).toEqual([expired]);
  });
});
