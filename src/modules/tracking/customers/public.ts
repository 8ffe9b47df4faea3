/** What other subjects and areas may import. */
export { Customer, customerTable } from './customer.entity.ts';
export { seeCustomer } from './see-customer.ts';
