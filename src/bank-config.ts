import { electronicFormatIBAN, isValidBIC, isValidIBAN } from 'ibantools';
import type { BankSetup } from './adapters/bank/bank-desk.ts';
import { isRoutingNumber } from './domain/bank-account.ts';
import { bankText } from './domain/bank-text.ts';

const DEBTOR = ['BANK_DEBTOR_NAME', 'BANK_DEBTOR_IBAN', 'BANK_DEBTOR_BIC', 'BANK_DEBTOR_COUNTRY'] as const;
const ACH = [
  ...(['BANK_ACH_IMMEDIATE_DESTINATION', 'BANK_ACH_IMMEDIATE_ORIGIN', 'BANK_ACH_COMPANY_NAME'] as const),
  ...(['BANK_ACH_COMPANY_ID', 'BANK_ACH_ODFI_ROUTING'] as const),
];

/** The company's own accounts; null where none is set. Half of a set is refused, each missing variable by its name. */
export function readBank(env: NodeJS.ProcessEnv, faults: string[]): BankSetup | null {
  const whole = (names: readonly string[], others: readonly string[], what: string): boolean => {
    if (![...names, ...others].some((name) => env[name])) return false;
    const missing = names.filter((name) => !env[name]);
    for (const name of missing) faults.push(`${name} is missing: ${what} needs it.`);
    return missing.length === 0;
  };
  const set = (name: string) => env[name] ?? '';
  const must = (name: string, valid: boolean, words: string) => {
    if (!valid) faults.push(`${name} must be ${words}.`);
  };
  const debtor = whole(DEBTOR, ['BANK_DEBTOR_TOWN'], 'paying by ISO 20022');
  const ach = whole(ACH, ['BANK_ACH_ENTRY_CLASS'], 'paying by ACH');
  const entryClass = env['BANK_ACH_ENTRY_CLASS'] || 'CCD';
  const bic = set('BANK_DEBTOR_BIC').replace(/\s/g, '').toUpperCase();
  if (debtor) {
    must('BANK_DEBTOR_NAME', bankText(set('BANK_DEBTOR_NAME'), 70) !== '', 'a name with Latin letters');
    must('BANK_DEBTOR_IBAN', isValidIBAN(electronicFormatIBAN(set('BANK_DEBTOR_IBAN')) ?? ''), 'an IBAN');
    must('BANK_DEBTOR_BIC', isValidBIC(bic), 'a BIC');
    must('BANK_DEBTOR_COUNTRY', /^[A-Z]{2}$/.test(set('BANK_DEBTOR_COUNTRY')), 'an ISO 3166 code such as DE');
    const town = env['BANK_DEBTOR_TOWN'];
    if (town) must('BANK_DEBTOR_TOWN', bankText(town, 35) !== '', 'a name with Latin letters');
  }
  if (ach) {
    for (const name of ['BANK_ACH_IMMEDIATE_DESTINATION', 'BANK_ACH_ODFI_ROUTING'])
      must(name, isRoutingNumber(set(name)), 'an ABA routing number');
    must(
      'BANK_ACH_IMMEDIATE_ORIGIN',
      /^[A-Z0-9]{9,10}$/.test(set('BANK_ACH_IMMEDIATE_ORIGIN')),
      'the 9 or 10 characters that the bank gave',
    );
    must(
      'BANK_ACH_COMPANY_ID',
      /^[A-Z0-9]{9,10}$/.test(set('BANK_ACH_COMPANY_ID')),
      'the 9 or 10 characters that the bank gave',
    );
    must(
      'BANK_ACH_COMPANY_NAME',
      bankText(set('BANK_ACH_COMPANY_NAME'), 16) !== '',
      'a name with Latin letters',
    );
    must('BANK_ACH_ENTRY_CLASS', ['CCD', 'PPD'].includes(entryClass), 'CCD or PPD');
  }
  if (!debtor && !ach) return null;
  return {
    debtor: debtor
      ? {
          name: set('BANK_DEBTOR_NAME'),
          iban: electronicFormatIBAN(set('BANK_DEBTOR_IBAN')) ?? '',
          bic,
          country: set('BANK_DEBTOR_COUNTRY'),
          town: env['BANK_DEBTOR_TOWN'] || null,
        }
      : null,
    ach: ach
      ? {
          immediateDestination: set('BANK_ACH_IMMEDIATE_DESTINATION'),
          immediateOrigin: set('BANK_ACH_IMMEDIATE_ORIGIN'),
          companyName: set('BANK_ACH_COMPANY_NAME'),
          companyId: set('BANK_ACH_COMPANY_ID'),
          odfiRouting: set('BANK_ACH_ODFI_ROUTING'),
          entryClass: entryClass as 'CCD' | 'PPD',
        }
      : null,
  };
}
