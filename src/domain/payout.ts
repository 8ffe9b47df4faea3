import { conflict, forbidden } from './errors.ts';

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

/** The status after `action` (DOMAIN section 4). Throws CONFLICT when the payout is not where the action starts. */
export function afterPayout(action: keyof typeof actions, status: PayoutStatus): PayoutStatus {
  const { from, to } = actions[action];
  if (!(from as readonly PayoutStatus[]).includes(status)) {
    throw conflict(`${action} needs a payout that is ${from.join(' or ')}; this one is ${status}`);
  }
  return to;
}

export function refuseOwnPayout(createdBy: string, approver: string): void {
  if (createdBy === approver) throw forbidden('who created a payout may not approve it');
}

/** One try to send a payout. SENDING and UNKNOWN mean that money may have moved: ask the rail before sending. */
export const AttemptStatus = {
  SENDING: 'SENDING',
  UNKNOWN: 'UNKNOWN',
  SENT: 'SENT',
  CONFIRMED: 'CONFIRMED',
  FAILED: 'FAILED',
} as const;
export type AttemptStatus = (typeof AttemptStatus)[keyof typeof AttemptStatus];

/** After so many attempts that the rail refused for good, the lines go back to APPROVED. */
export const MAX_ATTEMPTS = 5;

/** Seconds until the rail is asked again: exponential with full jitter, 2 s to 10 min. `random` is in [0, 1). */
export function backoffSeconds(tries: number, random: number): number {
  const ceiling = Math.min(600, 2 ** Math.min(tries, 10));
  return 1 + Math.floor(random * ceiling);
}

/** What is done about a key that the rail has no trace of. */
type NextStep =
  /** Send it: the same key pays at most once. */
  | 'SEND'
  /** Nothing is sent under it any more, and it may still show up. */
  | 'WAIT'
  /** It never moved money and never will. */
  | 'NEW_KEY'
  /** The rail had acknowledged it: somebody has to look. */
  | 'ASK_A_PERSON';

interface KeyAge {
  /** Seconds since the key was first used. */
  readonly ageSeconds: number;
  /** Seconds in which the same key pays at most once; null: for ever. */
  readonly lifetimeSeconds: number | null;
  /** Seconds after which no trace means that there never will be one. */
  readonly settleSeconds: number;
  /** The rail gave a reference for it. */
  readonly acknowledged: boolean;
}

/** A late retry is never sent blindly: past the lifetime only silence for the whole settling time allows a new key. */
export function afterNoTrace({ ageSeconds, lifetimeSeconds, settleSeconds, acknowledged }: KeyAge): NextStep {
  if (acknowledged) return 'ASK_A_PERSON';
  if (lifetimeSeconds === null || ageSeconds < lifetimeSeconds) return 'SEND';
  return ageSeconds < lifetimeSeconds + settleSeconds ? 'WAIT' : 'NEW_KEY';
}

export const SkipReason = {
  NOTHING_TO_PAY: 'NOTHING_TO_PAY',
  NOT_POSITIVE: 'NOT_POSITIVE',
  BELOW_MINIMUM: 'BELOW_MINIMUM',
  NO_PAYOUT_METHOD: 'NO_PAYOUT_METHOD',
  NOT_ACTIVE: 'NOT_ACTIVE',
} as const;
export type SkipReason = (typeof SkipReason)[keyof typeof SkipReason];

/** Why a balance is not paid, or null when it is. The minimum is inclusive (DOMAIN section 4). */
export function whyNotPaid(lines: number, amount: bigint, minimum: bigint): SkipReason | null {
  if (lines === 0) return 'NOTHING_TO_PAY';
  if (amount <= 0n) return 'NOT_POSITIVE';
  if (amount < minimum) return 'BELOW_MINIMUM';
  return null;
}
