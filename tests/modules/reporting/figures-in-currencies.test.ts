import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { earned, newPartner } from '../../support/earn.ts';
import { CONVERT, REVERSE, staffOf, TRACK } from '../../support/make.ts';
import { listen } from '../../support/sockets.ts';

let app: TestApp;
let port: number;
beforeAll(async () => {
  app = await createTestApp();
  port = await app.app.listen();
});
afterAll(() => app.close());

type Staff = Awaited<ReturnType<typeof staffOf>>;
const enter = (staff: Staff, base: string, quote: string, rate: string, effectiveOn: string) =>
  app.ask(
    staff.manager,
    'mutation ($input: SetExchangeRatesInput!) { setExchangeRates(input: $input) { count } }',
    { input: { rates: [{ base, quote, rate, effectiveOn }] } },
  );
const refund = (staff: Staff, id: string, occurredAt: string) =>
  app.ask(staff.maria, REVERSE, { id, input: { occurredAt } });

const AMOUNTS = 'revenue { amount currency } commissionEarned { amount }';
const FIGURES = `${AMOUNTS} averageOrderValue { amount currency } customerLifetimeValue { amount } earningsPerClick { amount } missingRates
  currencies { currency orders averageOrderValue { amount } ${AMOUNTS} }`;
const METRICS = `query ($id: ID!, $period: MetricsPeriodInput) { partner(id: $id) { metrics(period: $period) { ${FIGURES} } } }`;
const figuresOf = async (staff: Staff, id: string, period: object | null = null) =>
  (await app.ask(staff.maria, METRICS, { id, period })).partner.metrics;
const recalculated = async (staff: Staff, id: string) =>
  (
    await app.ask(
      staff.manager,
      `mutation ($id: ID!) { calculatePartnerMetrics(partnerId: $id) { ${FIGURES} } }`,
      { id },
    )
  ).calculatePartnerMetrics;

const yen = (amount: string) => ({ amount, currency: 'JPY' });

