import type { Money } from './money.ts';

/** Money leaves one account and reaches another, so a ledger of postings cannot be out of balance. */
export interface Posting {
  readonly from: string;
  readonly to: string;
  readonly amount: Money;
}

export const account = {
  commissionExpense: 'program:commission-expense',
  payable: (partnerId: string) => `partner:${partnerId}:payable`,
  inTransit: (partnerId: string) => `partner:${partnerId}:in-transit`,
  paid: (partnerId: string) => `partner:${partnerId}:paid`,
} as const;

/** A posting moves a positive amount; a negative one moves the other way. */
function move(from: string, to: string, { minor, currency }: Money): Posting {
  return minor < 0n
    ? { from: to, to: from, amount: { minor: -minor, currency } }
    : { from, to, amount: { minor, currency } };
}

/** An approved line is owed; a negative line lowers what is owed. */
export const commissionAccrued = (partnerId: string, amount: Money): Posting =>
  move(account.commissionExpense, account.payable(partnerId), amount);

/** The mirror of an accrual: an approved line was rejected. */
export const commissionWithdrawn = (partnerId: string, amount: Money): Posting =>
  move(account.payable(partnerId), account.commissionExpense, amount);

export const payoutSent = (partnerId: string, amount: Money): Posting =>
  move(account.payable(partnerId), account.inTransit(partnerId), amount);

export const payoutSettled = (partnerId: string, amount: Money): Posting =>
  move(account.inTransit(partnerId), account.paid(partnerId), amount);

/** The mirror of sending: the rail refused. */
export const payoutFailed = (partnerId: string, amount: Money): Posting =>
  move(account.inTransit(partnerId), account.payable(partnerId), amount);

/** The mirror of settlement: the money came back. */
export const payoutReturned = (partnerId: string, amount: Money): Posting =>
  move(account.paid(partnerId), account.payable(partnerId), amount);
