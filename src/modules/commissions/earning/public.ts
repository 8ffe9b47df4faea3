/** What other subjects and areas may import. */
export { earningOf } from './create-commission.ts';
export { count, type Earning, earn, type Refused, termColumns, trueUpOf, weigh } from './earn-commission.ts';
export { insertCommissions, type NewLine } from './insert-commissions.ts';
export { firstPurchase, loadInForce } from './read-terms.ts';
export { assessedSale, review } from './review-sale.ts';
