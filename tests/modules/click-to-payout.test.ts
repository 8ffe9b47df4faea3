import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/until.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
  await app.app.startWorker();
});
afterAll(() => app.close());

test('from a click to a paid partner', async () => {
  const manager = await app.token('PROGRAM_MANAGER');
  const maria = await app.token('FINANCE');
  const tom = await app.token('FINANCE');

  const { createPartner: partner } = await app.ask(
    manager,
    `mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id status tier commissionRate referralCode tenantId } }`,
    {
      input: {
        partnerType: 'RESELLER',
        companyName: 'Acme Resellers Inc',
        contactName: 'John Smith',
        email: 'john@acme.com',
        tier: 'SILVER',
        commissionRate: 20,
        payoutFrequency: 'MONTHLY',
        payoutMethod: 'BANK_TRANSFER',
        contractStartDate: '2026-01-16',
      },
    },
  );
  expect(partner).toMatchObject({ status: 'ACTIVE', tier: 'SILVER', commissionRate: 20, tenantId: 'acme' });

  const { trackReferral: referral } = await app.ask(
    null,
    `mutation ($input: TrackReferralInput!) { trackReferral(input: $input) { id status source visitorId clickedAt expiresAt partner { id } } }`,
    {
      input: {
        referralCode: partner.referralCode,
        landingUrl: 'https://finaceverse.com/pricing?utm_source=news',
      },
    },
  );
  expect(referral).toMatchObject({ status: 'CLICKED', source: 'news', partner: null });

  const { convertReferral: converted } = await app.ask(
    manager,
    `mutation ($id: ID!, $input: ConvertReferralInput!) {
      convertReferral(id: $id, input: $input) { status customer { externalId } commissions { id type status amount { amount currency } } }
    }`,
    { id: referral.id, input: { customerId: 'cust_abc123', amount: 999.0, orderId: 'order-1' } },
  );
  expect(converted).toMatchObject({
    status: 'CONVERTED',
    customer: { externalId: 'cust_abc123' },
    commissions: [{ type: 'SIGNUP', status: 'PENDING', amount: { amount: '199.80', currency: 'USD' } }],
  });

  await app.ask(maria, `mutation ($id: ID!) { approveCommission(id: $id) { status } }`, {
    id: converted.commissions[0].id,
  });
  const today = new Date().toISOString().slice(0, 10);
  const { createPayout: payout } = await app.ask(
    maria,
    `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { id status amount { amount } commissionCount initiatedBy attempts } }`,
    {
      input: {
        partnerId: partner.id,
        periodStart: today,
        periodEnd: today,
        method: 'BANK_TRANSFER',
        initiatedBy: 'x@y',
      },
    },
  );
  expect(payout).toMatchObject({
    status: 'PENDING',
    amount: { amount: '199.80' },
    commissionCount: 1,
    attempts: 0,
  });
  expect(
    (await app.refusal(maria, `mutation ($id: ID!) { approvePayout(id: $id) { id } }`, { id: payout.id }))
      .code,
  ).toBe('FORBIDDEN');
  await app.ask(tom, `mutation ($id: ID!) { approvePayout(id: $id) { status } }`, { id: payout.id });

  const paid = await until(async () => {
    const { payout: now } = await app.ask(
      tom,
      `query ($id: ID!) { payout(id: $id) { status providerReference attempts paidAt commissions(first: 5) { totalCount edges { node { status } } } } }`,
      { id: payout.id },
    );
    return now.status === 'PAID' ? now : null;
  });
  expect(paid).toMatchObject({
    attempts: 1,
    providerReference: expect.stringMatching(/^sandbox_/),
    commissions: { totalCount: 1, edges: [{ node: { status: 'PAID' } }] },
  });

  const { partner: now } = await app.ask(
    await app.token('PARTNER', { partner: partner.id }),
    `query ($id: ID!) { partner(id: $id) {
      balances { currency pending { amount } payable { amount } inTransit { amount } paid { amount } }
      metrics { clicks conversions conversionRate customers revenue { amount } averageOrderValue { amount } commissionEarned { amount }
        commissionPaid { amount } sources { source clicks conversions revenue { amount } } calculatedAt }
    } }`,
    { id: partner.id },
  );
  expect(now.balances).toEqual([
    {
      currency: 'USD',
      pending: { amount: '0.00' },
      payable: { amount: '0.00' },
      inTransit: { amount: '0.00' },
      paid: { amount: '199.80' },
    },
  ]);
  expect(now.metrics).toMatchObject({
    clicks: 1,
    conversions: 1,
    conversionRate: 100,
    customers: 1,
    revenue: { amount: '999.00' },
    averageOrderValue: { amount: '999.00' },
    commissionEarned: { amount: '199.80' },
    commissionPaid: { amount: '199.80' },
    sources: [{ source: 'news', clicks: 1, conversions: 1, revenue: { amount: '999.00' } }],
  });
});
