import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { system } from '../../../src/kernel/request/actor.ts';
import { contextFor } from '../../../src/kernel/request/context.ts';
import {
  calculateAllMetrics,
  foldProgramMetrics,
} from '../../../src/modules/reporting/metrics/calculate-metrics.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { earned, newPartner } from '../../support/earn.ts';
import { CONVERT, HOLD, REJECT, RELEASE, REVERSE, staffOf, TRACK } from '../../support/make.ts';
import { type Listening, listen } from '../../support/sockets.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let port: number;
beforeAll(async () => {
  app = await createTestApp();
  port = await app.app.listen();
});
afterAll(() => app.close());

type Staff = Awaited<ReturnType<typeof staffOf>>;
const ctx = () => contextFor(app.app.services, { actor: system, requestId: 'test' });
const fold = () => foldProgramMetrics(ctx());

/** A program of its own, so that its totals are of what a test made. */
async function program(tenant: string, settings: object = {}): Promise<Staff> {
  const staff = await staffOf(app, tenant);
  await app.ask(
    staff.admin,
    'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { tenantId } }',
    { input: settings },
  );
  return staff;
}

const click = async (staff: Staff, referralCode: string, more: object = {}): Promise<string> =>
  (await app.ask(staff.manager, TRACK, { input: { referralCode, ...more } })).trackReferral.id;
const rates = (staff: Staff, ...given: readonly (readonly [string, string, string, string])[]) =>
  app.ask(
    staff.manager,
    'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }',
    {
      input: { rates: given.map(([base, quote, rate, effectiveOn]) => ({ base, quote, rate, effectiveOn })) },
    },
  );
const SUBSCRIBE = `mutation ($input: RecordSubscriptionInput!) { recordSubscription(input: $input) {
  externalId interval price { amount currency } monthly { amount } startedAt endedAt } }`;
const subscribed = async (staff: Staff, input: object) =>
  (await app.ask(staff.manager, SUBSCRIBE, { input: { currency: 'USD', interval: 'MONTH', ...input } }))
    .recordSubscription;
const CONVERTED =
  'revenue { amount currency } commissionEarned { amount } commissionPaid { amount } missingRates';
const TOTALS = `clicks conversions conversionRate orders customers ${CONVERTED} currencies { currency orders revenue { amount } }`;
const PROGRAM = `query ($period: MetricsPeriodInput) { programMetrics(period: $period) { periodStart periodEnd ${TOTALS}
  averageOrderValue { amount } earningsPerClick { amount } } }`;
const programOf = async (staff: Staff, period: object | null = null) =>
  (await app.ask(staff.analyst, PROGRAM, { period })).programMetrics;
const SUBSCRIPTIONS = `subscriptions { mrr { amount currency } mrrBefore { amount } mrrByCurrency { amount currency } missingRates
  customersAtStart customersLost customersWon churnRate lifetimeValue { amount } lifetimeValueBasis }`;
const subscriptionsOf = async (staff: Staff, id: string, period: object | null) =>
  (
    await app.ask(
      staff.maria,
      `query ($id: ID!, $period: MetricsPeriodInput) { partner(id: $id) { metrics(period: $period) { ${SUBSCRIPTIONS} } } }`,
      { id, period },
    )
  ).partner.metrics.subscriptions;

