import { conflict } from './errors.ts';
import { movesOf } from './moves.ts';

export const PayoutStatus = {
  PENDING: 'PENDING',
  APPROVED: 'APPROVED',
  PROCESSING: 'PROCESSING',
  PAID: 'PAID',
  FAILED: 'FAILED',
  CANCELED: 'CANCELED',
  RETURNED: 'RETURNED',
} as const;
export type PayoutStatus = (typeof PayoutStatus)[keyof typeof PayoutStatus];

export const PayoutMethod = {
  BANK_TRANSFER: 'BANK_TRANSFER',
  PAYPAL: 'PAYPAL',
  STRIPE: 'STRIPE',
  RAZORPAY: 'RAZORPAY',
} as const;
export type PayoutMethod = (typeof PayoutMethod)[keyof typeof PayoutMethod];

/** For each payout method: its description in the schema, the name of its rail, and the secret fields of an account. */
export const payoutMethods = {
  BANK_TRANSFER: {
    description: 'Bank transfer.',
    rail: 'bank',
    accountFields: ['iban', 'bic', 'accountNumber', 'routingNumber', 'ifsc', 'sortCode'],
  },
  PAYPAL: { description: 'PayPal.', rail: 'paypal', accountFields: ['paypalEmail'] },
  STRIPE: { description: 'Stripe.', rail: 'stripe', accountFields: ['stripeAccount'] },
  RAZORPAY: {
    description: 'Razorpay.',
    rail: 'razorpayx',
    accountFields: ['razorpayFundAccount', 'accountNumber', 'ifsc', 'upiAddress'],
  },
} as const satisfies Record<
  PayoutMethod,
  { description: string; rail: string; accountFields: readonly string[] }
>;

export const PayoutFrequency = {
  WEEKLY: 'WEEKLY',
  BIWEEKLY: 'BIWEEKLY',
  MONTHLY: 'MONTHLY',
  QUARTERLY: 'QUARTERLY',
} as const;
export type PayoutFrequency = (typeof PayoutFrequency)[keyof typeof PayoutFrequency];

const actions = {
  approve: { from: ['PENDING'], to: 'APPROVED' },
  send: { from: ['APPROVED'], to: 'PROCESSING' },
  confirm: { from: ['PROCESSING'], to: 'PAID' },
  fail: { from: ['PROCESSING'], to: 'FAILED' },
  retry: { from: ['FAILED'], to: 'APPROVED' },
  cancel: { from: ['PENDING', 'APPROVED', 'FAILED'], to: 'CANCELED' },
  return: { from: ['PAID'], to: 'RETURNED' },
} as const satisfies Record<string, { from: readonly PayoutStatus[]; to: PayoutStatus }>;

/** All changes of status by an action. The database refuses any other change. */
export const payoutMoves = movesOf<PayoutStatus>(actions);

/** Returns the status after `action`. Throws CONFLICT when the action does not start at `status`. See
 *  docs/concepts/payouts.md. */
export function afterPayout(action: keyof typeof actions, status: PayoutStatus): PayoutStatus {
  const { from, to } = actions[action];
  if (!(from as readonly PayoutStatus[]).includes(status)) {
    throw conflict(
      `This payout is ${status}, but "${action}" requires a payout that is ${from.join(' or ')}.`,
    );
  }
  return to;
}

/** Status of a payout attempt. With SENDING and UNKNOWN money may have moved, so the rail is asked before anything is sent. */
export const AttemptStatus = {
  SENDING: 'SENDING',
  UNKNOWN: 'UNKNOWN',
  SENT: 'SENT',
  CONFIRMED: 'CONFIRMED',
  FAILED: 'FAILED',
} as const;
export type AttemptStatus = (typeof AttemptStatus)[keyof typeof AttemptStatus];

/** After this number of attempts with a final failure, the commissions of a payout go back to APPROVED. */
export const MAX_ATTEMPTS = 5;

/** Returns the seconds until the rail is asked again: exponential with full jitter, from 2 seconds to 10 minutes. `random`
 *  is in [0, 1). */
export function backoffSeconds(tries: number, random: number): number {
  const ceiling = Math.min(600, 2 ** Math.min(tries, 10));
  return 1 + Math.floor(random * ceiling);
}

/** Returns the seconds until a payout that the rail refused for now is sent again with a new key: 5 minutes after the first
 *  attempt, then four times as long each time. So there is most of a day to fill an empty balance. `random` is in [0, 1). */
export function refusedWaitSeconds(attempts: number, random: number): number {
  return Math.floor(300 * 4 ** (Math.max(1, attempts) - 1) * (1 + random * 0.5));
}

/** The next step for an idempotency key that the rail does not know. */
type NextStep =
  /** Send with the same key, which pays at most once. */
  | 'SEND'
  /** Send nothing: the payment may still appear at the rail. */
  | 'WAIT'
  /** Use a new key: the old key never moved money and never will. */
  | 'NEW_KEY'
  /** The rail acknowledged the key before, so a person must decide. */
  | 'ASK_A_PERSON';

interface KeyAge {
  /** Seconds since the key was first used. */
  readonly ageSeconds: number;
  /** Seconds in which the same key pays at most once. Null without a limit. */
  readonly lifetimeSeconds: number | null;
  /** Seconds after the lifetime until a missing payment is certain never to appear. */
  readonly settleSeconds: number;
  /** True when the rail returned a reference for the key. */
  readonly acknowledged: boolean;
}

/** Returns the next step. A late retry is never sent blindly: after the lifetime of a key, a new key is allowed only when
 *  the rail shows no payment for the whole settling time. */
