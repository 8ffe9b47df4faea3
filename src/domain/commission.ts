import { conflict } from './errors.ts';
import { divide, type Money, money, type RoundingMode, share } from './money.ts';
import { movesOf } from './moves.ts';

/** ALLOCATED and PAID are not stored: they follow from the payout to which the commission is allocated (see
 *  `payout_items`). */
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

/** Category of the reason for a rejection, for statistics. */
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

/** Effect of a partial refund on a flat commission: PROPORTIONAL reverses a share, ALL_OR_NOTHING reverses only with a full
 *  refund. */
export const FlatRefund = { PROPORTIONAL: 'PROPORTIONAL', ALL_OR_NOTHING: 'ALL_OR_NOTHING' } as const;
export type FlatRefund = (typeof FlatRefund)[keyof typeof FlatRefund];

/** Currency in which a commission is owed: the currency of the sale or of the partner. */
export const Settlement = { SALE: 'SALE', PARTNER: 'PARTNER' } as const;
export type Settlement = (typeof Settlement)[keyof typeof Settlement];

const actions = {
  hold: { from: ['PENDING', 'HELD'], to: 'HELD' },
  resume: { from: ['HELD'], to: 'PENDING' }, // after the release of the last hold
  approve: { from: ['PENDING'], to: 'APPROVED' },
  reject: { from: ['PENDING', 'HELD', 'APPROVED'], to: 'REJECTED' },
  reverse: { from: ['PENDING', 'HELD', 'APPROVED'], to: 'REVERSED' },
  allocate: { from: ['APPROVED'], to: 'ALLOCATED' },
  release: { from: ['ALLOCATED', 'PAID'], to: 'APPROVED' }, // a payout was canceled, failed finally, or was returned
  pay: { from: ['ALLOCATED'], to: 'PAID' },
} as const satisfies Record<string, { from: readonly CommissionStatus[]; to: CommissionStatus }>;

export type CommissionAction = keyof typeof actions;

const derived: readonly CommissionStatus[] = ['ALLOCATED', 'PAID']; // they follow from the payout and are never stored

/** All changes of a stored status. The database refuses any other change. */
export const commissionMoves = movesOf<CommissionStatus>(actions).filter(
  ({ from, to }) => !derived.includes(from) && !derived.includes(to),
);

/** Returns the status after `action`. Throws CONFLICT when the action does not start at `status`. See
 *  docs/concepts/commissions.md. */
export function after(action: CommissionAction, status: CommissionStatus): CommissionStatus {
  const { from, to } = actions[action];
  if (!(from as readonly CommissionStatus[]).includes(status)) {
    throw conflict(
      `This commission is ${status}, but "${action}" requires a commission that is ${from.join(' or ')}.`,
    );
  }
  return to;
}

/** Terms of one commission: a percentage of the base, or an amount per unit. */
export type CommissionTerms =
  | { readonly method: 'PERCENTAGE'; readonly rateBps: number }
  | { readonly method: 'FLAT'; readonly perUnit: Money; readonly quantity: number };

export function commissionOn(base: Money, terms: CommissionTerms, mode: RoundingMode): Money {
  return terms.method === 'PERCENTAGE'
    ? share(base, terms.rateBps, mode)
    : money(terms.perUnit.minor * BigInt(terms.quantity), terms.perUnit.currency);
}

/** Returns the commission base: collected revenue, net of tax and discount. A part paid by credit reduces the net base in
 *  proportion. */
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

/** Returns the rate: the rate given with the sale, else the partner's, else the rate of the partner's tier at the time of
 *  the sale. */
export const rateInForce = (line: number | null, partner: number | null, tier: number): number =>
  line ?? partner ?? tier;

export interface Refund {
  readonly base: bigint;
  readonly original: bigint;
  /** Refunded part of the base so far, this refund included. */
  readonly refunded: bigint;
  /** Sum of the reversals so far: zero or negative for a positive original. */
  readonly reversed: bigint;
  readonly method: CommissionMethod;
  readonly flatRefund: FlatRefund;
  readonly mode: RoundingMode;
}

/** Returns the amount of the next reversal. It follows from the cumulative refund, so repeated refunds add nothing and
 *  their order does not matter. */
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
