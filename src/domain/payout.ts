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

/** Every change of status that an action makes; the database refuses any other. */
export const payoutMoves = movesOf<PayoutStatus>(actions);

/** The status after `action` (DOMAIN section 4). Throws CONFLICT when the payout is not where the action starts. */
export function afterPayout(action: keyof typeof actions, status: PayoutStatus): PayoutStatus {
  const { from, to } = actions[action];
  if (!(from as readonly PayoutStatus[]).includes(status)) {
    throw conflict(`${action} needs a payout that is ${from.join(' or ')}; this one is ${status}`);
  }
  return to;
}

/** Why somebody does not let a payout go, whatever its role: four eyes are two people's. */
export const payoutHands = {
  OWN_PAYOUT: 'who created a payout may not approve it',
  OWN_PARTNER: 'who belongs to the partner may not approve its payout',
  OWN_ACCOUNT: 'who said where the money goes may not approve that it goes there',
} as const;
export type PayoutHand = keyof typeof payoutHands;

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

/** Seconds until what a rail refused for a while is sent again under a new key: 5 minutes after the first attempt, four times as
 *  long each further time, so that a balance that runs short has most of a day to be filled. `random` is in [0, 1). */
export function refusedWaitSeconds(attempts: number, random: number): number {
  return Math.floor(300 * 4 ** (Math.max(1, attempts) - 1) * (1 + random * 0.5));
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

/** Why a balance is not paid: what leaves a partner out of a run refuses a payout by hand. The database's
 *  `payout_balances` decides which, in this order. */
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

/** The status of a run after `action`. Throws CONFLICT when the run is not where the action starts. */
export function afterRun(action: keyof typeof runActions, status: PayoutRunStatus): PayoutRunStatus {
  const { from, to } = runActions[action];
  if (!(from as readonly PayoutRunStatus[]).includes(status))
    throw conflict(`${action} needs a run that is ${from.join(' or ')}; this one is ${status}`);
  return to;
}

/** Why two people must approve a payout. */
export const SecondApproval = { ABOVE_LIMIT: 'ABOVE_LIMIT', NO_RATE: 'NO_RATE', SPLIT: 'SPLIT' } as const;
export type SecondApproval = (typeof SecondApproval)[keyof typeof SecondApproval];

/** Why a payout that was made is not let go: what has changed since. */
export const payoutBlocks = {
  NOT_ACTIVE: 'the partner is not ACTIVE',
  PAYOUTS_HELD: 'payouts of the partner are held',
  NO_RAIL: 'no rail is set up that carries its method',
  NO_ACCOUNT: 'no account was noted when the payout was made: cancel it and make it anew',
  ACCOUNT_CHANGED: 'the partner has changed its account since: cancel the payout and make it anew',
  ACCOUNT_COOLING_OFF: 'the account of the partner was changed within the last 72 hours',
  ACCOUNT_TO_CHECK: 'money came back from the account of the partner, and nobody has confirmed it since',
  BANK_DIFFERS:
    'the bank says what contradicts us of its payment: two people settle that first, see resolvePayout',
} as const;
export type PayoutBlock = keyof typeof payoutBlocks;

/** What keeps an approved payout back until it is over, in words that the partner reads too; the rest makes it fail. */
const KEPT_BACK: Partial<Record<PayoutBlock, string>> = {
  NOT_ACTIVE: 'It waits until the partner is ACTIVE again.',
  PAYOUTS_HELD: 'It waits: payouts of the partner are held.',
  ACCOUNT_COOLING_OFF: 'It waits until the account was not changed for 72 hours.',
  ACCOUNT_TO_CHECK: 'It waits until somebody has confirmed the account, from which money came back.',
};

/** Why an approved payout stays where it is, for a while; null: it goes on. */
export const keptBack = (block: PayoutBlock | null): string | null => (block && KEPT_BACK[block]) ?? null;

/** What a partner can do about a payout that did not arrive; null where there is nothing to be done. */
export function nextStep(status: PayoutStatus, { released }: { readonly released: boolean }): string | null {
  switch (status) {
    case 'FAILED':
      return released
        ? 'The amount is owed to you again. Check the account that you are paid to and correct it; the next payout takes it along.'
        : 'Check the account that you are paid to and correct it if it is wrong. The payout is tried again or made anew; the amount stays owed to you.';
    case 'RETURNED':
      return 'The money came back to us, and is owed to you again. Check the account that you are paid to and correct it; the next payout takes it along.';
    case 'CANCELED':
      return 'There is nothing to do: what it held is owed to you again, and the next payout takes it along.';
    default:
      return null;
  }
}
