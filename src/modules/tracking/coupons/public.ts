/** What other subjects and areas may import. */
export { redeemCoupon } from './manage-coupons.ts';
