import { bankDesk } from '../../src/adapters/bank/bank-desk.ts';
import { readConfig } from '../../src/config/config.ts';

/** The environment of a company with an account in France and one in the US. */
export const BANK = {
  BANK_DEBTOR_NAME: 'Example GmbH',
  BANK_DEBTOR_IBAN: 'FR1420041010050500013M02606',
  BANK_DEBTOR_BIC: 'BNPAFRPP',
  BANK_DEBTOR_COUNTRY: 'FR',
  BANK_ACH_IMMEDIATE_DESTINATION: '231380104',
  BANK_ACH_IMMEDIATE_ORIGIN: '121042882',
  BANK_ACH_COMPANY_NAME: 'Example Inc',
  BANK_ACH_COMPANY_ID: '121042882',
  BANK_ACH_ODFI_ROUTING: '121042882',
};

const { bank: setup } = readConfig({ ...BANK, JWT_SECRET: 'unused' });

/** Files can be made in every test; only where the environment says so does BANK_TRANSFER go by them. */
export const testBank = setup && bankDesk(setup);
