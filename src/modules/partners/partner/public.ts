/** What other subjects and areas may import. */
export { findPartner, holdPartner, lockPartner, partnerOwner, requireNotSuspended } from './find-partner.ts';
export { about, rememberTier } from './manage-partner.ts';
export { Partner, partnerTable } from './partner.entity.ts';
export { callsPerHourOf } from './partner.loader.ts';
