import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BoundPool } from '../../../src/kernel/data/bound-pool.ts';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import { applyRetention } from '../../../src/modules/privacy/privacy/retention.ts';
import { followLink } from '../../../src/modules/tracking/referrals/follow-link.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import {
  linesOf,
  type MadePartner,
  makePartner,
  staffOf,
  TRACK,
  tally,
  unknownId,
} from '../../support/make.ts';

const DAY_MS = 86_400_000;
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';
const GOOGLE = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
const HOME = 'https://shop.example.com/home';

const GUESSES = 5_000;

let clock = new Date();
let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: MadePartner;
let rival: MadePartner;
beforeAll(async () => {
  app = await createTestApp(
    { clock: { now: () => clock } },
    { TRUST_PROXY: '1', COUNTRY_HEADER: 'CF-IPCountry' },
  );
  staff = await staffOf(app);
  await program({ landingHosts: ['shop.example.com', 'docs.example.com'], landingUrl: HOME });
  partner = await makePartner(app, staff.manager, { commissionRate: 20 });
  rival = await makePartner(app, staff.manager, { commissionRate: 10 });
});
afterAll(() => app.close());

const program = (input: object) =>
  app.ask(
    staff.manager,
    'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { landingHosts } }',
    {
      input,
    },
  );
const affiliate = (cookieDays: number) =>
  makePartner(app, staff.manager, {
    partnerType: 'AFFILIATE',
    commissionRate: 10,
    affiliate: { cookieDays },
  });
const rows = async <T = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<T[]> =>
  (await app.database.pool.query(text, values)).rows;

interface Visit {
  readonly location: URL;
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly cookie: string | null;
  readonly click: string | null;
}

async function visit(
  path: string,
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' = 'GET',
): Promise<Visit> {
  const reply = await app.app.server.inject({
    method,
    url: `/r/${path}`,
    headers: { 'user-agent': CHROME, ...headers },
  });
  const location = new URL(String(reply.headers.location ?? 'none:'));
  const set = reply.headers['set-cookie'];
  return {
    location,
    status: reply.statusCode,
    headers: reply.headers,
    cookie: set ? (String(set).split(';')[0] ?? null) : null,
    click: location.searchParams.get('pp_click'),
  };
}
const touchOf = async (id: string | null) => (await rows('select * from touches where id = $1', id))[0];
const clicksOf = async ({ id }: MadePartner): Promise<number> => {
  const { partner } = await app.ask(
    staff.manager,
    'query ($id: ID!) { partner(id: $id) { metrics { clicks } } }',
    {
      id,
    },
  );
  return partner.metrics.clicks;
};

