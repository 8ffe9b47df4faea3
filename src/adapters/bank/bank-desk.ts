import { getCountrySpecifications, isValidBIC, isValidIBAN } from 'ibantools';
import { ParseOption, XmlDocument, XsdValidator } from 'libxml2-wasm';
import { bankingDay, plusDays } from '../../domain/banking-days.ts';
import type { BankCredit, BankDesk, BankObjection } from '../../ports/bank-desk.ts';
import { latinText, unwritable } from '../latin-text.ts';
import { type AchSender, checkNacha, nacha, traceOf } from './nacha.ts';
import { type Debtor, OTHER_BATCH, pain001, SEPA_BATCH } from './pain-001.ts';
import { PAIN_001_SCHEMA } from './pain-001-schema.ts';
import { readInThread } from './read-in-thread.ts';

export interface BankSetup {
  /** null: ISO 20022 files are not set up. */
  readonly debtor: Debtor | null;
  /** null: the ACH network is not set up. */
  readonly ach: AchSender | null;
}

// Currencies of the countries whose accounts have an IBAN; a bank takes them from one account by one kind of file.
const IBAN_CURRENCIES = new Set(
  'AED ALL AZN BAM BHD BRL BYN CHF CRC CZK DKK DOP EGP EUR FOK GBP GEL GIP GTQ HUF ILS IQD ISK JOD KWD KZT LBP LYD MDL MKD MRU NOK OMR PKR PLN QAR RON RSD RUB SAR SDG SEK TND TRY UAH'.split(
    ' ',
  ),
);
const SEPA_MAXIMUM = 99_999_999_999n; // 999,999,999.99 euros, by the rulebook
const ACH_MAXIMUM = 9_999_999_999n; // ten digits of cents
const ACH_TOTAL = 999_999_999_999n; // twelve digits of cents
const PAIN_TOTAL = 10n ** 17n; // below 18 digits

const isSepa = ({ amount, country, details }: BankCredit): boolean =>
  amount.currency === 'EUR' && 'iban' in details && getCountrySpecifications()[country]?.SEPA === true;

const batchOf = (credit: BankCredit): number => (isSepa(credit) ? SEPA_BATCH : OTHER_BATCH);

/** Writes and reads the files of the company's bank: ISO 20022 and NACHA. */
export function bankDesk({ debtor, ach }: BankSetup): BankDesk {
  let schema: XsdValidator | null = null;

  function checkXml(text: string): void {
    schema ??= XsdValidator.fromDoc(XmlDocument.fromString(PAIN_001_SCHEMA));
    const document = XmlDocument.fromString(text, { option: ParseOption.XML_PARSE_NO_XXE });
    try {
      schema.validate(document);
    } finally {
      document.dispose();
    }
  }

  const desk: BankDesk = {
    currencySupport(currency) {
      if (currency === 'USD' && ach) return { step: 1n, minimum: 1n, maximum: ACH_MAXIMUM };
      if (!debtor || !IBAN_CURRENCIES.has(currency)) return null;
      return { step: 1n, minimum: 1n, maximum: currency === 'EUR' ? SEPA_MAXIMUM : null };
    },

    formatOf(currency, country) {
      if (currency === 'USD') return ach && country === 'US' ? 'NACHA' : null;
      return debtor && IBAN_CURRENCIES.has(currency) ? 'PAIN' : null;
    },

    objectionTo: (format, credit) =>
      nameless(credit) ?? (format === 'NACHA' ? unachable(credit) : unpainable(credit)),

    executeOn(format, now) {
      const tomorrow = plusDays(now.toISOString().slice(0, 10), 1);
      return bankingDay(tomorrow, format === 'NACHA' ? 'FEDERAL_RESERVE' : 'TARGET');
    },

    namesOf: (format, credit) =>
      format === 'NACHA'
        ? { batch: 1, trace: traceOf(needed(ach), credit) }
        : { batch: batchOf(credit), trace: null },

    largestTotal: (format) => (format === 'NACHA' ? ACH_TOTAL : PAIN_TOTAL),

    write(order) {
      const text =
        order.format === 'NACHA' ? nacha(order, needed(ach)) : pain001(order, needed(debtor), batchOf);
      desk.check(order.format, text);
      return text;
    },

    check: (format, text) => (format === 'NACHA' ? checkNacha(text) : checkXml(text)),

    read: readInThread,
  };
  return desk;
}

function needed<T>(part: T | null): T {
  if (part === null) throw new Error('the bank is not set up for this format');
  return part;
}

function nameless({ holderName }: BankCredit): BankObjection | null {
  if (latinText(holderName, 70) !== '') return null;
  const character = unwritable(holderName);
  return {
    code: 'holder_name_not_latin',
    reason: `The name of the account holder has ${
      character ? `the character "${character}", which banks do not accept` : 'no letter that banks accept'
    }. Set the payout account again, with the name in Latin letters.`,
  };
}

const WRONG_KIND = {
  code: 'account_not_payable',
  reason:
    'A bank transfer to the payout account is not possible in this currency. Set another payout account.',
};

function unachable({ details, country }: BankCredit): BankObjection | null {
  const { routingNumber, accountNumber }: Partial<BankCredit['details']> = details;
  const whole = /^\d{9}$/.test(routingNumber ?? '') && /^\d{4,17}$/.test(accountNumber ?? '');
  return country === 'US' && whole ? null : WRONG_KIND;
}

function unpainable({ details }: BankCredit): BankObjection | null {
  const { iban, bic, accountNumber, sortCode }: Partial<BankCredit['details']> = details;
  if (bic !== undefined && !isValidBIC(bic)) return WRONG_KIND;
  if (iban !== undefined) return isValidIBAN(iban) ? null : WRONG_KIND;
  return /^[A-Z0-9]{1,34}$/.test(accountNumber ?? '') && (bic || sortCode) ? null : WRONG_KIND;
}
