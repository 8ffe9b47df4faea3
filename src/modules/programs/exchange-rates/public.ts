/** What other subjects and areas may import. */
export { MAX_AGE_DAYS, rateOfItsDay, rateOn, ratesInForce } from './find-rate.ts';
