/** What other subjects and areas may import. */
export { findValidCoupon } from './manage-coupons.ts';