describe('links and campaigns', () => {
  test('links and campaigns have metrics with the sales that followed their clicks', async () => {
    const staff = await program('by-link');
    const { id, referralCode } = await newPartner(app, staff.manager);
    const { createTrackingLink: link } = await app.ask(
      staff.manager,
      'mutation ($input: CreateTrackingLinkInput!) { createTrackingLink(input: $input) { id path } }',
      { input: { partnerId: id, name: 'Spring', campaign: 'spring' } },
    );
    const sold = await click(staff, link.path);
    await click(staff, link.path);
    await click(staff, referralCode, { landingUrl: 'https://f.com/?utm_campaign=autumn' });
    await click(staff, referralCode);
    await app.ask(staff.manager, CONVERT, { id: sold, input: { customerId: 'c1', amount: '100.00' } });
    const FIELDS = 'name clicks conversions conversionRate revenue { amount } commissionEarned { amount }';
    const { partner } = await app.ask(
      staff.maria,
      `query ($id: ID!) { partner(id: $id) { metrics { clicks earningsPerClick { amount } links { ${FIELDS} } campaigns { ${FIELDS} } } } }`,
      { id },
    );
    const spring = {
      clicks: 2,
      conversions: 1,
      conversionRate: 50,
      revenue: { amount: '100.00' },
      commissionEarned: { amount: '20.00' },
    };
    expect(partner.metrics).toEqual({
      clicks: 4,
      earningsPerClick: { amount: '5.00' },
      links: [{ name: link.id, ...spring }],
      campaigns: [
        { name: 'spring', ...spring },
        {
          ...{ name: 'autumn', clicks: 1, conversions: 0, conversionRate: 0 },
          ...{ revenue: { amount: '0.00' }, commissionEarned: { amount: '0.00' } },
        },
      ],
    });
  });
});

