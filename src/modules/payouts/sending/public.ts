/** What other subjects and areas may import. */
export { lookUpKey, sendPayout } from './send-payout.ts';
