/** What other subjects and areas may import. */
export { earningOf } from './create-commission.ts';
export { type Earning, earn, limitOf, type Refused, termColumns, weigh } from './earn-commission.ts';
export { firstPurchase, loadInForce, loadInForceOf } from './read-terms.ts';
