/** What other subjects and areas may import. */
export { continueRun } from './run-payouts.ts';