describe('a program', () => {
  test('a program without partners has zero metrics, and null for divisions by zero', async () => {
    const staff = await program('empty');
    expect(await programOf(staff)).toEqual({
      ...{ periodStart: null, periodEnd: null, clicks: 0, conversions: 0, conversionRate: null, orders: 0 },
      ...{ customers: 0, missingRates: [], currencies: [], averageOrderValue: null, earningsPerClick: null },
      revenue: { amount: '0.00', currency: 'USD' },
      commissionEarned: { amount: '0.00' },
      commissionPaid: { amount: '0.00' },
    });
    const { topPartners } = await app.ask(staff.maria, '{ topPartners(by: REVENUE) { clicks } }');
    expect(topPartners).toEqual([]);
  });

  test('sums its partners, each day at its own exchange rate, and names the currency without a rate', async () => {
    const staff = await program('totals');
    const [ours, theirs] = [
      await newPartner(app, staff.manager),
      await newPartner(app, staff.manager, { currency: 'EUR' }),
    ];
    await rates(staff, ['EUR', 'USD', '1.10', '2026-01-01'], ['EUR', 'USD', '1.20', '2026-01-20']);
    const sale = (id: string, input: object) => earned(app, staff, id, input);
    await sale(ours.id, { amount: '100.00', occurredAt: '2026-01-15T12:00:00Z', customerId: 'a' });
    await sale(theirs.id, { amount: '50.00', occurredAt: '2026-01-15T12:00:00Z', customerId: 'b' });
    await sale(theirs.id, { amount: '50.00', occurredAt: '2026-01-25T12:00:00Z', customerId: 'b' });
    await sale(theirs.id, { amount: '7.000', currency: 'KWD', occurredAt: '2026-01-25T12:00:00Z' });
    await click(staff, ours.referralCode, { occurredAt: '2026-01-10T00:00:00Z' });
    const figures = {
      ...{ clicks: 1, conversions: 0, conversionRate: 0, orders: 4, missingRates: ['KWD'] },
      revenue: { amount: '215.00', currency: 'USD' }, // 100 + 50 * 1.10 + 50 * 1.20
      commissionEarned: { amount: '43.00' },
      averageOrderValue: { amount: '71.67' }, // of the three sales whose rate is there
      earningsPerClick: null,
      currencies: [
        { currency: 'EUR', orders: 2, revenue: { amount: '100.00' } },
        { currency: 'KWD', orders: 1, revenue: { amount: '7.000' } },
        { currency: 'USD', orders: 1, revenue: { amount: '100.00' } },
      ],
    };
    expect(await programOf(staff)).toMatchObject(figures);
    await fold();
    expect(await programOf(staff)).toMatchObject(figures); // it makes no difference where they are kept
    expect(await programOf(staff, { from: '2026-01-16', to: '2026-01-31' })).toMatchObject({
      periodStart: '2026-01-16',
      revenue: { amount: '60.00' },
      clicks: 0,
    });
    const { partner } = await app.ask(
      staff.maria,
      `query ($id: ID!) { partner(id: $id) { metrics { revenue { amount currency } inProgramCurrency { ${CONVERTED} } } } }`,
      { id: theirs.id },
    );
    expect(partner.metrics).toMatchObject({
      revenue: { amount: '100.00', currency: 'EUR' },
      inProgramCurrency: { revenue: { amount: '115.00', currency: 'USD' }, missingRates: ['KWD'] },
    });
  });

  test('compares a period with the previous one: whole months with whole months', async () => {
    const staff = await program('before');
    const { id } = await newPartner(app, staff.manager);
    await earned(app, staff, id, { amount: '10.00', occurredAt: '2026-02-01T00:00:00Z' });
    await earned(app, staff, id, { amount: '20.00', occurredAt: '2026-03-31T23:59:59Z' });
    const period = { from: '2026-03-01', to: '2026-03-31' };
    const { programMetrics, partner } = await app.ask(
      staff.maria,
      `query ($id: ID!, $period: MetricsPeriodInput) {
        programMetrics(period: $period) { revenue { amount } previous { periodStart periodEnd revenue { amount } } }
        partner(id: $id) { metrics(period: $period) { revenue { amount } previous { periodStart periodEnd revenue { amount } previous { revenue { amount } } } } } }`,
      { id, period },
    );
    const february = { periodStart: '2026-02-01', periodEnd: '2026-02-28', revenue: { amount: '10.00' } };
    expect(programMetrics).toEqual({ revenue: { amount: '20.00' }, previous: february });
    expect(partner.metrics).toEqual({
      revenue: { amount: '20.00' },
      previous: { ...february, previous: { revenue: { amount: '0.00' } } },
    });
  });

  test('ranks its partners, money in one currency', async () => {
    const staff = await program('ranked');
    const partners = await Promise.all([
      newPartner(app, staff.manager, { companyName: 'Dollars' }),
      newPartner(app, staff.manager, { companyName: 'Yen', currency: 'JPY' }),
      newPartner(app, staff.manager, { companyName: 'Clicks' }),
    ]);
    const [dollars, yen, clicks] = partners.map(({ id }) => id) as [string, string, string];
    await rates(staff, ['USD', 'JPY', '150', '2026-01-10']);
    await earned(app, staff, dollars, { amount: '100.00' });
    await earned(app, staff, yen, { amount: '16000', currency: 'JPY' }); // 106.67
    await click(staff, partners[2]?.referralCode ?? '', { occurredAt: '2026-01-15T00:00:00Z' });
    const top = async (by: string, more = '') =>
      (
        await app.ask(
          staff.analyst,
          `{ topPartners(by: ${by}, period: { from: "2026-01-01", to: "2026-01-31" }${more}) { partner { id companyName } clicks revenue { amount currency } missingRates } }`,
        )
      ).topPartners;
    expect(await top('REVENUE')).toMatchObject([
      { partner: { id: yen, companyName: 'Yen' }, revenue: { amount: '106.67', currency: 'USD' } },
      { partner: { id: dollars }, revenue: { amount: '100.00' } },
      { partner: { id: clicks }, clicks: 1, missingRates: [] },
    ]);
    expect(await top('CLICKS', ', first: 1')).toMatchObject([{ partner: { id: clicks } }]);
    expect(
      await app.refusal(staff.analyst, '{ topPartners(by: REVENUE, first: 101) { clicks } }'),
    ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'first' });
    const own = await app.token('PARTNER', { tenant: 'ranked', partner: yen });
    for (const query of ['{ topPartners(by: REVENUE) { clicks } }', '{ programMetrics { clicks } }'])
      expect(await app.refusal(own, query)).toMatchObject({ code: 'FORBIDDEN' });
  });
});

interface Point {
  readonly from: string;
  readonly to: string;
  readonly revenue: { readonly amount: string };
}