describe('a link', () => {
  test('a link stores a click of its partner before it redirects to the program’s page', async () => {
    const { status, location, click, headers } = await visit(partner.referralCode.toLowerCase(), {
      referer: 'https://www.blog.example/best-tools',
    });
    expect(status).toBe(302);
    expect(headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(`${location.origin}${location.pathname}`).toBe(HOME);
    const { referral } = await app.ask(
      staff.manager,
      'query ($id: ID!) { referral(id: $id) { status origin source referrerUrl bot clickedAt partner { id } } }',
      { id: click },
    );
    expect(referral).toEqual({
      status: 'CLICKED',
      origin: 'CLICK',
      source: 'blog.example',
      referrerUrl: 'https://www.blog.example/best-tools',
      bot: false,
      clickedAt: clock.toISOString(),
      partner: { id: partner.id },
    });
  });

  test('a link stores its campaign and sub ids, and passes the campaign on', async () => {
    const { click, location } = await visit(
      `${partner.referralCode}?utm_source=News&utm_medium=mail&utm_campaign=spring&s1=top&s3=${encodeURIComponent('a "b" {c},\\')}&to=${encodeURIComponent('https://docs.example.com/a?b=c')}`,
      { 'user-agent': PHONE },
    );
    expect(location.host + location.pathname).toBe('docs.example.com/a');
    expect(location.searchParams.get('b')).toBe('c');
    expect(location.searchParams.get('utm_campaign')).toBe('spring');
    expect(await touchOf(click)).toMatchObject({
      source: 'news',
      medium: 'mail',
      campaign: 'spring',
      subs: ['top', '', 'a "b" {c},\\', '', ''],
      device: 'MOBILE',
      bot: false,
    });
  });

  test('a link changes one parameter of the page and leaves the others byte for byte', async () => {
    const page =
      'https://shop.example.com/p?utm_source=site&q=a%20b&sig=x%2By~z&utm_source=again&empty=&flag';
    const { click, headers } = await visit(
      `${partner.referralCode}?to=${encodeURIComponent(page)}&utm_source=news%20%26%20more`,
    );
    expect(headers['location']).toBe(
      `https://shop.example.com/p?utm_source=news%20%26%20more&q=a%20b&sig=x%2By~z&empty=&flag&pp_click=${click}`,
    );
  });

  test.each([
    '.',
    ')',
    ',',
    '%20',
    '%E2%80%8B',
    '%C2%A0',
    '.)',
    '!',
    '%22',
    '/',
    '/.',
    ';',
    '%EF%BC%89',
    '%0A',
    ']',
  ])('a link works with %j from the text behind it', async (behind) => {
    const { click, location } = await visit(`${partner.referralCode}${behind}`);
    expect(`${location.origin}${location.pathname}`).toBe(HOME);
    expect(await touchOf(click)).toMatchObject({ code: partner.referralCode });
  });

  test.each([
    ['sec-purpose', 'prefetch;prerender'],
    ['purpose', 'prefetch'],
    ['x-moz', 'prefetch'],
    ['x-purpose', 'preview'],
    ['X-Purpose', 'Prefetch'],
  ])(
    'a browser that prefetches with %s: %s is redirected without a click and a cookie',
    async (name, value) => {
      const before = await clicksOf(partner);
      const { status, cookie, click } = await visit(partner.referralCode, { [name]: value });
      expect({ status, cookie, click }).toEqual({ status: 302, cookie: null, click: null });
      expect(await clicksOf(partner)).toBe(before);
    },
  );

  test('the usual port of a host may be given and may be left out', async () => {
    const hosts = ['shop.example.com', 'docs.example.com'];
    const set = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { landingHosts } }';
    const input = { landingHosts: [...hosts, 'pay.example.com:443', 'pay.example.com:8443'] };
    const { updateProgram } = await app.ask(staff.manager, set, { input });
    expect(updateProgram.landingHosts).toEqual([...hosts, 'pay.example.com', 'pay.example.com:8443']);
    const target = async (to: string) => {
      const { location } = await visit(`${partner.referralCode}?to=${encodeURIComponent(to)}`);
      return location.origin + location.pathname;
    };
    expect(await target('https://pay.example.com/x')).toBe('https://pay.example.com/x');
    expect(await target('https://pay.example.com:443/x')).toBe('https://pay.example.com/x');
    expect(await target('https://pay.example.com:8443/x')).toBe('https://pay.example.com:8443/x');
    expect(await target('https://pay.example.com:80/x')).toBe(HOME);
    await program({ landingHosts: hosts });
  });

  test.each([
    '//evil.com',
    'https:evil.com',
    '\\\\evil.com',
    'https://shop.example.com@evil.com/',
    'https://shop.example.com\t.evil.com',
    'https://shоp.example.com/',
    'javascript:alert(1)',
    '/\\evil.com',
  ])('a link redirects to no other host: %j', async (to) => {
    const { location } = await visit(`${partner.referralCode}?to=${encodeURIComponent(to)}`);
    expect(`${location.origin}${location.pathname}`).toBe(HOME);
    const twice = await visit(`${partner.referralCode}?to=/a&to=${encodeURIComponent(to)}`);
    expect(twice.location.host).toBe('shop.example.com');
  });

  test('answers an unknown code and one of a suspended partner in the same way, and stores nothing', async () => {
    const suspended = await makePartner(app, staff.manager, { status: 'SUSPENDED' });
    const before = await rows('select count(*) from touches');
    const seen = await Promise.all(
      ['NOBODY-1', suspended.referralCode, 'a%00b', '..%2f..', 'x'.repeat(90), '%ff'].map((code) =>
        visit(code),
      ),
    );
    const [first] = seen;
    expect(first).toMatchObject({ status: 404, cookie: null, click: null });
    for (const { status, location, cookie } of seen.slice(0, 5))
      expect({ status, location: location.href, cookie }).toEqual({
        status: first?.status,
        location: first?.location.href,
        cookie: null,
      });
    expect(await rows('select count(*) from touches')).toEqual(before);
  });

  test('a link redirects every click of a network, and stores a limited number of them', async () => {
    const small = await createTestApp({}, { CLICKS_PER_MINUTE: '5', TRUST_PROXY: '1' });
    try {
      const { manager } = await staffOf(small);
      const input = { landingHosts: ['shop.example.com'], landingUrl: HOME };
      const set = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { landingHosts } }';
      await small.ask(manager, set, { input });
      const { referralCode } = await makePartner(small, manager);
      const follow = async (from: string) => {
        const headers = { 'x-forwarded-for': from, 'user-agent': CHROME };
        const reply = await small.app.server.inject({ url: `/r/${referralCode}`, headers });
        const { origin, searchParams } = new URL(String(reply.headers.location));
        return `${origin} ${searchParams.has('pp_click')}`;
      };
      const flood = [];
      for (let i = 0; i < 20; i++) flood.push(await follow(`2001:db8::${i}`));
      expect(new Set(flood.slice(0, 5))).toEqual(new Set(['https://shop.example.com true']));
      expect(new Set(flood.slice(5))).toEqual(new Set(['https://shop.example.com false']));
      expect(await follow('203.0.113.9')).toBe('https://shop.example.com true');
      const { rows } = await small.database.pool.query(
        'select (select count(*)::int from touches) as touches, (select count(*)::int from referrals) as referrals',
      );
      expect(rows).toEqual([{ touches: 6, referrals: 6 }]);
    } finally {
      await small.close();
    }
  });

  test('a network that tries many unknown codes gets no answer, also for a valid code', async () => {
    const small = await createTestApp({}, { ANONYMOUS_CALLS_PER_MINUTE: '100', TRUST_PROXY: '1' });
    try {
      const { manager } = await staffOf(small);
      const { referralCode } = await makePartner(small, manager);
      const guess = (code: string, from: string) =>
        small.app.server.inject({
          url: `/r/${code}`,
          headers: { 'x-forwarded-for': from, 'user-agent': CHROME },
        });
      const answers = new Map<string, number>();
      const asked = small.statements.length;
      for (let i = 0; i < GUESSES; i++) {
        const { statusCode, headers } = await guess(`GUESS-${i}`, `2001:db8::${i.toString(16)}`);
        const seen = `${statusCode} ${headers.location ?? ''}`;
        answers.set(seen, (answers.get(seen) ?? 0) + 1);
      }
      expect([...answers.keys()].map((key) => key.slice(0, 3))).toEqual(['404', '429']);
      expect([...answers.values()][0]).toBe(100);
      expect(small.statements.length - asked).toBeLessThanOrEqual(101); // the others cost the database nothing
      expect((await guess(referralCode, '2001:db8::ffff')).statusCode).toBe(429);
      expect((await guess(referralCode, '203.0.113.9')).statusCode).toBe(302);
      const { rows: clicks } = await small.database.pool.query('select 1 from referrals');
      expect(clicks).toHaveLength(1);
    } finally {
      await small.close();
    }
  });
});

test('a click has the country that the proxy or a server of the program reports, and no other', async () => {
  const countryOf = async (headers: Record<string, string>) =>
    (await touchOf((await visit(partner.referralCode, headers)).click))?.['country'];
  expect(await countryOf({ 'cf-ipcountry': 'de' })).toBe('DE');
  for (const said of ['XX', 'T1', 'Germany', ''])
    expect(await countryOf({ 'cf-ipcountry': said })).toBeNull();
  const { trackReferral } = await app.ask(staff.manager, TRACK, {
    input: { referralCode: partner.referralCode, country: 'AT' },
  });
  expect((await touchOf(trackReferral.id))?.['country']).toBe('AT');
  const plain = await createTestApp({}, { TRUST_PROXY: '10.0.0.0/8', COUNTRY_HEADER: 'CF-IPCountry' });
  try {
    const { referralCode } = await makePartner(plain, (await staffOf(plain)).manager);
    await plain.app.server.inject({
      url: `/r/${referralCode}`,
      headers: { 'user-agent': CHROME, 'cf-ipcountry': 'DE' },
    });
    const { rows: touches } = await plain.database.pool.query('select country from touches');
    expect(touches).toEqual([{ country: null }]);
  } finally {
    await plain.close();
  }
});

