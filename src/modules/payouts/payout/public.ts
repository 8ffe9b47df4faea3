/** The exports for other subjects and areas. */
export { flagForSecondApproval, lastBankStatus, whyNotSent } from './approvals.ts';
export { approvePayouts, type ConflictOfInterest } from './approve-payout.ts';
export { enqueueSend, release } from './change-payout.ts';
export { balances, payBalances } from './pay-balances.ts';
export { Payout, payoutTable } from './payout.entity.ts';
export { RunPayoutsInput } from './payout.inputs.ts';
