import type { Money } from './money.ts';

/** A posting moves money from one account to another, so a ledger of postings is always balanced. */
export interface Posting {
  readonly from: string;
  readonly to: string;
  readonly amount: Money;
}

export const account = {
  commissionExpense: 'program:commission-expense',
  payable: (partnerId: string) => `partner:${partnerId}:payable`,
  /** Approved commissions that wait for the outcome of a dispute. The database posts them, at each hold and each release. */
  held: (partnerId: string) => `partner:${partnerId}:held`,
  inTransit: (partnerId: string) => `partner:${partnerId}:in-transit`,
  paid: (partnerId: string) => `partner:${partnerId}:paid`,
} as const;

/** Returns a posting of a positive amount. A negative amount moves in the opposite direction. */
function move(from: string, to: string, { minor, currency }: Money): Posting {
  return minor < 0n
    ? { from: to, to: from, amount: { minor: -minor, currency } }
    : { from, to, amount: { minor, currency } };
}

/** An approved commission is owed. A negative commission reduces the amount owed. */
export const commissionAccrued = (partnerId: string, amount: Money): Posting =>
  move(account.commissionExpense, account.payable(partnerId), amount);

/** The opposite of an accrual: an approved commission was rejected. */
export const commissionWithdrawn = (partnerId: string, amount: Money): Posting =>
  move(account.payable(partnerId), account.commissionExpense, amount);

export const payoutSent = (partnerId: string, amount: Money): Posting =>
  move(account.payable(partnerId), account.inTransit(partnerId), amount);

export const payoutSettled = (partnerId: string, amount: Money): Posting =>
  move(account.inTransit(partnerId), account.paid(partnerId), amount);

/** The opposite of sending: the payment failed. */
export const payoutFailed = (partnerId: string, amount: Money): Posting =>
  move(account.inTransit(partnerId), account.payable(partnerId), amount);

/** The opposite of settlement: the money was returned. */
export const payoutReturned = (partnerId: string, amount: Money): Posting =>
  move(account.paid(partnerId), account.payable(partnerId), amount);
