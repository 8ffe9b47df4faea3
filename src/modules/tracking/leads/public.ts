/** What other subjects and areas may import. */
export { leadOfSale } from './manage-leads.ts';