test('sales in other currencies count at the rate of their day, refunds at the rate of the day of their sale', async () => {
  const staff = await staffOf(app, 'yen');
  const { id, referralCode } = await newPartner(app, staff.manager, { currency: 'JPY' });
  const occurredAt = '2026-01-15T12:00:00Z';
  await enter(staff, 'USD', 'JPY', '180', '2026-03-01');
  await enter(staff, 'USD', 'JPY', '155', '2026-02-01');
  await enter(staff, 'USD', 'JPY', '150', '2026-01-01');
  await app.ask(staff.manager, TRACK, { input: { referralCode, occurredAt } });
  const first = await earned(app, staff, id, { currency: 'USD', customerId: 'a' });
  const second = await earned(app, staff, id, {
    ...{ amount: '50.00', currency: 'USD', customerId: 'b', occurredAt: '2026-02-10T12:00:00Z' },
  });
  const dollars = { currency: 'USD', orders: 2, averageOrderValue: { amount: '75.00' } };
  expect(await figuresOf(staff, id)).toMatchObject({
    revenue: yen('22750'), // 100.00 at 150, 50.00 at 155
    averageOrderValue: yen('11375'),
    commissionEarned: { amount: '4550' },
    customerLifetimeValue: { amount: '11375' },
    earningsPerClick: { amount: '4550' },
    missingRates: [],
    currencies: [{ ...dollars, revenue: { amount: '150.00', currency: 'USD' } }],
  });

  // A sale without a rate is listed, in its own currency, until its rate is entered.
  const third = await earned(app, staff, id, { amount: '10.00', currency: 'EUR', customerId: 'a' });
  const euros = { currency: 'EUR', orders: 1, averageOrderValue: { amount: '10.00' } };
  const incomplete = {
    ...{ revenue: yen('22750'), averageOrderValue: yen('11375'), missingRates: ['EUR'] },
    ...{ customerLifetimeValue: null, earningsPerClick: null, currencies: [euros, dollars] },
  };
  expect(await figuresOf(staff, id)).toMatchObject(incomplete);
  const live = listen(
    port,
    staff.maria,
    `subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { ${FIGURES} } }`,
    { id },
  );
  const program = listen(
    port,
    staff.analyst,
    `subscription { programMetricsUpdated { revenue { amount } missingRates } }`,
    {},
  );
  expect((await live.event(() => true)).partnerMetricsUpdated).toMatchObject(incomplete);
  expect((await program.event(() => true)).programMetricsUpdated.missingRates).toEqual(['EUR']);
  await enter(staff, 'EUR', 'USD', '1.10', '2026-01-10');
  await program.event(({ programMetricsUpdated: { missingRates } }) => missingRates.length === 0);
  await enter(staff, 'EUR', 'JPY', '160', '2026-01-10');
  const { partnerMetricsUpdated } = await live.event(
    (event) => event.partnerMetricsUpdated.missingRates.length === 0,
  );
  const rated = {
    revenue: yen('24350'),
    averageOrderValue: yen('8117'),
    earningsPerClick: { amount: '4870' },
  };
  expect(partnerMetricsUpdated).toMatchObject(rated);
  expect(await figuresOf(staff, id)).toEqual(partnerMetricsUpdated);
  await Promise.all([live, program].map(({ client }) => client.dispose()));

  await refund(staff, second, '2026-03-05T12:00:00Z');
  const refunded = {
    revenue: yen('16600'),
    commissionEarned: { amount: '3320' },
    averageOrderValue: yen('5533'),
  };
  expect(await figuresOf(staff, id)).toMatchObject(refunded);
  expect(await figuresOf(staff, id, { from: '2026-01-01', to: '2026-03-31' })).toMatchObject(refunded);
  expect(await figuresOf(staff, id, { from: '2026-03-01', to: '2026-03-31' })).toMatchObject({
    ...{ revenue: yen('-7750'), averageOrderValue: null, missingRates: [] },
  });
  const { metricsSeries } = await app.ask(
    staff.maria,
    `query ($id: ID!) { metricsSeries(partnerId: $id, currency: "JPY", interval: MONTH, period: { from: "2026-01-01", to: "2026-03-31" }) {
      points { ${AMOUNTS} missingRates } } }`,
    { id },
  );
  const point = (revenue: string, amount: string) => ({
    ...{ revenue: yen(revenue), commissionEarned: { amount }, missingRates: [] },
  });
  expect(metricsSeries.points).toEqual([
    point('16600', '3320'),
    point('7750', '1550'),
    point('-7750', '-1550'),
  ]);
  expect(await recalculated(staff, id)).toMatchObject(refunded);

  await refund(staff, first, '2026-03-06T12:00:00Z');
  await refund(staff, third, '2026-03-07T12:00:00Z');
  const nothing = { revenue: yen('0'), commissionEarned: { amount: '0' }, missingRates: [] };
  expect(await figuresOf(staff, id)).toMatchObject(nothing);
  expect(await recalculated(staff, id)).toMatchObject(nothing);
  const { programMetrics } = await app.ask(staff.maria, `{ programMetrics { ${AMOUNTS} missingRates } }`);
  expect(programMetrics).toMatchObject({ revenue: { amount: '0.00' }, commissionEarned: { amount: '0.00' } });
});

test('sources, links, campaigns and lists of partners have amounts in the currency of each partner', async () => {
  const staff = await staffOf(app, 'lists');
  const [tokyo, paris] = [
    await newPartner(app, staff.manager, { currency: 'JPY' }),
    await newPartner(app, staff.manager, { currency: 'EUR' }),
  ];
  await enter(staff, 'JPY', 'USD', '0.01', '2026-01-01'); // entered in the other direction
  const occurredAt = '2026-01-15T12:00:00Z';
  const { createTrackingLink: link } = await app.ask(
    staff.manager,
    'mutation ($input: CreateTrackingLinkInput!) { createTrackingLink(input: $input) { id path } }',
    { input: { partnerId: tokyo.id, name: 'Spring', campaign: 'spring' } },
  );
  const landingUrl = 'https://f.com/?utm_source=news';
  const clicked = { referralCode: link.path, landingUrl, occurredAt };
  const { trackReferral } = await app.ask(staff.manager, TRACK, { input: clicked });
  await app.ask(staff.manager, CONVERT, {
    id: trackReferral.id,
    input: { customerId: 'c', amount: '12.34', currency: 'USD', occurredAt },
  });
  await earned(app, staff, tokyo.id, { amount: '500', currency: 'JPY', customerId: 'd' });
  for (const customerId of ['e', 'f']) await earned(app, staff, paris.id, { currency: 'USD', customerId });

  const SOLD = 'clicks revenue { amount currency } missingRates';
  const { partner, commissions } = await app.ask(
    staff.maria,
    `query ($id: ID!) {
      partner(id: $id) { metrics { revenue { amount } sources { source ${SOLD} } links { name ${SOLD} commissionEarned { amount } }
        campaigns { name ${SOLD} commissionEarned { amount } } } }
      commissions(first: 4) { edges { node { partner { currency metrics { revenue { amount currency } missingRates } } } } } }`,
    { id: tokyo.id },
  );
  const clicks = { clicks: 1, revenue: yen('1234'), missingRates: [] };
  const spring = { ...clicks, commissionEarned: { amount: '247' } }; // 2.47 USD
  expect(partner.metrics).toEqual({
    revenue: { amount: '1734' },
    sources: [
      { source: 'news', ...clicks },
      { source: '(none)', clicks: 0, revenue: yen('500'), missingRates: [] },
    ],
    links: [{ name: link.id, ...spring }],
    campaigns: [{ name: 'spring', ...spring }],
  });
  const france = {
    currency: 'EUR',
    metrics: { revenue: { amount: '0.00', currency: 'EUR' }, missingRates: ['USD'] },
  };
  const japan = { currency: 'JPY', metrics: { revenue: yen('1734'), missingRates: [] } };
  expect(commissions.edges.map(({ node }: { node: { partner: object } }) => node.partner)).toEqual([
    ...[france, france, japan, japan],
  ]);
});