describe('the cookie of a visitor', () => {
  test('the visitor cookie is signed, contains only an id, and lasts for the days of the affiliate', async () => {
    const { referralCode } = await affiliate(45);
    const { headers, cookie } = await visit(referralCode);
    expect(String(headers['set-cookie'])).toMatch(
      /^__Host-pp_visitor=[0-9a-f-]{36}\.[\w+/]{43}; Max-Age=3888000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    const [, visitorId] = /=([0-9a-f-]{36})\./.exec(cookie ?? '') ?? [];
    const kept = await rows('select 1 from touches where visitor_id = $1', visitorId);
    expect(kept, 'each tenant knows the visitor by an id of its own').toEqual([]);
  });

  test('a signed cookie identifies the visitor of further clicks; another cookie creates a new visitor', async () => {
    const first = await visit(partner.referralCode);
    clock = new Date(clock.getTime() + 60_000);
    const second = await visit(rival.referralCode, { cookie: `a=b; ${first.cookie}; c=d` });
    expect(second.cookie).toBe(first.cookie);
    const [one, two] = [await touchOf(first.click), await touchOf(second.click)];
    expect(two?.['visitor_id']).toBe(one?.['visitor_id']);
    const forged = (first.cookie ?? '').replace(/.$/, (end) => (end === 'A' ? 'B' : 'A'));
    expect((await visit(partner.referralCode, { cookie: forged })).cookie).not.toBe(first.cookie);
  });

  test('no cookie is set without the consent that the program requires; the address identifies the click', async () => {
    await program({ trackingConsent: 'REQUIRED' });
    const without = await visit(partner.referralCode);
    expect(without.cookie).toBeNull();
    expect(await touchOf(without.click)).toBeTruthy();
    expect((await visit(`${partner.referralCode}?consent=granted`)).cookie).not.toBeNull();
    expect((await visit(`${partner.referralCode}?consent=granted`, { 'sec-gpc': '1' })).cookie).toBeNull();
    await program({ trackingConsent: 'NOT_NEEDED' });
    expect((await visit(`${partner.referralCode}?consent=denied`)).cookie).toBeNull();
    expect((await visit(partner.referralCode, { 'sec-gpc': '1' })).cookie).toBeNull();
  });
});

describe('a counted click', () => {
  test('a double click is stored once, and both requests return the stored click', async () => {
    const { cookie } = await visit(partner.referralCode);
    clock = new Date(clock.getTime() + 60_000);
    const before = await clicksOf(partner);
    const twice = await Promise.all(
      Array.from({ length: 25 }, () => visit(partner.referralCode, { cookie: cookie ?? '' })),
    );
    expect(new Set(twice.map(({ click }) => click)).size).toBe(1);
    clock = new Date(clock.getTime() + 2_999);
    expect((await visit(partner.referralCode, { cookie: cookie ?? '' })).click).toBe(twice[0]?.click);
    expect(await clicksOf(partner)).toBe(before + 1);
    clock = new Date(clock.getTime() + 1);
    expect((await visit(partner.referralCode, { cookie: cookie ?? '' })).click).not.toBe(twice[0]?.click);
    expect(await clicksOf(partner)).toBe(before + 2);
  });

  test('a double click is stored once across processes', async () => {
    const { cookie } = await visit(partner.referralCode);
    clock = new Date(clock.getTime() + 60_000);
    const { click } = await visit(partner.referralCode, { cookie: cookie ?? '' });
    const [, visitorId = ''] = /=([0-9a-f-]{36})\./.exec(cookie ?? '') ?? [];
    const elsewhere = {
      ...app.app.services,
      clock: { now: () => clock },
      pool: new BoundPool(app.app.owner),
    };
    const landing = await followLink(elsewhere, {
      ...{
        code: partner.referralCode,
        query: {},
        visitorId,
        ipAddress: '',
        userAgent: CHROME,
        referrer: null,
      },
      ...{ optedOut: false, looksOnly: false, tooMany: false, country: null },
    });
    expect(landing?.location).toContain(`pp_click=${click}`);
  });

  test('keeps the signed part of a deep link, also after a slash, and stores no secret of the referring page', async () => {
    const to = encodeURIComponent('https://docs.example.com/a?sig=a%20b~(x)&b#part');
    const { location, click } = await visit(`${partner.referralCode}/?to=${to}&utm_source=n`, {
      referer: 'https://ref.example/page?token=secret',
    });
    expect(location.href).toBe(
      `https://docs.example.com/a?sig=a%20b~(x)&b&pp_click=${click}&utm_source=n#part`,
    );
    const kept = await rows('select referrer_url from referrals where id = $1', click);
    expect(kept).toEqual([{ referrer_url: 'https://ref.example/page' }]);
  });

  test.each([
    ['a program', { 'user-agent': GOOGLE }, 'GET'],
    ['a command line', { 'user-agent': 'curl/8.5.0' }, 'GET'],
    ['a browser that loads ahead', { 'sec-purpose': 'prefetch;prerender' }, 'GET'],
    ['what checks links', { 'user-agent': CHROME }, 'HEAD'],
  ] as const)(
    'a request of %s is marked as a bot, gets no cookie and no id, and is redirected',
    async (_, headers, method) => {
      const before = await clicksOf(partner);
      const marked = async () =>
        (await rows('select 1 from touches where bot and partner_id = $1', partner.id)).length;
      const bots = await marked();
      const seen = await visit(partner.referralCode, headers, method);
      expect(seen).toMatchObject({ status: 302, cookie: null, click: null });
      expect(seen.location.host).toBe('shop.example.com');
      expect(await marked()).toBe(bots + 1);
      expect(await clicksOf(partner)).toBe(before);
    },
  );

  test('a bot that a server reports is marked, and no metric counts it', async () => {
    const { id, referralCode } = await makePartner(app, staff.manager);
    const track = async (userAgent: string) =>
      (await app.ask(null, TRACK, { input: { referralCode, userAgent } })).trackReferral.id;
    const bot = await track(GOOGLE);
    const app2 = await track('MyApp/1.0');
    const { referrals } = await app.ask(
      staff.manager,
      'query ($id: ID!) { referrals(filter: { partnerId: $id }) { edges { node { id bot } } } }',
      { id },
    );
    expect(referrals.edges.map(({ node }: { node: object }) => node)).toEqual([
      { id: app2, bot: false },
      { id: bot, bot: true },
    ]);
    expect(await clicksOf({ id, referralCode })).toBe(1);
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { calculatePartnerMetrics(partnerId: $id) { clicks } }',
      { id },
    );
    expect(await clicksOf({ id, referralCode })).toBe(1);
  });

  test('stores every answered click of a burst, from any visitor', async () => {
    const { id, referralCode } = await makePartner(app, staff.manager);
    const seen = await Promise.all(Array.from({ length: 400 }, () => visit(referralCode)));
    const stored = await rows<{ id: string }>('select id from touches where partner_id = $1', id);
    expect(new Set(stored.map((row) => row.id))).toEqual(new Set(seen.map(({ click }) => click)));
    expect(await clicksOf({ id, referralCode })).toBe(400);
  });
});

