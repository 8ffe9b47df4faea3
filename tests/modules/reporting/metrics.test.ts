import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { earned, newPartner } from '../../support/earn.ts';
import { staffOf } from '../../support/make.ts';
import { listen } from '../../support/sockets.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let port: number;
let who: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  app = await createTestApp();
  port = await app.app.listen();
  who = await staffOf(app);
});
afterAll(() => app.close());

const FIELDS = `periodStart periodEnd clicks conversions conversionRate customers revenue { amount currency } averageOrderValue { amount }
  customerLifetimeValue { amount } commissionEarned { amount } commissionPaid { amount }
  currencies { currency orders revenue { amount } commissionEarned { amount } } sources { source clicks conversions revenue { amount } }`;
const METRICS = `query ($id: ID!, $period: MetricsPeriodInput) { partner(id: $id) { metrics(period: $period) { ${FIELDS} } } }`;
const UPDATED = `subscription ($partnerId: ID!) { partnerMetricsUpdated(partnerId: $partnerId) { ${FIELDS} calculatedAt } }`;
const TRACK = 'mutation ($input: TrackReferralInput!) { trackReferral(input: $input) { id } }';
const CONVERT =
  'mutation ($id: ID!, $input: ConvertReferralInput!) { convertReferral(id: $id, input: $input) { commissions { id } } }';

const metricsOf = async (id: string, period: object | null = null) =>
  (await app.ask(who.maria, METRICS, { id, period })).partner.metrics;
const click = async (referralCode: string, more: object = {}): Promise<string> =>
  (await app.ask(who.manager, TRACK, { input: { referralCode, ...more } })).trackReferral.id;