describe('a series', () => {
  const SERIES = `query ($period: MetricsPeriodInput!, $interval: MetricsInterval!, $id: ID) { metricsSeries(period: $period, interval: $interval, partnerId: $id) {
    points { from to clicks revenue { amount } } forecast { revenueByTrend { amount } revenueSmoothed { amount } } } }`;

  test('a series has every day in the time zone of the program, also with 23 and 25 hours', async () => {
    const staff = await program('series', { timeZone: 'America/New_York' });
    const { id } = await newPartner(app, staff.manager);
    for (const occurredAt of [
      '2026-03-08T04:59:59Z', // the 7th, still winter
      '2026-03-08T05:00:00Z', // the 8th, which has 23 hours
      '2026-03-09T03:59:59Z',
      '2026-03-09T04:00:00Z', // the 9th
    ])
      await earned(app, staff, id, { amount: '1.00', occurredAt });
    const series = async (period: object, interval: string, partnerId?: string) =>
      (await app.ask(staff.maria, SERIES, { period, interval, id: partnerId })).metricsSeries;
    const days = await series({ from: '2026-03-06', to: '2026-03-10' }, 'DAY');
    expect(days.points.map(({ from, revenue }: Point) => `${from} ${revenue.amount}`)).toEqual([
      '2026-03-06 0.00',
      '2026-03-07 1.00',
      '2026-03-08 2.00',
      '2026-03-09 1.00',
      '2026-03-10 0.00',
    ]);
    const weeks = await series({ from: '2026-03-04', to: '2026-03-17' }, 'WEEK', id);
    expect(weeks.points.map(({ from, to, revenue }: Point) => `${from} ${to} ${revenue.amount}`)).toEqual([
      '2026-03-04 2026-03-08 3.00',
      '2026-03-09 2026-03-15 1.00',
      '2026-03-16 2026-03-17 0.00',
    ]);
    const own = await app.token('PARTNER', { tenant: 'series', partner: id });
    const variables = { period: { from: '2026-01-01', to: '2026-12-31' }, interval: 'MONTH' };
    const mine = (await app.ask(own, SERIES, variables)).metricsSeries;
    expect(mine.points).toHaveLength(12);
    expect(mine.points[2]).toMatchObject({
      from: '2026-03-01',
      to: '2026-03-31',
      revenue: { amount: '4.00' },
    });
    const another = await newPartner(app, staff.manager);
    expect(await app.refusal(own, SERIES, { ...variables, id: another.id })).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(
      await app.refusal(staff.maria, SERIES, {
        period: { from: '2020-01-01', to: '2026-12-31' },
        interval: 'DAY',
      }),
    ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'period' });
  });

  test('forecasts the next month from complete months (T115, T116)', async () => {
    const staff = await program('forecast');
    const { id } = await newPartner(app, staff.manager);
    for (const [month, amount] of [
      ['01', '100'],
      ['02', '120'],
      ['03', '140'],
      ['04', '150'],
      ['05', '7'],
    ])
      await earned(app, staff, id, { amount, occurredAt: `2026-${month}-03T00:00:00Z` });
    const { metricsSeries } = await app.ask(staff.maria, SERIES, {
      period: { from: '2026-01-01', to: '2026-05-10' },
      interval: 'MONTH',
    });
    expect(metricsSeries.forecast).toEqual({
      revenueByTrend: { amount: '170.00' },
      revenueSmoothed: { amount: '137.50' },
    });
  });
});

