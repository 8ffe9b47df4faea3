/** What other subjects and areas may import. */

export { attributionOf } from './attribution.loader.ts';
export { Attribution } from './attribution.type.ts';
export { keepPath, readPath, type Touched } from './attribution-path.ts';
export { isCustomer, isCustomerSql } from './self-referral.ts';
