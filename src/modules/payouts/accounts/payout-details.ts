import { electronicFormatIBAN, getCountrySpecifications, isValidBIC, isValidIBAN } from 'ibantools';
import {
  type BankAccountType,
  isIfsc,
  isRoutingNumber,
  isSortCode,
  lastFour,
} from '../../../domain/bank-account.ts';
import { invalid } from '../../../domain/errors.ts';
import { type PayoutMethod, payoutMethods } from '../../../domain/payout.ts';
import { emailOf } from '../../../kernel/request/email.ts';
import type { Payee } from '../../../ports/payee-enrolment.ts';
import type { SetPayoutAccountInput } from './payout-account.inputs.ts';

type DetailField = (typeof payoutMethods)[PayoutMethod]['accountFields'][number];

/** The details that a rail requires to pay to an account. */
export type PayoutDetails = Readonly<Partial<Record<DetailField, string>>>;

type AccountInput = Pick<
  SetPayoutAccountInput,
  'method' | 'country' | 'currency' | 'accountType' | DetailField
>;

interface AccountGiven {
  readonly details: PayoutDetails;
  readonly lastFour: string;
  /** The same text for the same account, independent of its spelling. */
  readonly identity: string;
  /** null: not an account at a bank of the USA. */
  readonly accountType: BankAccountType | null;
  /** The account for which the rail gives a token; null when `details` are stored themselves. */
  readonly enrol: Payee['account'] | null;
}

type Details = Omit<AccountGiven, 'accountType'>;

/** The account in its normal form. An error names the field and never repeats the input. */
export function accountGiven(input: AccountInput): AccountGiven {
  const given = detailsGiven(input);
  const typed = 'routingNumber' in given.details;
  if (input.accountType != null && !typed)
    throw invalid('input.accountType', 'must be empty, except for an account at a bank of the USA');
  return { ...given, accountType: typed ? (input.accountType ?? 'CHECKING') : null };
}

function detailsGiven(input: AccountInput): Details {
  const allowed: readonly string[] = payoutMethods[input.method].accountFields;
  for (const field of Object.values(payoutMethods).flatMap(({ accountFields }) => accountFields))
    if (input[field] != null && !allowed.includes(field))
      throw invalid(`input.${field}`, `must be empty for ${input.method}`);
  switch (input.method) {
    case 'BANK_TRANSFER':
      return bankAccount(input);
    case 'PAYPAL': {
      const paypalEmail = needed(
        input,
        'paypalEmail',
        (text) => emailOf(text) === text,
        'must be an e-mail address',
      ).toLowerCase();
      return {
        details: { paypalEmail },
        lastFour: lastFour(paypalEmail.slice(0, paypalEmail.lastIndexOf('@'))),
        identity: `paypal ${paypalEmail}`,
        enrol: null,
      };
    }
    case 'STRIPE': {
      const pattern = /^acct_[A-Za-z0-9]{8,60}$/;
      return token(
        'stripeAccount',
        needed(input, 'stripeAccount', pattern, 'must be a Stripe account, acct_...'),
      );
    }
    case 'RAZORPAY':
      return razorpayAccount(input);
  }
}

/** An existing fund account, or the details for a new one. */
function razorpayAccount(input: AccountInput): Details {
  const only = (...fields: readonly DetailField[]) =>
    onlyOf(payoutMethods.RAZORPAY.accountFields, input, fields);
  if (input.upiAddress != null) {
    only('upiAddress');
    const pattern = /^[a-z0-9._-]{2,100}@[a-z][a-z0-9]{1,60}$/i;
    const upiAddress = needed(input, 'upiAddress', pattern, 'must be a UPI address').toLowerCase();
    inRupees(input);
    return {
      details: {},
      lastFour: lastFour(upiAddress.slice(0, upiAddress.indexOf('@'))),
      identity: `upi ${upiAddress}`,
      enrol: { upiAddress },
    };
  }
  if (input.accountNumber != null || input.ifsc != null) {
    only('accountNumber', 'ifsc');
    const accountNumber = needed(input, 'accountNumber', INDIAN_NUMBER, 'must be 9 to 18 digits');
    const ifsc = needed(input, 'ifsc', isIfsc, 'must be an IFSC');
    inRupees(input);
    const { identity, lastFour } = byNumber(input, accountNumber, 'ifsc', ifsc);
    return { details: {}, lastFour, identity, enrol: { accountNumber, ifsc } };
  }
  const pattern = /^fa_[A-Za-z0-9]{8,60}$/;
  return token(
    'razorpayFundAccount',
    needed(input, 'razorpayFundAccount', pattern, 'must be a Razorpay fund account, fa_...'),
  );
}