describe('subscriptions', () => {
  test('subscriptions give MRR, churn and customer lifetime value (T110, T111)', async () => {
    const staff = await program('churn');
    const { id } = await newPartner(app, staff.manager);
    const customers = Array.from({ length: 60 }, (_, i) => `c${i}`);
    await Promise.all(customers.map((customerId) => earned(app, staff, id, { amount: '1.00', customerId })));
    const since = '2026-01-10T00:00:00Z';
    await Promise.all(
      customers.map((customerId, i) =>
        subscribed(staff, {
          ...{ externalId: `s${i}`, customerId, price: '30.00' },
          // 50 at the start of March; 4 of them end within it, 10 more begin.
          startedAt: i < 50 ? since : '2026-03-05T00:00:00Z',
          endedAt: i < 4 ? '2026-03-20T00:00:00Z' : null,
        }),
      ),
    );
    const march = { from: '2026-03-01', to: '2026-03-31' };
    expect(await subscriptionsOf(staff, id, march)).toEqual({
      mrr: { amount: '1680.00', currency: 'USD' }, // 56 of 30
      mrrBefore: { amount: '1500.00' },
      mrrByCurrency: [{ amount: '1680.00', currency: 'USD' }],
      missingRates: [],
      ...{ customersAtStart: 50, customersLost: 4, customersWon: 10, churnRate: 8 },
      lifetimeValue: { amount: '375.00' }, // 30 a month over 8 % a month
      lifetimeValueBasis: 'CHURN',
    });
    const { programMetrics } = await app.ask(
      staff.maria,
      `query ($period: MetricsPeriodInput) { programMetrics(period: $period) { ${SUBSCRIPTIONS} } }`,
      { period: march },
    );
    expect(programMetrics.subscriptions).toMatchObject({ mrr: { amount: '1680.00' }, churnRate: 8 });
    // Nobody was lost in February: what is known is what customers brought.
    expect(await subscriptionsOf(staff, id, { from: '2026-02-01', to: '2026-02-28' })).toMatchObject({
      ...{ customersAtStart: 50, customersLost: 0, churnRate: 0, lifetimeValueBasis: 'HISTORICAL' },
    });
  });

  test('converts subscriptions of weeks, quarters, years and two years into months (T110)', async () => {
    const staff = await program('mrr');
    const { id } = await newPartner(app, staff.manager);
    await earned(app, staff, id, { customerId: 'c' });
    const monthly = async (interval: string, price: string) =>
      (await subscribed(staff, { externalId: interval, customerId: 'c', interval, price })).monthly.amount;
    expect(await monthly('YEAR', '1200.00')).toBe('100.00');
    expect(await monthly('QUARTER', '300.00')).toBe('100.00');
    expect(await monthly('WEEK', '25.00')).toBe('108.33');
    expect(await monthly('TWO_YEARS', '2400.00')).toBe('100.00');
    expect((await subscriptionsOf(staff, id, null)).mrr.amount).toBe('408.33');
  });

  test('change their price from a day on, in any order of reports, and are erased with their customer', async () => {
    const staff = await program('prices');
    const [first, second] = [await newPartner(app, staff.manager), await newPartner(app, staff.manager)];
    await earned(app, staff, first.id, { customerId: 'c' });
    const at = (startedAt: string, price: string, more: object = {}) =>
      subscribed(staff, { externalId: 's', customerId: 'c', price, startedAt, ...more });
    await at('2026-03-01T00:00:00Z', '50.00');
    await at('2026-01-01T00:00:00Z', '40.00'); // told late
    await at('2026-03-01T00:00:00Z', '60.00'); // put right
    const during = async (id: string, month: string) =>
      (await subscriptionsOf(staff, id, { from: `${month}-01`, to: `${month}-28` })).mrr.amount;
    expect([await during(first.id, '2026-02'), await during(first.id, '2026-03')]).toEqual([
      '40.00',
      '60.00',
    ]);
    await app.ask(
      staff.manager,
      'mutation ($input: AssignCustomerInput!) { assignCustomer(input: $input, reason: "moved") { id } }',
      { input: { customerId: 'c', partnerId: second.id } },
    );
    expect([await during(first.id, '2026-03'), await during(second.id, '2026-03')]).toEqual([
      '0.00',
      '60.00',
    ]);
    await earned(app, staff, second.id, { customerId: 'd' });
    for (const [input, refusal] of [
      [{ customerId: 'nobody' }, { code: 'NOT_FOUND', field: 'input.customerId' }],
      [{ customerId: 'd' }, { code: 'CONFLICT', field: 'input.customerId', reason: 'OTHER_CUSTOMER' }],
      [{ price: '-1' }, { code: 'BAD_USER_INPUT', field: 'input.price' }],
      [{ currency: 'XXX' }, { code: 'BAD_USER_INPUT', field: 'input.currency' }],
      [{ startedAt: '2099-01-01T00:00:00Z' }, { code: 'BAD_USER_INPUT', field: 'input.startedAt' }],
      [{ endedAt: '2025-01-01T00:00:00Z' }, { code: 'BAD_USER_INPUT', field: 'input.endedAt' }],
    ] as const)
      expect(
        await app.refusal(staff.manager, SUBSCRIBE, {
          input: {
            ...{ externalId: 's', customerId: 'c', price: '1.00', currency: 'USD', interval: 'MONTH' },
            ...{ startedAt: '2026-01-01T00:00:00Z', ...input },
          },
        }),
      ).toMatchObject(refusal);
  });

  test('count once when reported twenty-five times at once', async () => {
    const staff = await program('once');
    const { id } = await newPartner(app, staff.manager);
    await earned(app, staff, id, { customerId: 'c' });
    const told = { externalId: 's', customerId: 'c', price: '9.00', startedAt: '2026-01-01T00:00:00Z' };
    await Promise.all(Array.from({ length: 25 }, () => subscribed(staff, told)));
    expect(await subscriptionsOf(staff, id, null)).toMatchObject({
      mrr: { amount: '9.00' },
      customersAtStart: 1,
    });
  });
});