export function afterNoTrace({ ageSeconds, lifetimeSeconds, settleSeconds, acknowledged }: KeyAge): NextStep {
  if (acknowledged) return 'ASK_A_PERSON';
  if (lifetimeSeconds === null || ageSeconds < lifetimeSeconds) return 'SEND';
  return ageSeconds < lifetimeSeconds + settleSeconds ? 'WAIT' : 'NEW_KEY';
}

/** Why a balance is not paid. The same reasons skip a partner in a payout run and refuse a payout by hand. The database
 *  function `payout_balances` returns the first that applies, in this order. */
export const SkipReason = {
  NOT_ACTIVE: 'NOT_ACTIVE',
  PAYOUTS_HELD: 'PAYOUTS_HELD',
  NOTHING_TO_PAY: 'NOTHING_TO_PAY',
  IN_FAILED_PAYOUT: 'IN_FAILED_PAYOUT',
  NO_PAYOUT_METHOD: 'NO_PAYOUT_METHOD',
  NO_RAIL: 'NO_RAIL',
  NOT_POSITIVE: 'NOT_POSITIVE',
  BELOW_MINIMUM: 'BELOW_MINIMUM',
  CURRENCY_NOT_CARRIED: 'CURRENCY_NOT_CARRIED',
  BELOW_RAIL_MINIMUM: 'BELOW_RAIL_MINIMUM',
  ABOVE_RAIL_MAXIMUM: 'ABOVE_RAIL_MAXIMUM',
  ACCOUNT_COOLING_OFF: 'ACCOUNT_COOLING_OFF',
  ACCOUNT_TO_CHECK: 'ACCOUNT_TO_CHECK',
  NO_ACCOUNT: 'NO_ACCOUNT',
} as const;
export type SkipReason = (typeof SkipReason)[keyof typeof SkipReason];

export const PayoutRunStatus = {
  RUNNING: 'RUNNING',
  PAUSED: 'PAUSED',
  DONE: 'DONE',
  CANCELED: 'CANCELED',
} as const;
export type PayoutRunStatus = (typeof PayoutRunStatus)[keyof typeof PayoutRunStatus];

const runActions = {
  pause: { from: ['RUNNING'], to: 'PAUSED' },
  resume: { from: ['PAUSED'], to: 'RUNNING' },
  cancel: { from: ['RUNNING', 'PAUSED', 'DONE', 'CANCELED'], to: 'CANCELED' },
} as const satisfies Record<string, { from: readonly PayoutRunStatus[]; to: PayoutRunStatus }>;

/** Returns the status of a payout run after `action`. Throws CONFLICT when the action does not start at `status`. */
export function afterRun(action: keyof typeof runActions, status: PayoutRunStatus): PayoutRunStatus {
  const { from, to } = runActions[action];
  if (!(from as readonly PayoutRunStatus[]).includes(status))
    throw conflict(
      `This payout run is ${status}, but "${action}" requires a payout run that is ${from.join(' or ')}.`,
    );
  return to;
}

/** Why two people must approve a payout. */
export const SecondApproval = { ABOVE_LIMIT: 'ABOVE_LIMIT', NO_RATE: 'NO_RATE', SPLIT: 'SPLIT' } as const;
export type SecondApproval = (typeof SecondApproval)[keyof typeof SecondApproval];

/** Why an existing payout is not approved or sent: facts that changed after its creation. */
export const payoutBlocks = {
  NOT_ACTIVE: 'The partner is not ACTIVE. Activate the partner first.',
  PAYOUTS_HELD: 'Payouts to the partner are on hold. Release the payout hold first.',
  NO_RAIL: 'No payment rail is configured for the method of this payout.',
  NO_ACCOUNT: 'This payout was created without a payout account. Cancel the payout and create a new one.',
  ACCOUNT_CHANGED:
    'The partner changed the payout account after this payout was created. Cancel the payout and create a new one.',
  ACCOUNT_COOLING_OFF:
    "The partner's payout account was changed within the last 72 hours. Wait until 72 hours have passed.",
  ACCOUNT_TO_CHECK:
    "A payment to the partner's payout account was returned. A person must confirm the account first.",
  BANK_DIFFERS:
    "The bank's report contradicts the status of this payment. Two people must settle the difference with resolvePayout first.",
} as const;
export type PayoutBlock = keyof typeof payoutBlocks;

/** Reasons that delay an approved payout, in words that the partner reads too. Other reasons make the payout fail. */
const KEPT_BACK: Partial<Record<PayoutBlock, string>> = {
  NOT_ACTIVE: 'This payout waits until the partner is ACTIVE again.',
  PAYOUTS_HELD: 'This payout waits: payouts to the partner are on hold.',
  ACCOUNT_COOLING_OFF:
    'This payout waits until 72 hours have passed since the last change of the payout account.',
  ACCOUNT_TO_CHECK:
    'This payout waits until a person confirms the payout account, because a payment to it was returned.',
};

/** Returns why an approved payout is delayed. Null when it is not delayed. */
export const keptBack = (block: PayoutBlock | null): string | null => (block && KEPT_BACK[block]) ?? null;

/** Returns what a partner can do about a payout that did not arrive. Null when there is nothing to do. */
export function nextStep(status: PayoutStatus, { released }: { readonly released: boolean }): string | null {
  switch (status) {
    case 'FAILED':
      return released
        ? 'The amount is owed to you again. Check your payout account and correct it. The next payout includes the amount.'
        : 'Check your payout account and correct it if it is wrong. The payout will be sent again or replaced. The amount stays owed to you.';
    case 'RETURNED':
      return 'The money was returned to us and is owed to you again. Check your payout account and correct it. The next payout includes the amount.';
    case 'CANCELED':
      return 'You do not need to do anything. The amount is owed to you again, and the next payout includes it.';
    default:
      return null;
  }
}
