import { conflict, forbidden } from './errors.ts';
import { divide, type Money, money, type RoundingMode, share } from './money.ts';
import { movesOf } from './moves.ts';

/** ALLOCATED and PAID are not stored: the payout that claimed a line decides them (see `payout_items`). */
export const CommissionStatus = {
  PENDING: 'PENDING',
  HELD: 'HELD',
  APPROVED: 'APPROVED',
  ALLOCATED: 'ALLOCATED',
  PAID: 'PAID',
  REJECTED: 'REJECTED',
  REVERSED: 'REVERSED',
} as const;
export type CommissionStatus = (typeof CommissionStatus)[keyof typeof CommissionStatus];

export const CommissionType = {
  SIGNUP: 'SIGNUP',
  RECURRING: 'RECURRING',
  RENEWAL: 'RENEWAL',
  UPGRADE: 'UPGRADE',
  ONE_TIME: 'ONE_TIME',
  BONUS: 'BONUS',
  TRUE_UP: 'TRUE_UP',
  ADJUSTMENT: 'ADJUSTMENT',
  REVERSAL: 'REVERSAL',
} as const;
export type CommissionType = (typeof CommissionType)[keyof typeof CommissionType];

/** Why a reviewer refused a line, for programs that count it. */
export const RejectCode = {
  DUPLICATE: 'DUPLICATE',
  FRAUD: 'FRAUD',
  NOT_ELIGIBLE: 'NOT_ELIGIBLE',
  TERMS: 'TERMS',
  OTHER: 'OTHER',
} as const;
export type RejectCode = (typeof RejectCode)[keyof typeof RejectCode];

export const CommissionMethod = { PERCENTAGE: 'PERCENTAGE', FLAT: 'FLAT', TIERED: 'TIERED' } as const;
export type CommissionMethod = (typeof CommissionMethod)[keyof typeof CommissionMethod];

/** What a partial refund does to a flat commission: a share of it, or nothing until the refund is whole. */
export const FlatRefund = { PROPORTIONAL: 'PROPORTIONAL', ALL_OR_NOTHING: 'ALL_OR_NOTHING' } as const;
export type FlatRefund = (typeof FlatRefund)[keyof typeof FlatRefund];

/** In which currency a line is owed: that of its sale, or the partner's. */
export const Settlement = { SALE: 'SALE', PARTNER: 'PARTNER' } as const;
export type Settlement = (typeof Settlement)[keyof typeof Settlement];

const actions = {
  hold: { from: ['PENDING', 'HELD'], to: 'HELD' },
  resume: { from: ['HELD'], to: 'PENDING' }, // the last hold on it released
  approve: { from: ['PENDING'], to: 'APPROVED' },
  reject: { from: ['PENDING', 'HELD', 'APPROVED'], to: 'REJECTED' },
  reverse: { from: ['PENDING', 'HELD', 'APPROVED'], to: 'REVERSED' },
  allocate: { from: ['APPROVED'], to: 'ALLOCATED' },
  release: { from: ['ALLOCATED', 'PAID'], to: 'APPROVED' }, // a payout canceled, failed for good, or returned
  pay: { from: ['ALLOCATED'], to: 'PAID' },
} as const satisfies Record<string, { from: readonly CommissionStatus[]; to: CommissionStatus }>;

export type CommissionAction = keyof typeof actions;

const derived: readonly CommissionStatus[] = ['ALLOCATED', 'PAID']; // read from the payout, never stored

/** Every change of a stored status; the database refuses any other. */
export const commissionMoves = movesOf<CommissionStatus>(actions).filter(
  ({ from, to }) => !derived.includes(from) && !derived.includes(to),
);

/** The status after `action` (DOMAIN section 2). Throws CONFLICT when the line is not where the action starts. */
export function after(action: CommissionAction, status: CommissionStatus): CommissionStatus {
  const { from, to } = actions[action];
  if (!(from as readonly CommissionStatus[]).includes(status)) {
    throw conflict(`${action} needs a commission that is ${from.join(' or ')}; this one is ${status}`);
  }
  return to;
}

export function refuseOwnLine(
  createdBy: string | null,
  approver: string,
  what: 'approve' | 'review' = 'approve',
): void {
  if (createdBy !== null && createdBy === approver) {
    throw forbidden(`who made a commission or told of its sale may not ${what} it`);
  }
}

/** How one line is computed: a percentage of its base, or an amount per unit. */
export type CommissionTerms =
  | { readonly method: 'PERCENTAGE'; readonly rateBps: number }
  | { readonly method: 'FLAT'; readonly perUnit: Money; readonly quantity: number };

export function commissionOn(base: Money, terms: CommissionTerms, mode: RoundingMode): Money {
  return terms.method === 'PERCENTAGE'
    ? share(base, terms.rateBps, mode)
    : money(terms.perUnit.minor * BigInt(terms.quantity), terms.perUnit.currency);
}

/** Revenue collected, net of tax and discount; a part paid by credit scales the net base (DOMAIN M5). */
export function commissionBase(sale: {
  readonly subtotal: bigint;
  readonly discount: bigint;
  readonly tax: bigint;
  readonly collected: bigint;
}): bigint {
  const net = sale.subtotal - sale.discount;
  const total = net + sale.tax;
  return sale.collected === total ? net : divide(net * sale.collected, total);
}

/** The rate in force: line, then partner, then the tier that the partner had when the sale happened. */
export const rateInForce = (line: number | null, partner: number | null, tier: number): number =>
  line ?? partner ?? tier;

export interface Refund {
  readonly base: bigint;
  readonly original: bigint;
  /** Everything refunded of the base so far, this refund included. */
  readonly refunded: bigint;
  /** Sum of the reversal lines so far: zero or negative for a positive original. */
  readonly reversed: bigint;
  readonly method: CommissionMethod;
  readonly flatRefund: FlatRefund;
  readonly mode: RoundingMode;
}

/** The next reversal line, from the cumulative refund, so that replays add nothing and order does not matter. */
export function reversalDue({
  base,
  original,
  refunded,
  reversed,
  method,
  flatRefund,
  mode,
}: Refund): bigint {
  const clamped = refunded > base ? base : refunded < 0n ? 0n : refunded;
  const whole = clamped === base;
  const target =
    base === 0n || whole
      ? whole
        ? original
        : 0n
      : method === 'FLAT' && flatRefund === 'ALL_OR_NOTHING'
        ? 0n
        : divide(original * clamped, base, mode);
  return -target - reversed;
}