const KEPT = `select jsonb_object_agg(name, rows) as kept from (
  select 'to date' as name, jsonb_agg(to_jsonb(m) - 'updated_at' order by partner_id, currency) as rows from partner_metrics m where tenant_id = $1
  union all select 'daily', jsonb_agg(to_jsonb(m) order by partner_id, day, rate_day, source, currency) from partner_metrics_daily m
    where tenant_id = $1 and (clicks, conversions, orders, customers, revenue_minor, earned_minor, paid_minor) <> (0, 0, 0, 0, 0, 0, 0)
  union all select 'named', jsonb_agg(to_jsonb(m) order by partner_id, kind, day, rate_day, name, currency) from partner_metrics_by m
    where tenant_id = $1 and (clicks, conversions, orders, customers, revenue_minor, earned_minor, paid_minor) <> (0, 0, 0, 0, 0, 0, 0)
  union all select 'program', jsonb_agg(to_jsonb(d) order by day, rate_day, currency) from (
    select day, rate_day, currency, sum(clicks) c, sum(conversions) v, sum(orders) o, sum(customers) k, sum(revenue_minor) r, sum(earned_minor) e, sum(paid_minor) p from (
      select day, rate_day, currency, clicks, conversions, orders, customers, revenue_minor, earned_minor, paid_minor from program_metrics_daily where tenant_id = $1
      union all select day, rate_day, currency, clicks, conversions, orders, customers, revenue_minor, earned_minor, paid_minor from program_metric_changes where tenant_id = $1) m
    group by day, rate_day, currency having sum(clicks) <> 0 or sum(conversions) <> 0 or sum(orders) <> 0 or sum(customers) <> 0
      or sum(revenue_minor) <> 0 or sum(earned_minor) <> 0 or sum(paid_minor) <> 0) d
  union all select 'by partners', jsonb_agg(to_jsonb(d) order by day, rate_day, currency) from (
    select day, rate_day, currency, sum(clicks) c, sum(conversions) v, sum(orders) o, sum(customers) k, sum(revenue_minor) r, sum(earned_minor) e, sum(paid_minor) p
    from partner_metrics_daily where tenant_id = $1 group by day, rate_day, currency
    having sum(clicks) <> 0 or sum(conversions) <> 0 or sum(orders) <> 0 or sum(customers) <> 0
      or sum(revenue_minor) <> 0 or sum(earned_minor) <> 0 or sum(paid_minor) <> 0) d) kept`;

