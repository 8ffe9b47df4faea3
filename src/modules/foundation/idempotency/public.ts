/** What other subjects and areas may import. */
export { once, type Repeatable, requestHash, resultOf } from './once.ts';
