import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { monthlyPseudonym } from '../../../src/adapters/monthly-pseudonym.ts';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { applyRetention } from '../../../src/modules/privacy/privacy/retention.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { holding } from '../../support/everything.ts';
import { APPROVE, CONVERT, CREATE_PAYOUT, linesOf, makePartner, staffOf, TRACK } from '../../support/make.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let now = new Date();

beforeAll(async () => {
  app = await createTestApp({ clock: { now: () => now } });
  staff = await staffOf(app);
});
afterAll(() => app.close());
beforeEach(() => {
  now = new Date();
});

const later = (months: number, days = 0) => {
  const at = new Date();
  at.setUTCMonth(at.getUTCMonth() + months);
  return new Date(at.getTime() + days * 86_400_000);
};
const retain = () =>
  applyRetention(contextFor(app.app.services, { actor: system, requestId: randomUUID() }), {
    visitorMonths: 13,
  });
const track = async (code: string, more: object = {}) =>
  (await app.ask(staff.admin, TRACK, { input: { referralCode: code, ...more } })).trackReferral;
const clickRow = async (id: string) =>
  (await app.database.pool.query('select * from referrals where id = $1', [id])).rows[0];

describe("a visitor's address", () => {
  const addresses = ['203.0.113.77', '2001:db8:85a3::8a2e:370:7334', '::ffff:198.51.100.23'];

  test.each(addresses)('stores the address %s only as a hash', async (ipAddress) => {
    const { referralCode } = await makePartner(app, staff.manager);
    const { id } = await track(referralCode, { ipAddress, userAgent: 'Mozilla/5.0' });
    expect((await clickRow(id)).ip_hash).toMatch(/^[\w-]{43}$/);
    const spellings = [ipAddress, '198.51.100.23', '2001:0db8:85a3:0000:0000:8a2e:0370:7334'];
    expect(await holding(app.database.pool, ...spellings)).toEqual([]);
    expect(await holding(app.database.pool, 'Mozilla/5.0')).not.toEqual([]); // and it would be found
    expect(JSON.stringify(app.logged)).not.toContain(ipAddress);
  });

  test('stores the address of the connection only as a hash', async () => {
    const { referralCode } = await makePartner(app, staff.manager);
    const { trackReferral } = await app.ask(null, TRACK, { input: { referralCode } });
    expect((await clickRow(trackReferral.id)).ip_hash).toMatch(/^[\w-]{43}$/);
    expect(await holding(app.database.pool, '127.0.0.1')).toEqual([]);
  });

  test('gives the same hash for all spellings of an address within a month, and another one in the next month', async () => {
    const { referralCode } = await makePartner(app, staff.manager);
    const hashOf = async (ipAddress: string, occurredAt: string) =>
      (await clickRow((await track(referralCode, { ipAddress, occurredAt })).id)).ip_hash;
    const january = await hashOf('192.0.2.1', '2026-01-05T10:00:00Z');
    expect(await hashOf('::ffff:192.0.2.1', '2026-01-06T09:00:00Z')).toBe(january);
    expect(await hashOf('192.0.2.2', '2026-01-05T10:00:00Z')).not.toBe(january);
    expect(await hashOf('192.0.2.1', '2026-02-05T10:00:00Z')).not.toBe(january);
    const six = await hashOf('2001:db8::1', '2026-01-05T10:00:00Z');
    expect(await hashOf('2001:0DB8:0:0:0:0:0:1', '2026-01-05T11:00:00Z')).toBe(six);
  });

  test('cannot be computed without the secret', () => {
    const at = new Date('2026-01-05');
    expect(monthlyPseudonym('a')('192.0.2.1', at)).toBe(monthlyPseudonym('a')('192.0.2.1', at));
    expect(monthlyPseudonym('a')('192.0.2.1', at)).not.toBe(monthlyPseudonym('b')('192.0.2.1', at));
  });
});

