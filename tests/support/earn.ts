import type { TestApp } from './app.ts';

/** Tokens of one person each; maria and tom may approve each other's payouts. */
export async function people(app: TestApp) {
  const [manager, maria, tom] = await Promise.all([
    app.token('PROGRAM_MANAGER', { user: 'manager' }),
    app.token('FINANCE', { user: 'maria' }),
    app.token('FINANCE', { user: 'tom' }),
  ]);
  return { manager, maria, tom };
}

let serial = 0;

export async function newPartner(
  app: TestApp,
  manager: string,
  input: object = {},
): Promise<{ id: string; referralCode: string }> {
  const { createPartner } = await app.ask(
    manager,
    'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id referralCode } }',
    {
      input: {
        partnerType: 'REFERRAL',
        companyName: `Partner ${++serial}`,
        email: `p${serial}@example.com`,
        commissionRate: 20,
        payoutMethod: 'STRIPE',
        ...input,
      },
    },
  );
  return createPartner;
}

/** An approved line: `amount` is the sale, of which the partner has 20 % unless the input says otherwise. */
export async function earned(
  app: TestApp,
  { manager, maria }: { manager: string; maria: string },
  partnerId: string,
  input: object = {},
): Promise<string> {
  const { createCommission } = await app.ask(
    manager,
    'mutation ($input: CreateCommissionInput!) { createCommission(input: $input) { id } }',
    {
      input: { partnerId, type: 'ONE_TIME', amount: '100.00', occurredAt: '2026-01-15T12:00:00Z', ...input },
    },
  );
  await app.ask(maria, 'mutation ($id: ID!) { approveCommission(id: $id) { id } }', {
    id: createCommission.id,
  });
  return createCommission.id;
}

export const january = { periodStart: '2026-01-01', periodEnd: '2026-01-31' };

export const CREATE = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) {
  id status amount { amount currency } commissionCount method periodStart periodEnd attempts initiatedBy approvedBy failureReason } }`;
export const APPROVE = 'mutation ($id: ID!) { approvePayout(id: $id) { id status approvedBy } }';
export const CANCEL =
  'mutation ($id: ID!, $reason: String!) { cancelPayout(id: $id, reason: $reason) { id status failureReason } }';
export const RETRY = 'mutation ($id: ID!) { retryPayout(id: $id) { id status } }';
export const PAYOUT = `query ($id: ID!) { payout(id: $id) { id status attempts providerReference failureReason paidAt
  commissionCount commissions(first: 100) { totalCount edges { node { id status payout { id } amount { amount } } } } } }`;
export const BALANCES = `query ($id: ID!) { partner(id: $id) {
  balances { currency pending { amount } payable { amount } inTransit { amount } paid { amount } } } }`;
