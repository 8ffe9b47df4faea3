/** What other subjects and areas may import. */
export { linesPaidBy } from './payout-lines.ts';
export { faultyLines } from './verify-lines.ts';
export { faultySales, type Progress } from './verify-sales.ts';