describe('the figures', () => {
  test('metrics of a new partner are zero, and null for divisions by zero', async () => {
    const { id } = await newPartner(app, who.manager);
    expect(await metricsOf(id)).toMatchObject({
      clicks: 0,
      conversions: 0,
      conversionRate: null,
      customers: 0,
      averageOrderValue: null,
      customerLifetimeValue: null,
      revenue: { amount: '0.00', currency: 'USD' },
      commissionEarned: { amount: '0.00' },
      sources: [],
      currencies: [],
    });
  });

  test('metrics follow clicks, conversions, refunds and rejections', async () => {
    const { id, referralCode } = await newPartner(app, who.manager);
    const landingUrl = 'https://finaceverse.com/pricing?utm_source=News';
    const first = await click(referralCode, { landingUrl });
    await click(referralCode, { landingUrl });
    await click(referralCode, { referrerUrl: 'https://www.example.org/blog' });
    const { convertReferral } = await app.ask(who.manager, CONVERT, {
      id: first,
      input: { customerId: 'c1', amount: '100.00' },
    });
    expect(await metricsOf(id)).toMatchObject({
      clicks: 3,
      conversions: 1,
      conversionRate: 33.33,
      customers: 1,
      revenue: { amount: '100.00' },
      averageOrderValue: { amount: '100.00' },
      commissionEarned: { amount: '20.00' },
      sources: [
        { source: 'news', clicks: 2, conversions: 1, revenue: { amount: '100.00' } },
        { source: 'example.org', clicks: 1, conversions: 0, revenue: { amount: '0.00' } },
      ],
    });
    await earned(app, who, id, { amount: '50.00', customerId: 'c2' });
    await app.ask(
      who.maria,
      'mutation ($id: ID!) { reverseCommission(id: $id, input: { amount: "40" }) { id } }',
      { id: convertReferral.commissions[0].id },
    );
    expect(await metricsOf(id)).toMatchObject({
      customers: 2,
      revenue: { amount: '110.00' },
      averageOrderValue: { amount: '55.00' },
      customerLifetimeValue: { amount: '55.00' },
      commissionEarned: { amount: '22.00' },
    });
    await app.ask(who.maria, 'mutation ($id: ID!) { rejectCommission(id: $id, reason: "fraud") { id } }', {
      id: convertReferral.commissions[0].id,
    });
    expect(await metricsOf(id)).toMatchObject({
      revenue: { amount: '110.00' },
      commissionEarned: { amount: '10.00' },
    });
  });

  test('metrics of a period are those of its days in the time zone of the program', async () => {
    const tenant = { tenant: 'new-york' };
    const manager = await app.token('PROGRAM_MANAGER', tenant);
    const maria = await app.token('FINANCE', tenant);
    await app.ask(
      manager,
      'mutation { updateProgram(input: { timeZone: "America/New_York" }) { timeZone } }',
    );
    const { id } = await newPartner(app, manager);
    for (const occurredAt of [
      '2026-01-01T04:59:59Z',
      '2026-01-01T05:00:00Z',
      '2026-02-01T04:59:59Z',
      '2026-02-01T05:00:00Z',
    ]) {
      await earned(app, { manager, maria }, id, { occurredAt });
    }
    const { partner } = await app.ask(maria, METRICS, {
      id,
      period: { from: '2026-01-01', to: '2026-01-31' },
    });
    expect(partner.metrics).toMatchObject({
      periodStart: '2026-01-01',
      periodEnd: '2026-01-31',
      revenue: { amount: '200.00' },
    });
    expect(
      await app.refusal(maria, METRICS, { id, period: { from: '2026-02-01', to: '2026-01-31' } }),
    ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'period.to' });
  });

  test('metrics of other currencies are separate', async () => {
    const { id } = await newPartner(app, who.manager, { currency: 'JPY' });
    await earned(app, who, id, { amount: '5000', currency: 'JPY' });
    await earned(app, who, id, { amount: '7.125', currency: 'KWD' });
    expect(await metricsOf(id)).toMatchObject({
      revenue: { amount: '5000', currency: 'JPY' },
      currencies: [
        { currency: 'JPY', orders: 1, revenue: { amount: '5000' }, commissionEarned: { amount: '1000' } },
        { currency: 'KWD', orders: 1, revenue: { amount: '7.125' }, commissionEarned: { amount: '1.425' } },
      ],
    });
  });

  test('recalculated metrics are equal after any history, also during changes', async () => {
    const { id, referralCode } = await newPartner(app, who.manager);
    const recalculate = () =>
      app.ask(
        who.manager,
        `mutation ($partnerId: ID!) { calculatePartnerMetrics(partnerId: $partnerId) { ${FIELDS} } }`,
        { partnerId: id },
      );
    const lines: string[] = [];
    for (let i = 0; i < 12; i++) {
      const referral = await click(referralCode, {
        landingUrl: `https://f.com/?utm_source=s${i % 3}`,
        occurredAt: `2026-0${1 + (i % 9)}-11T00:00:00Z`,
      });
      if (i % 2) {
        const { convertReferral } = await app.ask(who.manager, CONVERT, {
          id: referral,
          input: {
            customerId: `k${i % 4}`,
            amount: `${i}.37`,
            currency: i % 3 ? 'USD' : 'EUR',
            occurredAt: `2026-0${1 + (i % 9)}-12T00:00:00Z`,
          },
        });
        lines.push(convertReferral.commissions[0].id);
      }
    }
    const decide = (name: string, rest: string, line: string) =>
      app.ask(who.maria, `mutation ($id: ID!) { ${name}(id: $id${rest}) { id } }`, { id: line });
    await Promise.all([
      decide('approveCommission', '', lines[0] as string),
      decide('rejectCommission', ', reason: "no"', lines[1] as string),
      decide('reverseCommission', ', input: { amount: "1" }', lines[2] as string),
      decide('reverseCommission', ', input: {}', lines[3] as string),
      recalculate(),
      click(referralCode),
      click(referralCode),
      recalculate(),
    ]);
    const kept = await metricsOf(id);
    const month = await metricsOf(id, { from: '2026-02-01', to: '2026-06-30' });
    expect(kept.clicks).toBe(14);
    expect((await recalculate()).calculatePartnerMetrics).toEqual(kept);
    expect(await metricsOf(id, { from: '2026-02-01', to: '2026-06-30' })).toEqual(month);
  });
});

