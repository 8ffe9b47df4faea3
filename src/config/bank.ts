import anyAscii from 'any-ascii';
import { electronicFormatIBAN, isValidBIC, isValidIBAN } from 'ibantools';
import { isRoutingNumber } from '../domain/bank-account.ts';
import { bankText } from '../domain/bank-text.ts';
import { notACountry } from '../domain/country.ts';
import { oneOf, text } from './fields.ts';
import { allOrNone, section, variable } from './section.ts';

const name = (length: number) =>
  text().refine((value) => bankText(value, length, anyAscii) !== '', 'must be a name with Latin letters.');
const routingNumber = () => text().refine(isRoutingNumber, 'must be an ABA routing number.');
const givenByBank = () =>
  text().regex(/^[A-Z0-9]{9,10}$/, 'must be the 9 or 10 characters that the bank gave.');

const DEBTOR = ['BANK_DEBTOR_NAME', 'BANK_DEBTOR_IBAN', 'BANK_DEBTOR_BIC', 'BANK_DEBTOR_COUNTRY'];
const ACH = [
  'BANK_ACH_IMMEDIATE_DESTINATION',
  'BANK_ACH_IMMEDIATE_ORIGIN',
  'BANK_ACH_COMPANY_NAME',
  'BANK_ACH_COMPANY_ID',
  'BANK_ACH_ODFI_ROUTING',
];

export const bank = section({
  title: 'Bank transfers by files',
  about:
    'The `BANK_DEBTOR_` variables turn on pain.001 files, for currencies of countries with IBANs. The `BANK_ACH_` variables turn on NACHA files, for US dollars to accounts in the US.',
  variables: () => ({
    BANK_DEBTOR_NAME: variable(name(70).optional(), {
      description: 'Name of the company, as its bank has it.',
      example: 'Example GmbH',
    }),
    BANK_DEBTOR_IBAN: variable(
      text()
        .transform((value) => electronicFormatIBAN(value) ?? '')
        .refine((iban) => isValidIBAN(iban), 'must be an IBAN.')
        .optional(),
      { description: 'IBAN of the account that pays.', example: 'DE89370400440532013000' },
    ),
    BANK_DEBTOR_BIC: variable(
      text()
        .transform((value) => value.replace(/\s/g, '').toUpperCase())
        .refine((bic) => isValidBIC(bic), 'must be a BIC.')
        .optional(),
      { description: 'BIC of its bank.', example: 'COBADEFFXXX' },
    ),
    BANK_DEBTOR_COUNTRY: variable(
      text()
        .superRefine((code, { addIssue }) => {
          const reason = notACountry(code);
          if (reason !== null) addIssue(`${reason}.`);
        })
        .optional(),
      { description: 'Country of the company, as ISO 3166 code.', example: 'DE' },
    ),
    BANK_DEBTOR_TOWN: variable(name(35).optional(), {
      description: 'Town of the company, where the bank asks for an address.',
      example: 'Berlin',
    }),
    BANK_ACH_IMMEDIATE_DESTINATION: variable(routingNumber().optional(), {
      description: 'Routing number of the bank that takes the file.',
      example: '021000021',
    }),
    BANK_ACH_IMMEDIATE_ORIGIN: variable(givenByBank().optional(), {
      description: 'Immediate origin, as the bank gave it.',
      example: '1234567890',
    }),
    BANK_ACH_COMPANY_NAME: variable(name(16).optional(), {
      description: 'Name of the company in the file.',
      example: 'Example Inc',
    }),
    BANK_ACH_COMPANY_ID: variable(givenByBank().optional(), {
      description: 'Company identification, as the bank gave it.',
      example: '1234567890',
    }),
    BANK_ACH_ODFI_ROUTING: variable(routingNumber().optional(), {
      description: 'Routing number of the bank that sends the payments.',
      example: '021000021',
    }),
    BANK_ACH_ENTRY_CLASS: variable(oneOf(['CCD', 'PPD']).prefault('CCD'), {
      description: '`CCD` pays accounts of companies, `PPD` accounts of persons.',
    }),
  }),
  rules: [
    allOrNone(DEBTOR, { others: ['BANK_DEBTOR_TOWN'], purpose: 'paying by ISO 20022' }),
    allOrNone(ACH, { purpose: 'paying by ACH' }),
  ],
  value(set) {
    const { BANK_DEBTOR_NAME: name, BANK_DEBTOR_IBAN: iban, BANK_DEBTOR_BIC: bic } = set;
    const { BANK_DEBTOR_COUNTRY: country, BANK_DEBTOR_TOWN: town = null } = set;
    const debtor = name && iban && bic && country ? { name, iban, bic, country, town } : null;
    const { BANK_ACH_IMMEDIATE_DESTINATION: destination, BANK_ACH_IMMEDIATE_ORIGIN: origin } = set;
    const { BANK_ACH_COMPANY_NAME: companyName, BANK_ACH_COMPANY_ID: companyId } = set;
    const { BANK_ACH_ODFI_ROUTING: odfiRouting, BANK_ACH_ENTRY_CLASS: entryClass } = set;
    const ach =
      destination && origin && companyName && companyId && odfiRouting
        ? {
            immediateDestination: destination,
            immediateOrigin: origin,
            companyName,
            companyId,
            odfiRouting,
            entryClass,
          }
        : null;
    return { bank: debtor || ach ? { debtor, ach } : null };
  },
});
