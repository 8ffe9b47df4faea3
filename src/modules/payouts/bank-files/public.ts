/** What other subjects and areas may import. */
export { importBankStatus } from './import-bank-status.ts';
