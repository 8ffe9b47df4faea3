/** The exports for other subjects and areas. */
export { once, type Repeatable, requestHash, resultOf } from './once.ts';