describe('retention of thirteen months', () => {
  const METRICS = `query ($id: ID!) { partner(id: $id) { metrics {
    clicks conversions conversionRate customers revenue { amount } commissionEarned { amount }
    sources { source clicks conversions revenue { amount } } } } }`;
  const figures = async (id: string) => (await app.ask(staff.manager, METRICS, { id })).partner.metrics;
  const personal = {
    ipAddress: '203.0.113.99',
    userAgent: 'Marked-Browser/1.0',
    landingUrl: 'https://f.com/pricing?utm_source=News&email=marked@visitor.example#marked-part',
    referrerUrl: 'https://social.example/marked-person',
    metadata: { name: 'Marked Person' },
  };
  const marks = ['marked'];

  async function aPartnerWithHistory() {
    const partner = await makePartner(app, staff.manager);
    const visitorId = randomUUID();
    const occurredAt = new Date(now.getTime() - 3_600_000).toISOString(); // two clicks within seconds are one
    const lost = await track(partner.referralCode, { ...personal, visitorId, occurredAt });
    const won = await track(partner.referralCode, { ...personal, visitorId });
    await app.ask(staff.manager, CONVERT, {
      id: won.id,
      input: { customerId: `c-${visitorId}`, amount: '200.00' },
    });
    return { partner, lost, won, visitorId };
  }

  test('removes the visitor from old clicks, converted or not, and keeps counting them', async () => {
    const { partner, lost, won, visitorId } = await aPartnerWithHistory();
    const before = await figures(partner.id);
    const lines = await linesOf(app, partner.id);
    expect(before).toMatchObject({ clicks: 2, conversions: 1, revenue: { amount: '200.00' } });

    now = later(13, 1);
    await retain();

    for (const { id } of [lost, won])
      expect(await clickRow(id)).toMatchObject({
        visitor_id: id,
        ip_hash: null,
        user_agent: null,
        referrer_url: null,
        landing_url: 'https://f.com/pricing',
        metadata: {},
        source: 'news',
        referral_code: partner.referralCode,
      });
    expect(await holding(app.database.pool, ...marks, visitorId)).toEqual([
      expect.stringContaining(`c-${visitorId}`), // the name that the caller gave its customer
    ]);
    expect(await figures(partner.id)).toEqual(before);
    expect(await linesOf(app, partner.id)).toEqual(lines);
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { calculatePartnerMetrics(partnerId: $id) { clicks } }',
      {
        id: partner.id,
      },
    );
    expect(await figures(partner.id)).toEqual(before); // added up again from the rows
  });

  test('keeps the visitor until the last day of the retention', async () => {
    const { lost, visitorId } = await aPartnerWithHistory();
    now = later(13, -2);
    await retain();
    expect(await clickRow(lost.id)).toMatchObject({
      visitor_id: visitorId,
      user_agent: personal.userAgent,
      landing_url: personal.landingUrl,
    });
  });

  test('keeps all financial rows', async () => {
    const { partner, visitorId } = await aPartnerWithHistory();
    const [line] = await linesOf(app, partner.id);
    await app.ask(staff.maria, APPROVE, { id: line?.id });
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { updatePartner(id: $id, input: { payoutMethod: STRIPE }) { id } }',
      {
        id: partner.id,
      },
    );
    await app.ask(staff.tom, CREATE_PAYOUT, {
      input: { partnerId: partner.id, periodStart: '2026-01-01', periodEnd: '2100-01-01' },
    });
    const tables = [
      'commissions',
      'conversions',
      'payouts',
      'payout_items',
      'postings',
      'partners',
      'customers',
    ];
    const rowsOf = async (table: string) =>
      (await app.database.pool.query(`select t::text as row from ${table} t order by 1`)).rows;
    const before = await Promise.all(tables.map(rowsOf));

    now = later(60);
    await retain();

    expect(await Promise.all(tables.map(rowsOf))).toEqual(before);
    expect(before.every((rows) => rows.length > 0)).toBe(true);
    expect(await holding(app.database.pool, visitorId)).not.toEqual([]);
  });

  test('handles many clicks in batches, and a second run finds none', async () => {
    const partner = await makePartner(app, staff.manager);
    await app.database.pool.query(
      `insert into referrals (id, tenant_id, partner_id, referral_code, visitor_id, source, user_agent, clicked_at, expires_at, metadata)
       select new_id(), tenant_id, id, referral_code, gen_random_uuid(), 'x', 'Old', now() - interval '14 months', now() - interval '13 months', '{}'
       from partners, generate_series(1, 4500) where id = $1`,
      [partner.id],
    );
    const visited = () =>
      app.database.pool
        .query('select count(*)::int as n from referrals where partner_id = $1 and user_agent is not null', [
          partner.id,
        ])
        .then(({ rows }) => rows[0].n);
    expect(await visited()).toBe(4_500);
    await retain();
    expect(await visited()).toBe(0);
    const versions = () =>
      app.database.pool.query('select ctid::text from referrals order by id').then(({ rows }) => rows);
    const before = await versions();
    await retain();
    expect(await versions()).toEqual(before); // no row was written again
    expect((await figures(partner.id)).clicks).toBe(4_500);
  });
});

test('deletes idempotency keys after 90 days', async () => {
  const idempotencyKey = randomUUID();
  const input = {
    partnerType: 'REFERRAL',
    companyName: 'Once Ltd',
    email: 'once@example.com',
    idempotencyKey,
  };
  const create = async () =>
    (
      await app.ask(
        staff.manager,
        'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id } }',
        { input },
      )
    ).createPartner.id;
  const first = await create();
  now = later(0, 89);
  await retain();
  expect(await create()).toBe(first);
  now = later(0, 91);
  await retain();
  expect(await create()).not.toBe(first);
});

test('deletes events after 90 days', async () => {
  const { id } = await makePartner(app, staff.manager);
  const kept = async () =>
    (await app.database.pool.query('select 1 from events where subject_id = $1', [id])).rowCount;
  await app.database.pool.query(`update events set occurred_at = $2 where subject_id = $1`, [id, now]);
  now = new Date(now.getTime() + 89 * 24 * 3_600_000);
  await retain();
  expect(await kept()).toBe(1);
  now = new Date(now.getTime() + 2 * 24 * 3_600_000);
  await retain();
  expect(await kept()).toBe(0);
});

test('the worker applies the retention automatically, every day', async () => {
  const { referralCode } = await makePartner(app, staff.manager);
  const { id } = await track(referralCode, { userAgent: 'Old' });
  await app.app.startWorker();
  await until(async () => {
    const { rows } = await app.database.pool.query(
      `select 1 from graphile_worker._private_known_crontabs where identifier = 'apply_retention'`,
    );
    return rows.length > 0;
  });
  now = later(14);
  await app.database.pool.query(`select graphile_worker.add_job('apply_retention')`);
  await until(async () => (await clickRow(id)).user_agent === null);
});