test('MRR of a partner has the subscriptions of all currencies, and names those without a rate', async () => {
  const staff = await staffOf(app, 'mrr-in-yen');
  const { id } = await newPartner(app, staff.manager, { currency: 'JPY' });
  await enter(staff, 'USD', 'JPY', '150', '2026-01-20');
  await earned(app, staff, id, { amount: '100', currency: 'JPY', customerId: 'a' });
  const startedAt = '2026-01-01T00:00:00Z';
  for (const [currency, price] of [
    ['USD', '10.00'],
    ['JPY', '500'],
    ['KWD', '1.000'],
  ])
    await app.ask(
      staff.manager,
      'mutation ($input: RecordSubscriptionInput!) { recordSubscription(input: $input) { id } }',
      { input: { externalId: currency, customerId: 'a', interval: 'MONTH', price, currency, startedAt } },
    );
  const { partner } = await app.ask(
    staff.maria,
    `query ($id: ID!) { partner(id: $id) { metrics(period: { from: "2026-01-10", to: "2026-01-31" }) {
      subscriptions { mrr { amount currency } mrrBefore { amount } missingRates mrrByCurrency { amount currency } } } } }`,
    { id },
  );
  expect(partner.metrics.subscriptions).toEqual({
    mrr: yen('2000'),
    mrrBefore: { amount: '2000' },
    missingRates: ['KWD'],
    mrrByCurrency: [yen('500'), { amount: '1.000', currency: 'KWD' }, { amount: '10.00', currency: 'USD' }],
  });
});

test('commissions that are paid in the currency of the partner count once, beside sales in their own currency', async () => {
  const staff = await staffOf(app, 'settled-in-yen');
  const { id } = await newPartner(app, staff.manager, { currency: 'JPY' });
  await app.ask(staff.manager, 'mutation { updateProgram(input: { settlement: PARTNER }) { settlement } }');
  await enter(staff, 'USD', 'JPY', '150', '2026-01-01');
  const sale = await earned(app, staff, id, { currency: 'USD' });
  await app.database.pool.query(
    `insert into partner_metrics_daily (tenant_id, partner_id, day, rate_day, source, currency, paid_minor)
     values ('settled-in-yen', $1, '2026-01-20', '2026-01-20', '(none)', 'USD', 700)`,
    [id],
  );
  const period = { from: '2026-01-01', to: '2026-01-31' };
  const { partner } = await app.ask(
    staff.maria,
    `query ($id: ID!, $period: MetricsPeriodInput) { partner(id: $id) { metrics(period: $period) {
      commissionPaid { amount } inProgramCurrency { commissionPaid { amount } ${AMOUNTS} } ${FIGURES} } } }`,
    { id, period },
  );
  expect(partner.metrics).toMatchObject({
    ...{ revenue: yen('15000'), averageOrderValue: yen('15000'), commissionEarned: { amount: '3000' } },
    ...{ commissionPaid: { amount: '1050' }, missingRates: [] },
    inProgramCurrency: { revenue: { amount: '100.00' }, commissionEarned: { amount: '20.00' } },
    currencies: [
      { currency: 'JPY', orders: 0, averageOrderValue: null, commissionEarned: { amount: '3000' } },
      {
        currency: 'USD',
        orders: 1,
        averageOrderValue: { amount: '100.00' },
        commissionEarned: { amount: '0.00' },
      },
    ],
  });
  await refund(staff, sale, '2026-01-25T12:00:00Z');
  expect(await recalculated(staff, id)).toMatchObject({
    revenue: yen('0'),
    commissionEarned: { amount: '0' },
  });
});
