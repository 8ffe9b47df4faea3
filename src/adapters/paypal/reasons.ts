import type { RailOutcome } from '../../ports/payout-rail.ts';

type Refusal = Omit<Extract<RailOutcome, { status: 'REFUSED' }>, 'status' | 'code'>;

const passing = (reason: string): Refusal => ({ reason, passing: true });
const lasting = (reason: string): Refusal => ({ reason });

export const CLAIM_IT =
  'PayPal has no confirmed account for the e-mail address. Open an account or confirm the address at PayPal within 30 days; otherwise the payment is returned.';

const NO_ACCOUNT = lasting(
  'PayPal has no confirmed account for the e-mail address. Confirm the address at PayPal, or set another account.',
);
const LOCKED = lasting(
  'PayPal locked or restricted the account. Ask PayPal to unlock it, or set another account.',
);
const NO_SUCH_CURRENCY = lasting(
  'The PayPal account does not accept this currency. Add the currency at PayPal, or set another account.',
);
const COUNTRY = lasting('PayPal does not pay to the country of the account. Set another payout method.');
const OUR_SIDE = lasting(
  'PayPal does not allow our payments at the moment. We are resolving this; you do not need to do anything.',
);
const PAYPAL_BUSY = passing('PayPal had a technical error. The payment is retried automatically.');
const NO_FUNDS = passing('Our balance at PayPal is too low. The payment is retried after we add funds.');

/** Texts for the partner: the meaning of PayPal's errors, and what to do. Errors that are not listed have a general text. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  INSUFFICIENT_FUNDS: NO_FUNDS,
  SENDER_INSUFFICIENT_FUNDS: NO_FUNDS,
  INTERNAL_ERROR: PAYPAL_BUSY,
  UNDEFINED: PAYPAL_BUSY,
  GATEWAY_TIMEOUT: PAYPAL_BUSY,
  RECEIVER_UNREGISTERED: NO_ACCOUNT,
  RECEIVER_UNCONFIRMED: NO_ACCOUNT,
  RECEIVER_EMAIL_UNCONFIRMED: NO_ACCOUNT,
  UNCONFIRMED_EMAIL: NO_ACCOUNT,
  RECEIVER_ACCOUNT_INVALID: LOCKED,
  RECEIVER_ACCOUNT_LOCKED: LOCKED,
  RECEIVER_RESTRICTED: LOCKED,
  REGULATORY_BLOCKED: LOCKED,
  RISK_DECLINE: LOCKED,
  RECEIVING_LIMIT_EXCEEDED: lasting(
    'The PayPal account reached its receiving limit. Raise the limit at PayPal, or set another account.',
  ),
  RECEIVER_REFUSED: lasting(
    'The PayPal account refused the payment. Accept the payment at PayPal, or set another account.',
  ),
  CURRENCY_NOT_SUPPORTED_FOR_RECEIVER: NO_SUCH_CURRENCY,
  RECEIVER_NON_HOLDING_CURRENCY: NO_SUCH_CURRENCY,
  NON_HOLDING_CURRENCY: OUR_SIDE,
  RECEIVER_COUNTRY_NOT_ALLOWED: COUNTRY,
  RECEIVER_STATE_RESTRICTED: COUNTRY,
  SELF_PAY_NOT_ALLOWED: lasting('The PayPal account belongs to us. Set your own account.'),
  VALIDATION_ERROR: lasting(
    'PayPal does not accept the e-mail address. Check the address and set the account again.',
  ),
  BLOCKED: LOCKED,
  DENIED: OUR_SIDE,
  CANCELED: OUR_SIDE,
  SPENDING_LIMIT_EXCEEDED: OUR_SIDE,
  SENDER_ACCOUNT_LOCKED: OUR_SIDE,
  SENDER_RESTRICTED: OUR_SIDE,
};

const OTHER = lasting('The payment failed at PayPal. Check the account at PayPal, or set another account.');

export function refusalFor(code: string): Refusal & { code: string } {
  return { code: code || 'FAILED', ...((Object.hasOwn(REFUSALS, code) && REFUSALS[code]) || OTHER) };
}

/** Refusals because the payment was never claimed. */
export const isUnclaimed = (code: string): boolean =>
  Object.hasOwn(REFUSALS, code) && REFUSALS[code] === NO_ACCOUNT;
