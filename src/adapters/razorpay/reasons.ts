import type { RailOutcome } from '../../ports/payout-rail.ts';

type Refusal = Omit<Extract<RailOutcome, { status: 'REFUSED' }>, 'status' | 'code'>;

const passing = (reason: string): Refusal => ({ reason, passing: true });
const lasting = (reason: string): Refusal => ({ reason });

const BANK_BUSY = passing('The receiving bank could not be reached. The payment is retried automatically.');
const OUR_BANK = passing('Our bank had a technical error. The payment is retried automatically.');
const WRONG_NUMBER = lasting(
  'The account does not exist. Check the account number and set the account again.',
);

/** Texts for the partner: the meaning of Razorpay's reasons, and what to do. Reasons that are not listed have a general text. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  bank_account_closed: lasting('The account is closed. Set another account.'),
  bank_account_frozen: lasting('The account is frozen. Ask the bank to unfreeze it, or set another account.'),
  bank_account_invalid: WRONG_NUMBER,
  beneficiary_account_invalid: WRONG_NUMBER,
  beneficiary_account_dormant: lasting(
    'The account is dormant. Ask the bank to reactivate it, or set another account.',
  ),
  beneficiary_bank_failure: BANK_BUSY,
  beneficiary_bank_offline: BANK_BUSY,
  beneficiary_bank_technical_error: BANK_BUSY,
  beneficiary_psp_offline: BANK_BUSY,
  npci_beneficiary_timeout: BANK_BUSY,
  beneficiary_bank_rejected: lasting(
    'The receiving bank rejected the payment. Ask the bank for the reason, or set another account.',
  ),
  imps_not_allowed: lasting(
    'The account does not accept IMPS payments. Ask the bank to allow them, or set another account.',
  ),
  invalid_ifsc_code: lasting('The IFSC is wrong. Set the account again with the IFSC of its branch.'),
  transaction_limit_exceeded: lasting(
    'The amount is above the receiving limit of the account. Ask the bank for a higher limit, or set another account.',
  ),
  amount_limit_exhausted: passing('The daily limit is reached. The payment is retried automatically.'),
  amount_limit_exhausted_neft: passing('The daily limit is reached. The payment is retried automatically.'),
  beneficiary_vpa_invalid: lasting('The UPI address is wrong. Check the address and set the account again.'),
  invalid_beneficiary: lasting('The bank does not know this number. Set another account.'),
  insufficient_funds: passing(
    'The balance of our account is too low. The payment is retried after we add funds.',
  ),
  gateway_down: OUR_BANK,
  gateway_technical_error: OUR_BANK,
  gateway_timeout: OUR_BANK,
  gateway_degraded: OUR_BANK,
  server_error_temporary: OUR_BANK,
  server_error: lasting(
    'The payment failed at Razorpay. We are resolving this with Razorpay; you do not need to do anything.',
  ),
  rejected: lasting('We did not release the payment. Contact us for details.'),
  cancelled: lasting('We canceled the payment. Contact us for details.'),
  input_validation_failed: lasting(
    'Razorpay does not accept the account. Check the account and set it again.',
  ),
  upi_limit: lasting('The amount is above the UPI limit. Set a bank account instead.'),
};

const OTHER = lasting('The payment failed at the bank. Check the account, or set another account.');

export function refusalFor(code: string): Refusal & { code: string } {
  return { code: code || 'failed', ...((Object.hasOwn(REFUSALS, code) && REFUSALS[code]) || OTHER) };
}

/** The text for a returned payment. */
export function returnedFor(code: string): string {
  const known = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined;
  return known && !known.passing
    ? `The payment was returned. ${known.reason}`
    : 'The receiving bank returned the payment.';
}

/** Actions that are required before a payout continues. */
export const ACTIONS: Readonly<Record<string, string>> = {
  low_balance: 'The payout waits until we add funds to our balance at Razorpay.',
  fee_recovery_pending: 'The payout waits until we add funds to our balance at Razorpay.',
  pending_approval: 'The payout waits until we release it at Razorpay.',
};
