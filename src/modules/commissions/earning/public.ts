/** What other subjects and areas may import. */
export { earningOf } from './create-commission.ts';
export { count, type Earning, earn, type Refused, termColumns, trueUpOf, weigh } from './earn-commission.ts';
export { firstPurchase, inForceAt } from './read-terms.ts';
export { review, watched } from './watch-line.ts';
export { type NewLine, writeLines } from './write-lines.ts';