function inRupees({ country, currency }: AccountInput): void {
  if (country !== 'IN') throw invalid('input.country', 'must be IN for an account at a bank of India');
  if (currency !== 'INR') throw invalid('input.currency', 'must be INR for an account at a bank of India');
}

const INDIAN_NUMBER = /^\d{9,18}$/;

const token = (field: DetailField, value: string): Details => ({
  details: { [field]: value },
  lastFour: lastFour(value.slice(value.indexOf('_') + 1)),
  identity: `${field} ${value}`,
  enrol: null,
});

/** By IBAN in countries with IBANs, otherwise by the account number and the bank's code in that country. */
function bankAccount(input: AccountInput): Details {
  const { country } = input;
  const hasIban = getCountrySpecifications()[country]?.IBANRegistry === true;
  if (input.iban != null || (hasIban && country !== 'GB')) return byIban(input);
  const accountNumber = (pattern: RegExp, words: string) => needed(input, 'accountNumber', pattern, words);
  switch (country) {
    case 'US':
      return byNumber(
        input,
        accountNumber(/^\d{4,17}$/, 'must be 4 to 17 digits'),
        'routingNumber',
        needed(input, 'routingNumber', isRoutingNumber, 'must be an ABA routing number'),
      );
    case 'IN':
      return byNumber(
        input,
        accountNumber(INDIAN_NUMBER, 'must be 9 to 18 digits'),
        'ifsc',
        needed(input, 'ifsc', isIfsc, 'must be an IFSC'),
      );
    case 'GB':
      return byNumber(
        input,
        accountNumber(/^\d{8}$/, 'must be 8 digits'),
        'sortCode',
        needed(input, 'sortCode', isSortCode, 'must be a sort code'),
      );
    default:
      return byNumber(
        input,
        accountNumber(/^[A-Z0-9]{4,34}$/, 'must be 4 to 34 letters or digits'),
        'bic',
        needed(input, 'bic', isValidBIC, 'must be a BIC'),
      );
  }
}

function byIban(input: AccountInput): Details {
  const iban = electronicFormatIBAN(
    needed(input, 'iban', (text) => isValidIBAN(text), 'must be an IBAN'),
  ) as string;
  if (iban.slice(0, 2) !== input.country)
    throw invalid('input.iban', 'must be of the country in input.country');
  onlyOf(payoutMethods.BANK_TRANSFER.accountFields, input, ['iban', 'bic']);
  const bic = input.bic == null ? null : needed(input, 'bic', isValidBIC, 'must be a BIC');
  const details = { iban, ...(bic && { bic }) };
  return { details, lastFour: lastFour(iban), identity: `iban ${iban}`, enrol: null };
}

function byNumber(input: AccountInput, accountNumber: string, bankField: DetailField, bank: string): Details {
  onlyOf(payoutMethods[input.method].accountFields, input, ['accountNumber', bankField]);
  return {
    details: { accountNumber, [bankField]: bank },
    lastFour: lastFour(accountNumber),
    identity: `${input.country} ${bank} ${accountNumber}`,
    enrol: null,
  };
}

function onlyOf(fields: readonly DetailField[], input: AccountInput, wanted: readonly DetailField[]): void {
  const extra = fields.find((field) => input[field] != null && !wanted.includes(field));
  if (extra) throw invalid(`input.${extra}`, 'must be empty for this kind of account');
}

/** The field, for bank details without spaces and dashes and in capitals. */
function needed(
  input: AccountInput,
  field: DetailField,
  valid: RegExp | ((text: string) => boolean),
  words: string,
): string {
  const given = input[field];
  if (given == null) throw invalid(`input.${field}`, `is required for ${input.method} in ${input.country}`);
  const bank = (payoutMethods.BANK_TRANSFER.accountFields as readonly string[]).includes(field);
  const text = bank ? given.replace(/[\s-]/g, '').toUpperCase() : given.trim();
  if (!(valid instanceof RegExp ? valid.test(text) : valid(text))) throw invalid(`input.${field}`, words);
  return text;
}
