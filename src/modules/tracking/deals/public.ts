/** What other subjects and areas may import. */
export { dealOfSale } from './manage-deals.ts';
