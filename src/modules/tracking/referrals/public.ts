/** What other subjects and areas may import. */
export {
  type ClaimedReferral,
  claimBeforeClicks,
  lockCustomer,
  openReferral,
  referralOfSale,
} from './claim-referral.ts';
export { Conversion } from './conversion.entity.ts';
export { followLink } from './follow-link.ts';
export { Referral, referralTable } from './referral.entity.ts';
export { reportConversion } from './report-conversion.ts';
