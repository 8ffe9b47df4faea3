import type { TestApp } from './app.ts';
import { type MadePartner, makeApproved, makePartner } from './make.ts';

/** A partner who has 20 % of each sale and can be paid, unless the input says otherwise. */
export function newPartner(app: TestApp, manager: string, input: object = {}): Promise<MadePartner> {
  return makePartner(app, manager, {
    partnerType: 'REFERRAL',
    commissionRate: 20,
    payoutMethod: 'STRIPE',
    ...input,
  });
}

/** An approved line of January, of a sale of 100.00 unless the input says otherwise. */
export function earned(
  app: TestApp,
  by: { manager: string; maria: string },
  partnerId: string,
  input: object = {},
): Promise<string> {
  return makeApproved(app, by, partnerId, { occurredAt: '2026-01-15T12:00:00Z', ...input });
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
