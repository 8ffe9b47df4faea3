import type { RailOutcome } from '../../ports/payout-rail.ts';

type Refusal = Omit<Extract<RailOutcome, { status: 'REFUSED' }>, 'status' | 'code'>;

const passing = (reason: string): Refusal => ({ reason, passing: true });
const lasting = (reason: string): Refusal => ({ reason });

const BANK_BUSY = passing('The receiving bank could not be reached. It is tried again by itself.');
const OUR_BANK = passing('Our bank had a technical fault. It is tried again by itself.');
const WRONG_NUMBER = lasting(
  'The account does not exist. Check the account number and set the account again.',
);

/** What Razorpay's reasons mean to the partner, and what to do. Those not listed are told in general words. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  bank_account_closed: lasting('The account is closed. Set another account.'),
  bank_account_frozen: lasting('The account is frozen. Ask the bank to free it, or set another account.'),
  bank_account_invalid: WRONG_NUMBER,
  beneficiary_account_invalid: WRONG_NUMBER,
  beneficiary_account_dormant: lasting(
    'The account is dormant. Ask the bank to wake it, or set another account.',
  ),
  beneficiary_bank_failure: BANK_BUSY,
  beneficiary_bank_offline: BANK_BUSY,
  beneficiary_bank_technical_error: BANK_BUSY,
  beneficiary_psp_offline: BANK_BUSY,
  npci_beneficiary_timeout: BANK_BUSY,
  beneficiary_bank_rejected: lasting(
    'The receiving bank rejected the payment. Ask the bank why, or set another account.',
  ),
  imps_not_allowed: lasting(
    'The account does not take IMPS payments. Ask the bank to allow them, or set another account.',
  ),
  invalid_ifsc_code: lasting('The IFSC is not right. Set the account again with the IFSC of its branch.'),
  transaction_limit_exceeded: lasting(
    'The amount is above what the account may receive. Ask the bank for a higher limit, or set another account.',
  ),
  amount_limit_exhausted: passing('The limit of the day is used up. It is tried again by itself.'),
  amount_limit_exhausted_neft: passing('The limit of the day is used up. It is tried again by itself.'),
  beneficiary_vpa_invalid: lasting('The UPI address is not right. Check it and set the account again.'),
  invalid_beneficiary: lasting('Nobody is known by that number there. Set another account.'),
  insufficient_funds: passing(
    'The account that we pay from has run short. It is tried again once it is filled.',
  ),
  gateway_down: OUR_BANK,
  gateway_technical_error: OUR_BANK,
  gateway_timeout: OUR_BANK,
  gateway_degraded: OUR_BANK,
  server_error_temporary: OUR_BANK,
  server_error: lasting('The payment failed at Razorpay. We are asking them why; nothing is needed of you.'),
  rejected: lasting('The payment was not released by us. Ask us about it.'),
  cancelled: lasting('The payment was called back by us. Ask us about it.'),
  input_validation_failed: lasting('Razorpay does not take the account as it is. Set it again.'),
  upi_limit: lasting('The amount is above what UPI carries. Set a bank account in its place.'),
};

const OTHER = lasting('The payment failed at the bank. Check the account, or set another one.');

export function refusalFor(code: string): Refusal & { code: string } {
  return { code: code || 'failed', ...((Object.hasOwn(REFUSALS, code) && REFUSALS[code]) || OTHER) };
}

/** Why money that had gone out is back. */
export function returnedFor(code: string): string {
  const known = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined;
  return known && !known.passing
    ? `The money came back. ${known.reason}`
    : 'The receiving bank sent the money back.';
}

/** What has to happen before it goes on, where anything has to. */
export const ACTIONS: Readonly<Record<string, string>> = {
  low_balance: 'It waits until our balance at Razorpay is filled up.',
  fee_recovery_pending: 'It waits until our balance at Razorpay is filled up.',
  pending_approval: 'It waits for somebody of ours to release it at Razorpay.',
};
