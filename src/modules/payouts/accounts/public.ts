/** What other subjects and areas may import. */
export { accountToPay, askToCheck, loadDestination, wakePayouts } from './manage-payout-account.ts';
export { PayoutAccount, payoutAccountTable } from './payout-account.entity.ts';
