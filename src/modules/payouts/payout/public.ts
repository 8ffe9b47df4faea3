/** What other subjects and areas may import. */
export { flagForSecondApproval, lastBankStatus, whyNotSent } from './approvals.ts';
export { release, sendKey } from './change-payout.ts';

export { balances, payBalances, railSupportJson } from './pay-balances.ts';

export { Payout, payoutTable } from './payout.entity.ts';
export { RunPayoutsInput } from './payout.inputs.ts';
