import type { RailOutcome } from '../../ports/payout-rail.ts';
import type { StripeRefusal } from './client.ts';

type Refused = Extract<RailOutcome, { status: 'REFUSED' }>;

const NO_ACCOUNT =
  'Stripe does not know the account or no longer allows payments to it. Connect the Stripe account again under payout accounts.';
const NOT_READY =
  'The Stripe account cannot receive transfers yet. Finish its set-up with the link under payout accounts, then ask us to retry the payout.';
const ON_US = 'You do not need to do anything: our support will resolve this with Stripe.';

const WORDS: Readonly<Record<string, string>> = {
  account_invalid: NO_ACCOUNT,
  account_closed: NO_ACCOUNT,
  no_account: NO_ACCOUNT,
  resource_missing: NO_ACCOUNT,
  livemode_mismatch: NO_ACCOUNT,
  insufficient_capabilities_for_transfer: NOT_READY,
  transfers_not_allowed: NOT_READY,
  capability_not_enabled: NOT_READY,
  country_unsupported: `Stripe does not pay to the country of the account. Set up another payout method. ${ON_US}`,
  currency_not_supported:
    'The Stripe account does not accept this currency. Add the currency at Stripe, or set up another payout method.',
  amount_too_small:
    "The amount is below Stripe's minimum. The amount stays on the balance until there is more.",
  amount_too_large: `The amount is above Stripe's maximum. ${ON_US}`,
  balance_insufficient:
    'Awaiting funds: our balance at Stripe is too low. The payout is retried automatically; you do not need to do anything.',
};

/** The text of a refusal for the partner. Stripe's own text is not used: it contains account ids and is written for developers. */
export function refused({ code }: StripeRefusal): Refused {
  const reason = WORDS[code] ?? `Stripe refused the transfer. ${ON_US}`;
  return { status: 'REFUSED', code, reason, ...(code === 'balance_insufficient' && { passing: true }) };
}

export const noAccount: Refused = {
  status: 'REFUSED',
  code: 'no_account',
  reason: 'There is no Stripe account to pay to. Connect one under payout accounts.',
};

export const notCarried: Refused = {
  status: 'REFUSED',
  code: 'amount_not_carried',
  reason: `Stripe cannot transfer this amount in the currency. ${ON_US}`,
};

/** Stripe stored an error under the key, repeats it for the lifetime of the key, and made no transfer. */
export const keptFailure: Refused = {
  status: 'REFUSED',
  code: 'kept_failure',
  reason:
    'Stripe had an error and transferred nothing. The payout is retried automatically; you do not need to do anything.',
  passing: true,
};