describe('a subscription', () => {
  test('pushes new metrics within a second of a change', async () => {
    const { id, referralCode } = await newPartner(app, who.manager);
    const live = listen(port, who.maria, UPDATED, { partnerId: id });
    await until(async () => app.app.server.server.listening && (await ready(id)));
    const started = Date.now();
    await click(referralCode);
    const { partnerMetricsUpdated } = await live.event((event) => event.partnerMetricsUpdated.clicks === 1);
    expect(Date.now() - started).toBeLessThan(1_000);
    expect(partnerMetricsUpdated).toMatchObject({ clicks: 1, conversions: 0, conversionRate: 0 });
    await live.client.dispose();
  });

  test('combines changes of a burst to at most four a second, and ends with the last one', async () => {
    const { id, referralCode } = await newPartner(app, who.manager);
    const live = listen(port, who.maria, UPDATED, { partnerId: id });
    await until(() => ready(id));
    const started = Date.now();
    await Promise.all(Array.from({ length: 200 }, () => click(referralCode)));
    await live.event((event) => event.partnerMetricsUpdated.clicks === 200);
    expect(live.events.length).toBeLessThanOrEqual(2 + Math.ceil((Date.now() - started) / 250));
    await live.client.dispose();
  });

  test('refuses a subscription to a foreign or unknown partner, or without a credential', async () => {
    const { id } = await newPartner(app, who.manager);
    const foreign = await app.token('PARTNER', { partner: '01900000-0000-7000-8000-000000000000' });
    const other = await app.token('FINANCE', { tenant: 'other' });
    for (const [token, code] of [
      [foreign, 'NOT_FOUND'],
      [other, 'NOT_FOUND'],
      [null, 'UNAUTHENTICATED'],
    ] as const) {
      const live = listen(port, token, UPDATED, { partnerId: id });
      const [error] = await until(async () => (live.errors.length ? live.errors : null));
      expect(error).toMatchObject({ extensions: { code } });
      await live.client.dispose();
    }
  });

  test('refuses a subscription with an invalid token', async () => {
    const live = listen(port, 'not.a.token', UPDATED, { partnerId: who.maria });
    const [closed] = await until(async () => (live.errors.length ? live.errors : null));
    expect(closed).toMatchObject({ code: 4403 });
  });

  test('stops listening when the client ends a subscription', async () => {
    const { id } = await newPartner(app, who.manager);
    const live = listen(port, who.maria, UPDATED, { partnerId: id });
    await until(() => ready(id));
    await live.client.dispose();
    await until(async () => !(await ready(id)));
  });

  test('closes a subscription with a slow reader', async () => {
    const { id } = await newPartner(app, who.manager);
    let ended = false;
    app.app.server.server.once('connection', (accepted) => accepted.once('close', () => (ended = true)));
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(
      JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${who.maria}` } }),
    );
    await new Promise((resolve) => socket.once('message', resolve));
    (socket as unknown as { _socket: { pause(): void } })._socket.pause(); // reads nothing from now on
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const query = `query ($id: ID!) { ${Array.from({ length: 50 }, (_, i) => `a${i}: partner(id: $id) { metadata }`).join(' ')} }`;
    await app.ask(
      who.manager,
      'mutation ($id: ID!, $metadata: JSONObject) { updatePartner(id: $id, input: { metadata: $metadata }) { id } }',
      { id, metadata: { pad: 'x'.repeat(15_000) } },
    );
    const large = (await app.send(who.maria, query, { id })).data;
    expect(JSON.stringify(large).length).toBeGreaterThan(700_000); // else nothing would pile up
    let sent = 0;
    await until(async () => {
      const payload = { query, variables: { id } };
      socket.send(JSON.stringify({ type: 'subscribe', id: `q${sent++}`, payload })); // as much as it takes
      return ended;
    }, 30);
    (socket as unknown as { _socket: { resume(): void } })._socket.resume();
    await closed;
  });
});

/** Whether somebody listens to the partner. */
const ready = async (id: string): Promise<boolean> => app.listeners(id) > 0;