describe('touches', () => {
  const TOUCHES =
    'query ($id: ID!) { visitorTouches(visitorId: $id) { id clickedAt lateSeconds partner { id } } }';

  test('five hundred touches of a visitor are listed in time order with one index', async () => {
    const visitorId = randomUUID();
    const start = clock.getTime() - 40 * DAY_MS;
    const order = Array.from({ length: 500 }, (_, index) => (index * 7) % 500);
    await Promise.all(
      order.map((index) =>
        app.ask(staff.manager, TRACK, {
          input: {
            ...{ visitorId, referralCode: index % 2 ? partner.referralCode : rival.referralCode },
            occurredAt: new Date(start + index * 3_600_000).toISOString(),
          },
        }),
      ),
    );
    const { visitorTouches } = await app.ask(staff.manager, TOUCHES, { id: visitorId });
    const times = visitorTouches.map(({ clickedAt }: { clickedAt: string }) => Date.parse(clickedAt));
    expect(times).toEqual(order.map((_, index) => start + index * 3_600_000));
    expect(visitorTouches[0].lateSeconds).toBeGreaterThan(39 * 86_400);
    const plan = await rows<{ 'QUERY PLAN': string }>(
      `explain select id from touches where tenant_id = 'acme' and visitor_id = '${visitorId}' and clicked_at > now() - interval '2 days' order by clicked_at desc, id desc limit 1000`,
    );
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toMatch(/Index.*visitor_id/);

    const own = await app.token('PARTNER', { partner: partner.id });
    expect((await app.ask(own, TOUCHES, { id: visitorId })).visitorTouches).toEqual([]);
    const [{ id } = { id: '' }] = await rows<{ id: string }>(
      'select id from touches where visitor_id = $1 and partner_id = $2 limit 1',
      ...[visitorId, partner.id],
    );
    const { referral } = await app.ask(own, 'query ($id: ID!) { referral(id: $id) { visitorId } }', { id });
    expect(referral.visitorId).not.toBe(visitorId);
    const seen = (await app.ask(own, TOUCHES, { id: referral.visitorId })).visitorTouches;
    expect(seen).toHaveLength(250);
    expect(new Set(seen.map((touch: { partner: { id: string } }) => touch.partner.id))).toEqual(
      new Set([partner.id]),
    );
  });

  test('touches are in a partition for each month, created in advance and dropped as a whole', async () => {
    const { referralCode, id } = await makePartner(app, staff.manager);
    const visitorId = randomUUID();
    const years = (count: number) => new Date(clock.getTime() - count * 365 * DAY_MS).toISOString();
    for (const occurredAt of [years(0), years(3)])
      await app.ask(staff.manager, TRACK, { input: { referralCode, visitorId, occurredAt } });
    const months = async () =>
      (
        await rows<{ name: string }>(
          `select c.relname as name from pg_class c join pg_inherits i on i.inhrelid = c.oid where i.inhparent = 'touches'::regclass order by 1`,
        )
      ).map(({ name }) => name);
    const tables = () =>
      rows(`select tablename from pg_tables where schemaname = 'touches_by_month' order by 1`);
    const ctx = contextFor(app.app.services, { actor: system, requestId: 'retention' });
    await applyRetention(ctx, { visitorMonths: 13 });
    const kept = await rows<{ clicked_at: Date }>(
      'select clicked_at from touches where visitor_id = $1',
      visitorId,
    );
    expect(kept).toHaveLength(1); // what was three years old is gone; the click still counts
    expect(await clicksOf({ id, referralCode })).toBe(2);
    const now = await months();
    expect(now.length).toBeGreaterThanOrEqual(6);

    const real = clock;
    try {
      clock = new Date(clock.getTime() + 600 * DAY_MS);
      await applyRetention(ctx, { visitorMonths: 13 });
      const later = await months();
      const made = (name: string) => later.includes(name);
      expect(now.filter((name) => name !== 'other' && made(name))).toEqual([]);
      expect(later.filter((name) => name !== 'other').length).toBe(4); // this month and three ahead
      expect(await tables()).toHaveLength(5);
      expect(await rows('select 1 from touches where visitor_id = $1', visitorId)).toEqual([]);
      expect(await clicksOf({ id, referralCode })).toBe(2);
    } finally {
      clock = real;
    }
    await rows('select make_touch_months($1::date, 3)', clock);
  });

  test('a new month takes its touches from the default partition', async () => {
    const { referralCode } = await makePartner(app, staff.manager);
    const occurredAt = new Date(clock.getTime() - 80 * DAY_MS).toISOString();
    const { trackReferral } = await app.ask(staff.manager, TRACK, { input: { referralCode, occurredAt } });
    const where = async () =>
      (
        await rows<{ at: string }>(
          'select tableoid::regclass::text as at from touches where id = $1',
          trackReferral.id,
        )
      )[0]?.at;
    expect(await where()).toBe('touches_by_month.other');
    await rows('select make_touch_months($1::date, 1)', occurredAt);
    expect(await where()).toMatch(/^touches_by_month\.m\d{6}$/);
  });

  test('touches lose their visitor together with the click', async () => {
    const { click } = await visit(partner.referralCode, { 'x-forwarded-for': '203.0.113.50' });
    const before = await touchOf(click);
    expect(before?.['ip_hash']).toBeTruthy();
    await rows(`update referrals set visitor_id = id, ip_hash = null where id = $1`, click);
    expect(await touchOf(click)).toMatchObject({ visitor_id: click, ip_hash: null });
  });
});

describe('a clock that runs ahead', () => {
  test('a fast clock does not move a click after its purchase; a click in the future is refused', async () => {
    const ahead = new Date(clock.getTime() + 4 * 60_000).toISOString();
    const input = { referralCode: partner.referralCode, occurredAt: ahead };
    const { id, clickedAt } = (await app.ask(staff.manager, TRACK, { input })).trackReferral;
    expect(clickedAt).toBe(clock.toISOString());
    await record({ clickId: id });
    const future = { ...input, occurredAt: new Date(clock.getTime() + 6 * 60_000).toISOString() };
    expect(await app.refusal(staff.manager, TRACK, { input: future })).toMatchObject({
      field: 'input.occurredAt',
    });
  });
});

const CREATE_LINK = `mutation ($input: CreateTrackingLinkInput!) {
  createTrackingLink(input: $input) { id path url name targetUrl campaign archivedAt createdBy partner { id } } }`;

