import type { RailOutcome } from '../../ports/payout-rail.ts';

type Refusal = Omit<Extract<RailOutcome, { status: 'REFUSED' }>, 'status' | 'code'>;

const passing = (reason: string): Refusal => ({ reason, passing: true });
const lasting = (reason: string): Refusal => ({ reason });

export const CLAIM_IT =
  'PayPal has no confirmed account for the e-mail address. Open one, or confirm the address there, within 30 days; else the money comes back.';

const NO_ACCOUNT = lasting(
  'PayPal has no confirmed account for the e-mail address. Confirm it at PayPal, or set another one.',
);
const LOCKED = lasting(
  'PayPal has locked or restricted the account. Ask PayPal to free it, or set another one.',
);
const NO_SUCH_CURRENCY = lasting(
  'The PayPal account does not take this currency. Add the currency there, or set another account.',
);
const COUNTRY = lasting('PayPal does not pay to the country of the account. Set another way to be paid.');
const OUR_SIDE = lasting('PayPal does not let us pay at the moment. We see to it; nothing is needed of you.');
const PAYPAL_BUSY = passing('PayPal had a technical fault. It is tried again by itself.');
const NO_FUNDS = passing('Our balance at PayPal has run short. It is tried again once it is filled.');

/** What PayPal's errors mean to the partner, and what to do. Those not listed are told in general words. */
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
    'The PayPal account has reached the limit of what it may receive. Lift the limit at PayPal, or set another account.',
  ),
  RECEIVER_REFUSED: lasting(
    'The PayPal account refused the payment. Accept it there, or set another account.',
  ),
  CURRENCY_NOT_SUPPORTED_FOR_RECEIVER: NO_SUCH_CURRENCY,
  RECEIVER_NON_HOLDING_CURRENCY: NO_SUCH_CURRENCY,
  NON_HOLDING_CURRENCY: OUR_SIDE,
  RECEIVER_COUNTRY_NOT_ALLOWED: COUNTRY,
  RECEIVER_STATE_RESTRICTED: COUNTRY,
  SELF_PAY_NOT_ALLOWED: lasting('The PayPal account is our own. Set one of yours.'),
  VALIDATION_ERROR: lasting('PayPal does not take the e-mail address as it is. Set it again.'),
  BLOCKED: LOCKED,
  DENIED: OUR_SIDE,
  CANCELED: OUR_SIDE,
  SPENDING_LIMIT_EXCEEDED: OUR_SIDE,
  SENDER_ACCOUNT_LOCKED: OUR_SIDE,
  SENDER_RESTRICTED: OUR_SIDE,
};

const OTHER = lasting('The payment failed at PayPal. Check the account there, or set another one.');

export function refusalFor(code: string): Refusal & { code: string } {
  return { code: code || 'FAILED', ...((Object.hasOwn(REFUSALS, code) && REFUSALS[code]) || OTHER) };
}

/** Refusals that say that nobody ever took the money. */
export const isUnclaimed = (code: string): boolean =>
  Object.hasOwn(REFUSALS, code) && REFUSALS[code] === NO_ACCOUNT;
