import type { RailOutcome } from '../../ports/payout-rail.ts';
import type { StripeRefusal } from './client.ts';

type Refused = Extract<RailOutcome, { status: 'REFUSED' }>;

const NO_ACCOUNT =
  'Stripe knows no such account, or it no longer lets us pay to it: connect the Stripe account again under payout accounts.';
const NOT_READY =
  'The Stripe account may not receive transfers yet: finish its set-up with Stripe by the link under payout accounts, then have the payout tried again.';
const ON_US = 'Nothing is to be done by you: our support has to settle it with Stripe.';

const WORDS: Readonly<Record<string, string>> = {
  account_invalid: NO_ACCOUNT,
  account_closed: NO_ACCOUNT,
  no_account: NO_ACCOUNT,
  resource_missing: NO_ACCOUNT,
  livemode_mismatch: NO_ACCOUNT,
  insufficient_capabilities_for_transfer: NOT_READY,
  transfers_not_allowed: NOT_READY,
  capability_not_enabled: NOT_READY,
  country_unsupported: `Stripe does not pay into the country of the account. Set up another payout method. ${ON_US}`,
  currency_not_supported:
    'The Stripe account does not take this currency: add it with Stripe, or set up another payout method.',
  amount_too_small:
    'The amount is smaller than Stripe transfers: it stays on the balance until there is more.',
  amount_too_large: `The amount is larger than Stripe transfers at once. ${ON_US}`,
  balance_insufficient:
    'Awaiting funds: our balance at Stripe does not cover it yet. It is tried again by itself; nothing is to be done by you.',
};

/** What the partner reads of a refusal. Stripe's own text is left out: it names accounts and speaks to developers. */
export function refused({ code }: StripeRefusal): Refused {
  const reason = WORDS[code] ?? `Stripe did not take the transfer. ${ON_US}`;
  return { status: 'REFUSED', code, reason, ...(code === 'balance_insufficient' && { passing: true }) };
}

export const noAccount: Refused = {
  status: 'REFUSED',
  code: 'no_account',
  reason: 'There is no Stripe account to pay to: connect one under payout accounts.',
};

export const notCarried: Refused = {
  status: 'REFUSED',
  code: 'amount_not_carried',
  reason: `Stripe does not carry this amount of the currency. ${ON_US}`,
};

/** Stripe failed once, keeps that under the key for as long as it knows it, and made no transfer. */
export const keptFailure: Refused = {
  status: 'REFUSED',
  code: 'kept_failure',
  reason:
    'Stripe failed, and nothing was transferred. It is tried again by itself; nothing is to be done by you.',
  passing: true,
};