describe('any history', () => {
  test.each([1, 2, 3])('recalculated metrics equal the stored ones (history %i)', async (seed) => {
    const tenant = `history-${seed}`;
    const staff = await program(tenant, { timeZone: 'Asia/Kolkata' });
    const kept = async () => (await app.database.pool.query(KEPT, [tenant])).rows[0].kept;
    let state = seed;
    const below = (n: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % n;
    };
    const partners = [
      await newPartner(app, staff.manager),
      await newPartner(app, staff.manager, { currency: 'EUR' }),
    ];
    const { createTrackingLink: link } = await app.ask(
      staff.manager,
      'mutation ($input: CreateTrackingLinkInput!) { createTrackingLink(input: $input) { path } }',
      { input: { partnerId: partners[0]?.id, name: 'A link', campaign: 'c0' } },
    );
    const one = () => partners[below(2)] as (typeof partners)[number];
    const day = () => `2026-0${1 + below(8)}-${10 + below(18)}T${10 + below(13)}:30:00Z`;
    const open: { id: string; at: string }[] = [];
    const lines: string[] = [];
    /** Sends an operation that may be refused, such as a second rejection. A refusal changes nothing. */
    const tried = async (query: string, variables: object) =>
      (await app.send(staff.maria, query, variables)).data;
    const happens = [
      async () => {
        const at = day();
        const code = below(2) ? link.path : one().referralCode;
        const landingUrl = `https://f.com/?utm_source=s${below(3)}&utm_campaign=c${below(3)}`;
        const userAgent = below(4) ? 'Mozilla/5.0' : 'Googlebot/2.1';
        open.push({ id: await click(staff, code, { landingUrl, occurredAt: at, userAgent }), at });
      },
      async () => {
        const clicked = open.pop();
        if (!clicked) return;
        const input = {
          ...{ customerId: `k${below(5)}`, amount: `${1 + below(500)}.${10 + below(90)}` },
          ...{ currency: below(2) ? 'USD' : 'EUR', occurredAt: clicked.at },
        };
        const { data } = await app.send(staff.manager, CONVERT, { id: clicked.id, input });
        lines.push(...(data?.convertReferral?.commissions ?? []).map(({ id }: { id: string }) => id));
      },
      async () => {
        lines.push(
          await earned(app, staff, one().id, {
            ...{ amount: `${1 + below(900)}`, customerId: `k${below(5)}`, occurredAt: day() },
            currency: below(3) ? 'USD' : 'JPY',
          }),
        );
      },
      () => tried(REVERSE, { id: lines[below(lines.length)], input: below(2) ? { amount: '1' } : {} }),
      () => tried(REJECT, { id: lines[below(lines.length)], reason: 'no' }),
      () => tried(HOLD, { id: lines[below(lines.length)], reason: 'look' }),
      () => tried(RELEASE, { id: lines[below(lines.length)], reason: 'fine' }),
      () =>
        app.send(
          staff.manager,
          'mutation ($input: AssignCustomerInput!) { assignCustomer(input: $input, reason: "moved") { id } }',
          { input: { customerId: `k${below(5)}`, partnerId: one().id } },
        ),
      fold,
    ];
    for (let step = 0; step < 60; step++) await happens[step < 6 ? step % 3 : below(happens.length)]?.();
    const before = await kept();
    expect(before.program).toEqual(before['by partners']);
    expect(before.named.length).toBeGreaterThan(0);
    await calculateAllMetrics(ctx(), tenant);
    expect(await kept()).toEqual(before);
    await fold();
    expect(await kept()).toEqual(before);

    // Wrong, missing and superfluous rows are repaired, also those of totals and names alone.
    const damaged = ['partner_metrics', 'partner_metrics_daily', 'partner_metrics_by'];
    for (const table of damaged)
      for (const damage of [
        `delete from ${table} where ctid in (select max(ctid) from ${table} where tenant_id = $1)`,
        `update ${table} set clicks = clicks + 7, paid_minor = paid_minor - 3 where ctid in (select min(ctid) from ${table} where tenant_id = $1)`,
        `insert into ${table} select (jsonb_populate_record(t, '{ "currency": "XAU" }')).* from ${table} t where tenant_id = $1 limit 1`,
      ])
        await app.database.pool.query(damage, [tenant]);
    const ofPartners = ({ 'to date': toDate, daily, named }: typeof before) => ({ toDate, daily, named });
    expect(ofPartners(await kept())).not.toEqual(ofPartners(before));
    await calculateAllMetrics(ctx(), tenant);
    expect(ofPartners(await kept())).toEqual(ofPartners(before));
  });
});

interface Pushed {
  readonly partnerMetricsUpdated: { readonly clicks: number };
}

