/** What other subjects and areas may import. */
export { companyDomainOf } from './company-domain.ts';
export { type Prospect, prospectOf, prospectState } from './prospect-state.ts';