describe('a link with a path of its own', () => {
  const makeLink = async (input: object, by: string | null = staff.manager) =>
    (await app.ask(by, CREATE_LINK, { input: { partnerId: partner.id, name: 'spring', ...input } }))
      .createTrackingLink;

  test('a partner creates a link with a path, which redirects to its target with its campaign', async () => {
    const own = await app.token('PARTNER', { partner: partner.id, user: 'nancy' });
    const link = await makeLink({ path: 'Spring-2026', targetUrl: '/pricing', campaign: 'spring' }, own);
    expect(link).toMatchObject({ createdBy: 'nancy', partner: { id: partner.id } });
    expect(link.url).toMatch(/\/r\/Spring-2026$/);
    const { location, click } = await visit('spring-2026?utm_campaign=other');
    expect(location.pathname).toBe('/pricing');
    expect(await touchOf(click)).toMatchObject({
      campaign: 'spring',
      link_id: link.id,
      partner_id: partner.id,
    });
  });

  test('refuses a path or code that the program uses already, in any case', async () => {
    const path = `p${randomUUID().slice(0, 8)}`;
    await makeLink({ path });
    for (const [partnerId, taken] of [
      [rival.id, path.toUpperCase()],
      [partner.id, rival.referralCode.toLowerCase()],
    ] as const)
      expect(
        await app.refusal(staff.manager, CREATE_LINK, { input: { partnerId, name: 'x', path: taken } }),
      ).toMatchObject({ code: 'CONFLICT', field: 'input.path', reason: 'PATH_TAKEN' });
    await expect(makePartner(app, staff.manager, { referralCode: path })).rejects.toThrow(/already in use/);
    const [, second] = await Promise.allSettled([
      makeLink({ path: `${path}x` }),
      makeLink({ path: `${path}X` }),
    ]).then((replies) => replies.map(({ status }) => status).sort());
    expect(second).toBe('rejected');
  });

  test('tells nothing of the paths and codes of another program, and each link leads to its own page', async () => {
    const path = `p${randomUUID().slice(0, 8)}`;
    const elsewhere = await app.token('PROGRAM_MANAGER', { tenant: 'elsewhere' });
    const other = await makePartner(app, elsewhere);
    const [mine, theirs, ofCode] = [
      await makeLink({ path }),
      await makeLink({ path: path.toUpperCase(), partnerId: other.id }, elsewhere),
      await makeLink({ path: partner.referralCode, partnerId: other.id }, elsewhere),
    ];
    expect([mine.path, theirs.path, ofCode.path]).toEqual([path, path.toUpperCase(), partner.referralCode]);
    const codes = [mine, theirs, ofCode].map(({ url }) => new URL(url).pathname.slice('/r/'.length));
    expect(codes).toEqual([
      path,
      expect.stringMatching(new RegExp(`^${path}-[0-9a-f]{6}$`, 'i')),
      expect.stringMatching(new RegExp(`^${partner.referralCode}-[0-9a-f]{6}$`)),
    ]);
    for (const [code, link] of codes.map((each, at) => [each, [mine, theirs, ofCode][at]] as const)) {
      await app.app.server.inject({ url: `/r/${code}` });
      const { rows } = await app.database.pool.query('select 1 from touches where link_id = $1', [link.id]);
      expect(rows).toHaveLength(1);
    }
    // The server of a program may name its own path.
    const { trackReferral } = await app.ask(
      elsewhere,
      'mutation ($input: TrackReferralInput!) { trackReferral(input: $input) { id } }',
      { input: { referralCode: path } },
    );
    const { rows } = await app.database.pool.query('select link_id from referrals where id = $1', [
      trackReferral.id,
    ]);
    expect(rows).toEqual([{ link_id: theirs.id }]);
    const both = await Promise.all(
      [partner.id, other.id].map((partnerId, at) =>
        app.send([staff.manager, elsewhere][at] ?? null, CREATE_LINK, {
          input: { partnerId, name: 'x', path: `${path}-race` },
        }),
      ),
    );
    expect(tally(both)).toEqual({ ok: 2 });
  });

  test('gives a wanted referral code of another program a suffix, and refuses one of its own', async () => {
    const code = `C${randomUUID().slice(0, 8)}`.toUpperCase();
    expect((await makePartner(app, staff.manager, { referralCode: code })).referralCode).toBe(code);
    await expect(makePartner(app, staff.manager, { referralCode: code })).rejects.toThrow(/already in use/);
    const elsewhere = await app.token('PROGRAM_MANAGER', { tenant: 'elsewhere' });
    const { referralCode } = await makePartner(app, elsewhere, { referralCode: code });
    expect(referralCode).toMatch(new RegExp(`^${code}-[A-Z2-9]{4}$`));
  });

  test.each(['https://evil.com/', '//evil.com', 'javascript:alert(1)', 'http://shop.example.com/'])(
    'refuses a link to another host: %s',
    async (targetUrl) => {
      expect(
        await app.refusal(staff.manager, CREATE_LINK, {
          input: { partnerId: partner.id, name: 'x', targetUrl },
        }),
      ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.targetUrl' });
    },
  );

  test('an archived link does not redirect, and its path stays reserved', async () => {
    const { id, path } = await makeLink({});
    expect((await visit(path)).click).toBeTruthy();
    await app.ask(
      staff.manager,
      'mutation ($id: ID!) { updateTrackingLink(id: $id, input: { targetUrl: "https://docs.example.com/", campaign: null }) { id } }',
      { id },
    );
    expect((await visit(path)).location.host).toBe('docs.example.com');
    await app.ask(staff.manager, 'mutation ($id: ID!) { archiveTrackingLink(id: $id) { archivedAt } }', {
      id,
    });
    expect((await visit(path)).click).toBeNull();
    expect(
      await app.refusal(staff.manager, CREATE_LINK, { input: { partnerId: rival.id, name: 'x', path } }),
    ).toMatchObject({ reason: 'PATH_TAKEN' });
    const { trackingLinks } = await app.ask(
      staff.manager,
      'query ($id: ID!) { trackingLinks(filter: { partnerId: $id, archived: true }) { edges { node { id } } } }',
      { id: partner.id },
    );
    expect(trackingLinks.edges).toEqual([{ node: { id } }]);
  });
});

const RECORD = `mutation ($input: RecordConversionInput!) { recordConversion(input: $input) {
  id status origin visitorId partner { id } customer { externalId } commissions { amount { amount } status } } }`;
const purchase = (input: object) => ({ customerId: randomUUID(), amount: '100.00', ...input });
const record = async (input: object) =>
  (await app.ask(staff.manager, RECORD, { input: purchase(input) })).recordConversion;
const refusedRecord = (input: object) => app.refusal(staff.manager, RECORD, { input: purchase(input) });
const coupon = async (input: object = {}) => {
  const code = `SAVE-${randomUUID().slice(0, 8)}`;
  const made = await app.ask(
    staff.manager,
    'mutation ($input: CreateCouponInput!) { createCoupon(input: $input) { id code uses } }',
    { input: { partnerId: partner.id, code, ...input } },
  );
  return made.createCoupon as { id: string; code: string };
};
const REGISTER = `mutation ($input: RegisterDealInput!) { registerDeal(input: $input) { id status domain email expiresAt } }`;
const register = async (input: object, by: string | null = staff.manager) =>
  (await app.ask(by, REGISTER, { input: { partnerId: partner.id, company: 'Globex', ...input } }))
    .registerDeal;
const uses = async ({ id }: { id: string }) =>
  (await rows('select uses from coupons where id = $1', id))[0]?.['uses'];

describe('a sale that a server reports', () => {
  test('a sale closes the click that it names', async () => {
    const { click } = await visit(partner.referralCode);
    expect(await record({ clickId: click })).toMatchObject({
      id: click,
      status: 'CONVERTED',
      origin: 'CLICK',
      partner: { id: partner.id },
      commissions: [{ amount: { amount: '20.00' }, status: 'PENDING' }],
    });
  });

  test('a sale of a visitor closes its last click before the sale, in any order of reports', async () => {
    const visitorId = randomUUID();
    const track = async ({ referralCode }: MadePartner, hours: number) =>
      app.ask(staff.manager, TRACK, {
        input: {
          referralCode,
          visitorId,
          occurredAt: new Date(clock.getTime() - hours * 3_600_000).toISOString(),
        },
      });
    await track(rival, 1); // later than the sale
    await track(partner, 5);
    await track(rival, 9);
    const sale = await record({
      visitorId,
      occurredAt: new Date(clock.getTime() - 3 * 3_600_000).toISOString(),
    });
    expect(sale).toMatchObject({ origin: 'CLICK', partner: { id: partner.id }, visitorId });
  });

  test('the attribution window is exact to the millisecond', async () => {
    const { referralCode } = await affiliate(30);
    const at = (ms: number) => new Date(clock.getTime() - 40 * DAY_MS + ms).toISOString();
    const click = async () =>
      (await app.ask(staff.manager, TRACK, { input: { referralCode, occurredAt: at(0) } })).trackReferral.id;
    expect(await record({ clickId: await click(), occurredAt: at(30 * DAY_MS - 1) })).toMatchObject({
      origin: 'CLICK',
    });
    for (const occurredAt of [at(30 * DAY_MS), at(-1)])
      expect(await refusedRecord({ clickId: await click(), occurredAt })).toMatchObject({
        code: 'CONFLICT',
        reason: 'NOT_ATTRIBUTED',
      });
  });

  test('a coupon in any case credits its partner without a click, and counts as no click', async () => {
    const before = await clicksOf(partner);
    const made = await coupon();
    const { click } = await visit(rival.referralCode);
    expect(await record({ couponCode: made.code.toLowerCase(), clickId: click })).toMatchObject({
      origin: 'COUPON',
      partner: { id: partner.id },
    });
    expect(await uses(made)).toBe(1);
    expect(await clicksOf(partner)).toBe(before);
  });

  test('a coupon that is unknown, not yet valid, used up, ended or of another program credits no partner', async () => {
    const over = await coupon({ startsAt: '2026-01-01T00:00:00Z', endsAt: clock.toISOString() });
    const early = await coupon({ startsAt: new Date(clock.getTime() + 1).toISOString() });
    const ended = await coupon();
    await app.ask(staff.manager, 'mutation ($id: ID!) { endCoupon(id: $id) { endedAt } }', { id: ended.id });
    const elsewhere = await app.token('PROGRAM_MANAGER', { tenant: 'elsewhere' });
    const stranger = await makePartner(app, elsewhere);
    const foreign = `F-${randomUUID().slice(0, 8)}`;
    await app.ask(elsewhere, 'mutation ($input: CreateCouponInput!) { createCoupon(input: $input) { id } }', {
      input: { partnerId: stranger.id, code: foreign },
    });
    for (const couponCode of [over.code, early.code, ended.code, foreign, 'NO-SUCH'])
      expect(await refusedRecord({ couponCode })).toMatchObject({ reason: 'NOT_ATTRIBUTED' });
  });

  test('uses a coupon up to its limit with twenty-five simultaneous sales, and not for refused sales', async () => {
    const made = await coupon({ maxUses: 3 });
    expect(await refusedRecord({ couponCode: made.code, amount: '-1' })).toMatchObject({
      field: 'input.amount',
    });
    const replies = await Promise.all(
      Array.from({ length: 25 }, () =>
        app.send(staff.manager, RECORD, { input: purchase({ couponCode: made.code }) }),
      ),
    );
    expect(tally(replies)).toEqual({ ok: 3, CONFLICT: 22 });
    expect(await uses(made)).toBe(3);
  });

  test('records a sale once for its key and its order, with twenty-five simultaneous requests', async () => {
    const made = await coupon();
    const sale = purchase({ couponCode: made.code, orderId: randomUUID(), idempotencyKey: randomUUID() });
    const replies = await Promise.all(
      Array.from({ length: 25 }, () => app.send(staff.manager, RECORD, { input: sale })),
    );
    expect(tally(replies)).toEqual({ ok: 25 });
    expect(new Set(replies.map(({ data }) => data.recordConversion.id)).size).toBe(1);
    expect(await uses(made)).toBe(1);
    const other = { ...sale, idempotencyKey: sale['idempotencyKey' as keyof typeof sale] };
    expect(await app.refusal(staff.manager, RECORD, { input: { ...other, amount: '200.00' } })).toMatchObject(
      {
        reason: 'IDEMPOTENCY_MISMATCH',
      },
    );
    const { idempotencyKey: _, ...again } = sale as Record<string, unknown>;
    expect(await app.refusal(staff.manager, RECORD, { input: again })).toMatchObject({ code: 'CONFLICT' });
    expect(await uses(made)).toBe(1);
  });

  test('credits a deal before a coupon, a coupon before an assignment, and an assignment before a click', async () => {
    const email = `cto@${randomUUID()}.example`;
    const [assigned, clicked] = [
      await makePartner(app, staff.manager),
      await makePartner(app, staff.manager),
    ];
    const registered = await makePartner(app, staff.manager);
    const made = await coupon();
    await register({ partnerId: registered.id, email });
    const evidence = async () => {
      const customerId = randomUUID();
      await app.ask(
        staff.manager,
        'mutation ($input: AssignCustomerInput!) { assignCustomer(input: $input, reason: "met at a fair") { externalId } }',
        { input: { customerId, partnerId: assigned.id } },
      );
      return { customerId, clickId: (await visit(clicked.referralCode)).click };
    };
    for (const [more, origin, id] of [
      [{ customerEmail: email, couponCode: made.code }, 'DEAL', registered.id],
      [{ couponCode: made.code }, 'COUPON', partner.id],
      [{}, 'ASSIGNMENT', assigned.id],
    ] as const)
      expect(await record({ ...(await evidence()), ...more })).toMatchObject({ origin, partner: { id } });
  });

  test('credits no suspended partner, but the partner of a valid click', async () => {
    const [gone, clicked] = [await makePartner(app, staff.manager), await makePartner(app, staff.manager)];
    const [email, customerId] = [`cto@${randomUUID()}.example`, randomUUID()];
    await register({ partnerId: gone.id, email });
    const made = await coupon({ partnerId: gone.id });
    await app.ask(
      staff.manager,
      'mutation ($input: AssignCustomerInput!) { assignCustomer(input: $input, reason: "met at a fair") { externalId } }',
      { input: { customerId, partnerId: gone.id } },
    );
    await app.database.pool.query("update partners set status = 'SUSPENDED' where id = $1", [gone.id]);
    const { click } = await visit(clicked.referralCode);
    expect(
      await record({ customerId, customerEmail: email, couponCode: made.code, clickId: click }),
    ).toMatchObject({ origin: 'CLICK', partner: { id: clicked.id } });
    expect(await uses(made)).toBe(0);
  });

  test('stays with the partner of an existing customer, also with a coupon of another partner', async () => {
    const customerId = randomUUID();
    const { click } = await visit(partner.referralCode);
    await record({ customerId, clickId: click });
    const theirs = await coupon({ partnerId: rival.id });
    expect(await record({ customerId, couponCode: theirs.code })).toMatchObject({
      origin: 'CUSTOMER',
      partner: { id: partner.id },
    });
    expect(await uses(theirs)).toBe(0);
    const lines = await linesOf(app, partner.id);
    expect(lines.length).toBeGreaterThan(1);
  });

  test('a sale within the window of a click that another customer closed repeats that click', async () => {
    const { click } = await visit(partner.referralCode);
    const first = await record({ clickId: click });
    const again = await record({ clickId: click });
    expect(again).toMatchObject({
      origin: 'REPEAT',
      partner: { id: partner.id },
      visitorId: first.visitorId,
    });
    expect(again.id).not.toBe(first.id);
  });

  test('names a click without a partner, and earns nothing without another attribution', async () => {
    expect(await refusedRecord({ clickId: unknownId() })).toMatchObject({
      code: 'NOT_FOUND',
      field: 'input.clickId',
    });
    expect(await refusedRecord({ visitorId: randomUUID() })).toMatchObject({ reason: 'NOT_ATTRIBUTED' });
    expect(await refusedRecord({})).toMatchObject({ reason: 'NOT_ATTRIBUTED' });
  });

  test('credits a sale that was reported before its click when it is reported again', async () => {
    const visitorId = randomUUID();
    const sale = {
      visitorId,
      customerId: randomUUID(),
      occurredAt: new Date(clock.getTime() - 60_000).toISOString(),
    };
    expect(await refusedRecord(sale)).toMatchObject({ reason: 'NOT_ATTRIBUTED' });
    const occurredAt = new Date(clock.getTime() - 120_000).toISOString();
    await app.ask(staff.manager, TRACK, {
      input: { referralCode: partner.referralCode, visitorId, occurredAt },
    });
    expect(await record(sale)).toMatchObject({ origin: 'CLICK', partner: { id: partner.id } });
  });
});

describe('a lead', () => {
  const submit = async (by: string | null = staff.manager) =>
    (
      await app.ask(
        by,
        'mutation ($input: SubmitLeadInput!) { submitLead(input: $input) { id status submittedBy } }',
        {
          input: {
            partnerId: partner.id,
            company: 'Initech',
            contactName: 'Peter',
            email: 'Peter@initech.example',
          },
        },
      )
    ).submitLead;

  test('a lead is submitted by the partner, accepted by staff, and credits one sale', async () => {
    const own = await app.token('PARTNER', { partner: partner.id, user: 'nancy' });
    const { id, status, submittedBy } = await submit(own);
    expect({ status, submittedBy }).toEqual({ status: 'SUBMITTED', submittedBy: 'nancy' });
    expect(await refusedRecord({ leadId: id })).toMatchObject({ reason: 'LEAD_NOT_ACCEPTED' });
    await app.ask(staff.manager, 'mutation ($id: ID!) { acceptLead(id: $id) { status } }', { id });
    expect(await record({ leadId: id })).toMatchObject({ origin: 'LEAD', partner: { id: partner.id } });
    expect(await refusedRecord({ leadId: id })).toMatchObject({ reason: 'LEAD_NOT_ACCEPTED' });
    const { leads } = await app.ask(
      own,
      '{ leads(filter: { status: CONVERTED }) { edges { node { id company email partner { id } } } } }',
    );
    expect(leads.edges).toMatchObject([{ node: { id, email: 'peter@initech.example' } }]);
  });

  test('a lead is rejected with a reason for the partner, and decided once', async () => {
    const { id } = await submit();
    const REJECT =
      'mutation ($id: ID!, $reason: String!) { rejectLead(id: $id, reason: $reason) { status reason } }';
    expect(await app.refusal(staff.manager, REJECT, { id, reason: ' ' })).toMatchObject({ field: 'reason' });
    const { rejectLead } = await app.ask(staff.manager, REJECT, { id, reason: 'a customer already' });
    expect(rejectLead).toEqual({ status: 'REJECTED', reason: 'a customer already' });
    expect(
      await app.refusal(staff.manager, 'mutation ($id: ID!) { acceptLead(id: $id) { id } }', { id }),
    ).toMatchObject({ reason: 'ALREADY_DECIDED' });
  });
});

describe('a deal', () => {
  test('of twenty-five simultaneous registrations of a deal the first one wins', async () => {
    const domain = `${randomUUID()}.example`;
    const replies = await Promise.all(
      Array.from({ length: 25 }, (_, index) =>
        app.send(staff.manager, REGISTER, {
          input: {
            partnerId: index % 2 ? partner.id : rival.id,
            company: 'Globex',
            domain: domain.toUpperCase(),
          },
        }),
      ),
    );
    expect(tally(replies)).toEqual({ ok: 1, CONFLICT: 24 });
    const refused = replies.find(({ errors }) => errors)?.errors?.[0];
    expect(refused).toMatchObject({ extensions: { reason: 'DEAL_REGISTERED', field: 'input.domain' } });
    expect(refused?.message).toBe('The prospect is already registered.');
    const own = await app.token('PARTNER', { partner: rival.id });
    expect(
      await app.refusal(own, REGISTER, {
        input: { partnerId: rival.id, company: 'G', email: `a@${domain}` },
      }),
    ).toMatchObject({ reason: 'DEAL_REGISTERED' });
  });

  test('a deal is matched by the company’s domain or the exact address, and never by a mail service', async () => {
    const email = `ann.${randomUUID()}@gmail.com`;
    expect(await register({ email })).toMatchObject({ domain: null, email });
    expect(await register({ email: `bob.${randomUUID()}@gmail.com`, partnerId: rival.id })).toMatchObject({
      status: 'OPEN',
    });
    expect(
      await app.refusal(staff.manager, REGISTER, {
        input: { partnerId: rival.id, company: 'G', domain: 'gmail.com' },
      }),
    ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.domain' });
    expect(
      await app.refusal(staff.manager, REGISTER, { input: { partnerId: rival.id, company: 'G' } }),
    ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.domain' });
    expect(
      await app.refusal(staff.manager, REGISTER, {
        input: { partnerId: rival.id, company: 'G', domain: 'co.uk' },
      }),
    ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.domain' });
  });

  test('a deal is matched for any spelling of its domain or address', async () => {
    const [host, tag] = [randomUUID().slice(0, 8), randomUUID().slice(0, 8)];
    expect(await register({ domain: `Shop.${host}.co.uk` })).toMatchObject({ domain: `${host}.co.uk` });
    const again = (input: object) =>
      app.refusal(staff.manager, REGISTER, { input: { partnerId: rival.id, company: 'G', ...input } });
    expect(await again({ domain: `www.${host}.co.uk` })).toMatchObject({ reason: 'DEAL_REGISTERED' });
    expect(await again({ email: `ann@mail.${host}.co.uk` })).toMatchObject({ reason: 'DEAL_REGISTERED' });
    await register({ email: `ann.${tag}@gmail.com` });
    expect(await again({ email: `a.nn${tag}+x@googlemail.com` })).toMatchObject({
      reason: 'DEAL_REGISTERED',
    });
  });

  test('a partner has a limited number of open deals; staff may register more for it', async () => {
    const { id: partnerId } = await makePartner(app, staff.manager);
    const own = await app.token('PARTNER', { partner: partnerId });
    await program({ dealsPerPartner: 2 });
    const asked = () => ({ input: { partnerId, company: 'G', domain: `${randomUUID()}.example` } });
    const replies = await Promise.all(Array.from({ length: 25 }, () => app.send(own, REGISTER, asked())));
    expect(tally(replies)).toEqual({ ok: 2, CONFLICT: 23 });
    expect(await app.refusal(own, REGISTER, asked())).toMatchObject({ reason: 'TOO_MANY_DEALS' });
    const { registerDeal } = await app.ask(staff.manager, REGISTER, asked());
    const close = 'mutation ($id: ID!) { closeDeal(id: $id) { status } }';
    await app.ask(own, close, { id: registerDeal.id });
    expect(await app.refusal(own, REGISTER, asked())).toMatchObject({ reason: 'TOO_MANY_DEALS' });
    await app.ask(own, close, { id: replies.find(({ errors }) => !errors)?.data?.registerDeal.id });
    await app.ask(own, REGISTER, asked());
    await program({ dealsPerPartner: 50 });
  });

  test('frees the prospect of an expired or closed deal, which then credits no partner', async () => {
    const domain = `${randomUUID()}.example`;
    const real = clock;
    clock = new Date(clock.getTime() - 2 * DAY_MS); // the database lets nothing be over before it is
    await register({ domain, days: 1 });
    try {
      clock = new Date(clock.getTime() + DAY_MS - 1);
      expect(
        await app.refusal(staff.manager, REGISTER, { input: { partnerId: rival.id, company: 'G', domain } }),
      ).toMatchObject({ reason: 'DEAL_REGISTERED' });
      clock = new Date(clock.getTime() + 1);
      expect(await refusedRecord({ customerEmail: `a@${domain}` })).toMatchObject({
        reason: 'NOT_ATTRIBUTED',
      });
      const { id } = await register({ domain, partnerId: rival.id });
      await app.ask(staff.manager, 'mutation ($id: ID!) { closeDeal(id: $id) { status } }', { id });
      await register({ domain });
    } finally {
      clock = real;
    }
  });
});

describe('an assignment', () => {
  test('an assignment is stored with its reason and actor; a partner sees its own', async () => {
    const customerId = randomUUID();
    const ASSIGN =
      'mutation ($input: AssignCustomerInput!, $reason: String!) { assignCustomer(input: $input, reason: $reason) { id externalId } }';
    const input = { customerId, partnerId: partner.id };
    expect(await app.refusal(staff.manager, ASSIGN, { input, reason: '' })).toMatchObject({
      field: 'reason',
    });
    const { assignCustomer } = await app.ask(staff.manager, ASSIGN, { input, reason: 'met at a fair' });
    expect(await app.refusal(staff.manager, ASSIGN, { input, reason: 'again' })).toMatchObject({
      reason: 'ALREADY_ASSIGNED',
    });
    await app.ask(staff.manager, ASSIGN, { input: { customerId, partnerId: rival.id }, reason: 'moved' });
    expect(
      await rows(
        'select partner_id, reason, assigned_by from customer_assignments where customer_id = $1 order by id',
        assignCustomer.id,
      ),
    ).toEqual([
      { partner_id: partner.id, reason: 'met at a fair', assigned_by: 'manager' },
      { partner_id: rival.id, reason: 'moved', assigned_by: 'manager' },
    ]);
  });
});

describe('a browser’s report of a purchase', () => {
  const report = (fields: Record<string, string>, origin = 'https://shop.example.com') =>
    app.app.server.inject({
      method: 'POST',
      url: '/t/conversion',
      headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ program: 'acme', amount: '99', currency: 'USD', ...fields }).toString(),
    });
  const reported = async (order: string) =>
    rows('select * from reported_conversions where order_id = $1', order);

  test('a browser report is stored once, earns nothing, and is confirmed by a report of the server', async () => {
    const order = randomUUID();
    const { click } = await visit(partner.referralCode);
    const before = await linesOf(app, partner.id);
    for (let twice = 0; twice < 2; twice++)
      expect((await report({ order, click: click ?? '', coupon: 'X' })).statusCode).toBe(204);
    expect(await reported(order)).toHaveLength(1);
    expect(await linesOf(app, partner.id)).toEqual(before);
    const list = async () => {
      const { reportedConversions } = await app.ask(
        staff.manager,
        '{ reportedConversions { edges { node { orderId coupon said confirmed } } } }',
      );
      return reportedConversions.edges.find(
        ({ node }: { node: { orderId: string } }) => node.orderId === order,
      ).node;
    };
    expect(await list()).toEqual({ orderId: order, coupon: 'X', said: '99 USD', confirmed: false });
    await record({ clickId: click, orderId: order });
    expect(await list()).toMatchObject({ confirmed: true });
  });

  test('a browser report of another site, another program’s click or without an order gets the same answer and is not stored', async () => {
    const order = randomUUID();
    for (const origin of ['https://evil.com', 'null', 'https://shop.example.com.evil.com'])
      expect((await report({ order }, origin)).statusCode).toBe(204);
    expect((await report({ order, program: 'elsewhere' })).statusCode).toBe(204);
    expect((await report({ order: '' })).statusCode).toBe(204);
    expect(await reported(order)).toEqual([]);
    const form = await app.app.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'query=%7B__typename%7D',
    });
    expect(form.statusCode).toBe(415);
  });
});