describe('live updates', () => {
  const WATCH = 'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }';

  test('reach three hundred sockets with two queries, and every socket gets the last value of a burst', async () => {
    const staff = await program('crowd');
    const { id, referralCode } = await newPartner(app, staff.manager);
    const own = await app.token('PARTNER', { tenant: 'crowd', partner: id });
    const crowd: Listening<Pushed>[] = [];
    for (let i = 0; i < 300; i++) {
      crowd.push(listen<Pushed>(port, i % 6 ? staff.maria : own, WATCH, { id }));
      // One network may have few sockets that have not sent a message yet.
      if (i % 50 === 49) await until(async () => crowd.every(({ events }) => events.length > 0), 30);
    }
    const hearing = (clicks: number) =>
      until(
        async () => crowd.every(({ events }) => events.at(-1)?.partnerMetricsUpdated.clicks === clicks),
        30,
      );
    await hearing(0); // whoever comes hears how things are
    expect(app.listeners(id)).toBe(2); // staff is one kind, the partner the other
    app.statements.length = 0;
    await click(staff, referralCode);
    await hearing(1);
    const reads = () => app.statements.filter((text) => /from partner_metrics m/.test(text)).length;
    expect(reads()).toBe(2);
    const heard = crowd[0]?.events.length ?? 0;
    await Promise.all(Array.from({ length: 40 }, () => click(staff, referralCode)));
    await hearing(41);
    // One reading for each kind and each delivery, however many listen.
    const most = Math.max(...crowd.map(({ events }) => events.length));
    expect(reads()).toBeLessThanOrEqual(2 * (most - heard + 2));
    await Promise.all(crowd.map(({ client }) => client.dispose()));
    await until(async () => app.listeners(id) === 0);
  });

  test('sends metrics of a program to its own staff only', async () => {
    const [ours, theirs] = [await program('ours'), await program('theirs')];
    const [mine, other] = [await newPartner(app, ours.manager), await newPartner(app, theirs.manager)];
    const PUSHED = 'subscription { programMetricsUpdated { clicks revenue { amount } } }';
    const live = listen(port, ours.analyst, PUSHED, {});
    await live.event((event) => event.programMetricsUpdated.clicks === 0);
    await click(theirs, other.referralCode);
    await click(ours, mine.referralCode);
    await live.event((event) => event.programMetricsUpdated.clicks === 1);
    expect(live.events.length).toBe(2);
    await earned(app, ours, mine.id, { amount: '5.00' });
    await live.event((event) => event.programMetricsUpdated.revenue.amount === '5.00');
    await live.client.dispose();
    const refused = listen(
      port,
      await app.token('PARTNER', { tenant: 'ours', partner: mine.id }),
      PUSHED,
      {},
    );
    const [error] = await until(async () => (refused.errors.length ? refused.errors : null));
    expect(error).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
    await refused.client.dispose();
  });

  test('sends a reconnecting client the same values as a query', async () => {
    const staff = await program('again');
    const { id, referralCode } = await newPartner(app, staff.manager);
    const first = listen(port, staff.maria, WATCH, { id });
    await first.event(() => true);
    await first.client.dispose();
    await click(staff, referralCode); // nobody listens
    const second = listen(port, staff.maria, WATCH, { id });
    expect((await second.event(() => true)).partnerMetricsUpdated.clicks).toBe(1);
    await second.client.dispose();
  });

  test('ends the socket of a caller that signed out at the next event; others continue', async () => {
    const staff = await program('signed-out');
    const { id, referralCode } = await newPartner(app, staff.manager);
    const own = await app.token('PARTNER', { tenant: 'signed-out', partner: id });
    const [gone, stays] = [listen(port, own, WATCH, { id }), listen(port, staff.maria, WATCH, { id })];
    await Promise.all([gone.event(() => true), stays.event(() => true)]);
    await app.ask(own, 'mutation { signOut }');
    await click(staff, referralCode);
    await stays.event((event) => event.partnerMetricsUpdated.clicks === 1);
    await until(async () => gone.errors.length > 0);
    expect(gone.events.every((event) => event.partnerMetricsUpdated.clicks === 0)).toBe(true);
    await Promise.all([gone.client.dispose(), stays.client.dispose()]);
  });
});
