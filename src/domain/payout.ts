import { conflict } from './errors.ts';

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

/** The status after `action`. Throws CONFLICT when the action is not allowed in the payout's status. */
export function afterPayout(action: keyof typeof actions, status: PayoutStatus): PayoutStatus {
  const { from, to } = actions[action];
  if (!(from as readonly PayoutStatus[]).includes(status)) {
    throw conflict(`To ${action} a payout, its status must be ${from.join(' or ')}; it is ${status}.`);
  }
  return to;
}

/** Conflicts of interest: reasons why a caller must not approve a payout, whatever the caller's role. */
export const payoutHands = {
  OWN_PAYOUT: 'You created this payout, so another person must approve it.',
  OWN_PARTNER: 'You are a member of the partner that this payout pays, so another person must approve it.',
  OWN_ACCOUNT: 'You set the payout account of this payout, so another person must approve it.',
} as const;
export type PayoutHand = keyof typeof payoutHands;

/** Status of one attempt to send a payout. SENDING and UNKNOWN mean that money may have moved: ask the rail before sending. */
export const AttemptStatus = {
  SENDING: 'SENDING',
  UNKNOWN: 'UNKNOWN',
  SENT: 'SENT',
  CONFIRMED: 'CONFIRMED',
  FAILED: 'FAILED',
} as const;
export type AttemptStatus = (typeof AttemptStatus)[keyof typeof AttemptStatus];

/** After this number of finally refused attempts the commissions return to APPROVED. */
export const MAX_ATTEMPTS = 5;

/** Seconds until the rail is asked again: exponential with full jitter, 2 s to 10 min. `random` is in [0, 1). */
export function backoffSeconds(tries: number, random: number): number {
  const ceiling = Math.min(600, 2 ** Math.min(tries, 10));
  return 1 + Math.floor(random * ceiling);
}

/** Seconds until a temporarily refused payout is sent again with a new key: 5 minutes after the first attempt, four times as
 *  long after each further attempt, which leaves most of a day to fill a short balance. `random` is in [0, 1). */
export function refusedWaitSeconds(attempts: number, random: number): number {
  return Math.floor(300 * 4 ** (Math.max(1, attempts) - 1) * (1 + random * 0.5));
}

/** Next step for a key of which the rail has no trace. */
type NextStep =
  /** Send again: the same key pays at most once. */
  | 'SEND'
  /** Wait: the key must not be sent again, and a transfer may still appear. */
  | 'WAIT'
  /** Send with a new key: the old key never moved money and never will. */
  | 'NEW_KEY'
  /** The rail had acknowledged the key, so a person must check the payout. */
  | 'ASK_A_PERSON';

interface KeyAge {
  /** Seconds since the key was first used. */
  readonly ageSeconds: number;
  /** Seconds in which the same key pays at most once; null: without limit. */
  readonly lifetimeSeconds: number | null;
  /** Seconds after which no trace proves that there will never be a transfer. */
  readonly settleSeconds: number;
  /** True when the rail gave a reference for the key. */
  readonly acknowledged: boolean;
}

/** After the key's lifetime, a new key is allowed only when the rail had no trace for the whole settling time. */
export function afterNoTrace({ ageSeconds, lifetimeSeconds, settleSeconds, acknowledged }: KeyAge): NextStep {
  if (acknowledged) return 'ASK_A_PERSON';
  if (lifetimeSeconds === null || ageSeconds < lifetimeSeconds) return 'SEND';
  return ageSeconds < lifetimeSeconds + settleSeconds ? 'WAIT' : 'NEW_KEY';
}

/** Reasons why a balance is not paid. A run skips the balance and `createPayout` is refused with the same reason. The SQL function
 *  `payout_balances` chooses the reason, in this order. */
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

/** The status of a run after `action`. Throws CONFLICT when the action is not allowed in the run's status. */
export function afterRun(action: keyof typeof runActions, status: PayoutRunStatus): PayoutRunStatus {
  const { from, to } = runActions[action];
  if (!(from as readonly PayoutRunStatus[]).includes(status))
    throw conflict(`To ${action} a payout run, its status must be ${from.join(' or ')}; it is ${status}.`);
  return to;
}

/** Reasons why two people must approve a payout. */
export const SecondApproval = { ABOVE_LIMIT: 'ABOVE_LIMIT', NO_RATE: 'NO_RATE', SPLIT: 'SPLIT' } as const;
export type SecondApproval = (typeof SecondApproval)[keyof typeof SecondApproval];

/** Reasons why a payout is not approved or sent: changes since its creation. */
export const payoutBlocks = {
  NOT_ACTIVE: 'The partner is not ACTIVE.',
  PAYOUTS_HELD: 'The payouts of the partner are on hold.',
  NO_RAIL: 'No payment rail is set up for the payout method.',
  NO_ACCOUNT: 'The payout has no payout account. Cancel the payout and create a new one.',
  ACCOUNT_CHANGED:
    'The partner changed its payout account after the payout was created. Cancel the payout and create a new one.',
  ACCOUNT_COOLING_OFF: 'The payout account was changed within the last 72 hours. Try again later.',
  ACCOUNT_TO_CHECK:
    'A payment to the payout account was returned. The account must be confirmed with `confirmPayoutAccount` first.',
  BANK_DIFFERS:
    'The bank status contradicts our records. Two people must state the outcome with `resolvePayout` first.',
} as const;
export type PayoutBlock = keyof typeof payoutBlocks;

/** Texts for the reasons that make an approved payout wait. The partner reads them too. Other reasons make the payout fail. */
const KEPT_BACK: Partial<Record<PayoutBlock, string>> = {
  NOT_ACTIVE: 'The payout waits until the partner is ACTIVE again.',
  PAYOUTS_HELD: 'The payout waits: the payouts of the partner are on hold.',
  ACCOUNT_COOLING_OFF: 'The payout waits until the payout account was unchanged for 72 hours.',
  ACCOUNT_TO_CHECK:
    'The payout waits until the payout account is confirmed, because a payment to it was returned.',
};

/** The text why an approved payout waits; null when the payout continues. */
export const keptBack = (block: PayoutBlock | null): string | null => (block && KEPT_BACK[block]) ?? null;

/** Next step for a partner whose payout did not arrive; null when no step is required. */
export function nextStep(status: PayoutStatus, { released }: { readonly released: boolean }): string | null {
  switch (status) {
    case 'FAILED':
      return released
        ? 'The amount is owed to you again. Check and correct your payout account; the next payout includes the amount.'
        : 'Check your payout account and correct it if it is wrong. The payout will be retried or created again; the amount stays owed to you.';
    case 'RETURNED':
      return 'The payment was returned and the amount is owed to you again. Check and correct your payout account; the next payout includes the amount.';
    case 'CANCELED':
      return 'You do not need to do anything. The amount is owed to you again, and the next payout includes it.';
    default:
      return null;
  }
}
