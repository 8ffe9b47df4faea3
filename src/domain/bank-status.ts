export const BankFormat = { PAIN: 'PAIN', NACHA: 'NACHA' } as const;
export type BankFormat = (typeof BankFormat)[keyof typeof BankFormat];

export const BankPaymentStatus = {
  WAITING: 'WAITING',
  IN_FILE: 'IN_FILE',
  ACCEPTED: 'ACCEPTED',
  PAID: 'PAID',
  REJECTED: 'REJECTED',
  RETURNED: 'RETURNED',
} as const;
export type BankPaymentStatus = (typeof BankPaymentStatus)[keyof typeof BankPaymentStatus];

export const BankFileStatus = { DRAFT: 'DRAFT', APPROVED: 'APPROVED', CANCELED: 'CANCELED' } as const;
export type BankFileStatus = (typeof BankFileStatus)[keyof typeof BankFileStatus];

export const BankStatusKind = {
  PAIN_STATUS: 'PAIN_STATUS',
  CAMT_STATEMENT: 'CAMT_STATEMENT',
  CAMT_NOTIFICATION: 'CAMT_NOTIFICATION',
  NACHA_RETURN: 'NACHA_RETURN',
} as const;
export type BankStatusKind = (typeof BankStatusKind)[keyof typeof BankStatusKind];

/** What a bank says of one payment. */
export type BankWord = 'ACCEPTED' | 'PAID' | 'REJECTED' | 'RETURNED';

/** What became of one line of a status file. */
export const BankLineOutcome = {
  APPLIED: 'APPLIED',
  REPEATED: 'REPEATED',
  NOTED: 'NOTED',
  UNKNOWN: 'UNKNOWN',
  DIFFERENT: 'DIFFERENT',
} as const;
export type BankLineOutcome = (typeof BankLineOutcome)[keyof typeof BankLineOutcome];

const moves: Readonly<Record<BankWord, Readonly<Record<BankPaymentStatus, BankLineOutcome>>>> = {
  ACCEPTED: {
    ...{ WAITING: 'DIFFERENT', IN_FILE: 'APPLIED', ACCEPTED: 'REPEATED' },
    ...{ PAID: 'REPEATED', REJECTED: 'REPEATED', RETURNED: 'REPEATED' },
  },
  PAID: {
    ...{ WAITING: 'DIFFERENT', IN_FILE: 'APPLIED', ACCEPTED: 'APPLIED' },
    ...{ PAID: 'REPEATED', REJECTED: 'DIFFERENT', RETURNED: 'REPEATED' },
  },
  REJECTED: {
    ...{ WAITING: 'DIFFERENT', IN_FILE: 'APPLIED', ACCEPTED: 'APPLIED' },
    ...{ PAID: 'DIFFERENT', REJECTED: 'REPEATED', RETURNED: 'REPEATED' },
  },
  RETURNED: {
    ...{ WAITING: 'DIFFERENT', IN_FILE: 'APPLIED', ACCEPTED: 'APPLIED' },
    ...{ PAID: 'APPLIED', REJECTED: 'DIFFERENT', RETURNED: 'REPEATED' },
  },
};

/** Whether a bank's word moves a payment on. A word that comes late or twice moves nothing; one that contradicts what was
 *  final is for a person to look at. */
export const outcomeOf = (word: BankWord, status: BankPaymentStatus): BankLineOutcome => moves[word][status];

// What banks say, in words that the partner reads, and what to do.
const REASONS: Readonly<Record<string, string>> = {
  AC01: 'The account number is not one that the bank knows. Set the payout account again, with the number as the bank writes it.',
  AC03: 'The account number is not one that the bank knows. Set the payout account again, with the number as the bank writes it.',
  AC04: 'The account is closed. Set another payout account.',
  AC06: 'The account is blocked. Ask the bank why, or set another payout account.',
  AC13: 'The account is of a kind that takes no such transfers. Set another payout account.',
  AC14: 'The account is of a kind that takes no such transfers. Set another payout account.',
  AG01: 'The account takes no transfers. Set another payout account.',
  AG02: 'The bank does not carry this kind of transfer to the account. Set another payout account.',
  AM02: 'The amount is more than the bank carries in one transfer. Nothing is for the partner to do; it is paid another way.',
  AM04: 'Our account had not enough money on it. Nothing is for the partner to do; it is sent again.',
  AM05: 'The bank took it for a repetition of another transfer. Nothing is for the partner to do; we ask the bank.',
  AM09: 'The bank did not take the amount. Nothing is for the partner to do; we look into it.',
  BE01: 'The name does not belong to the account. Set the payout account again, with its holder as the bank knows it.',
  BE04: 'The bank needs the address of the account holder. We ask for it.',
  BE05: 'The bank does not know who sent it. Nothing is for the partner to do; we look into it.',
  BE06: 'The bank does not know the account holder. Set the payout account again.',
  CNOR: 'The bank of the account is not reached by this kind of transfer. Set another payout account.',
  CUST: 'The account holder or the sender asked for it.',
  DNOR: 'Our bank is not reached by this kind of transfer. Nothing is for the partner to do; we look into it.',
  DT01: 'The bank did not take the day. Nothing is for the partner to do; it is sent again.',
  DUPL: 'The bank took it for a repetition of another transfer. Nothing is for the partner to do; we ask the bank.',
  FF01: 'The bank could not read the file. Nothing is for the partner to do; it is sent again.',
  FOCR: 'The transfer was called back.',
  MD07: 'The account holder has died. Please write to us.',
  MS02: 'The account holder refused it. Ask the bank why, or set another payout account.',
  MS03: 'The bank gives no reason. Ask the bank, or set another payout account.',
  NARR: 'The bank gives its reason in words of its own. We look into it.',
  RC01: 'The bank code (BIC) is not one that exists. Set the payout account again.',
  RC04: 'The bank of the account is not one that exists. Set the payout account again.',
  RR01: 'A law asks for the account of who pays. We look into it.',
  RR02: 'A law asks for name or address of who pays. We look into it.',
  RR03: 'A law asks for name or address of who is paid. We ask for it.',
  RR04: 'A law stands against it. We look into it.',
  TM01: 'The file came too late for its day. Nothing is for the partner to do; it is sent again.',
  R02: 'The account is closed. Set another payout account.',
  R03: 'There is no such account, or its holder has another name. Set the payout account again.',
  R04: 'The account number is not one that the bank knows. Set the payout account again.',
  R06: 'Our bank called it back. Nothing is for the partner to do; we look into it.',
  R09: 'The bank had not enough collected money on it. Nothing is for the partner to do; we look into it.',
  R10: 'The account holder says that it was not authorized. Please write to us.',
  R12: 'The branch was sold to another bank. Set the payout account again, with the number of the new bank.',
  R13: 'The routing number is not one that exists. Set the payout account again.',
  R14: 'Who acts for the account holder can not any more. Please write to us.',
  R15: 'The account holder has died. Please write to us.',
  R16: 'The account is frozen. Ask the bank why, or set another payout account.',
  R17: 'The bank could not read a field of it. Set the payout account again.',
  R20: 'The account takes no transfers. Set another payout account.',
  R23: 'The account holder refused it. Ask the bank why, or set another payout account.',
  R24: 'The bank took it for a repetition of another transfer. Nothing is for the partner to do; we ask the bank.',
  R29: 'The company that holds the account says that it was not authorized. Please write to us.',
};

/** Why a bank refused or sent back a payment, in words. A code that we do not know is named. */
export const reasonInWords = (code: string | null): string =>
  (code && REASONS[code]) ||
  (code
    ? `The bank refused or returned it with the code ${code}. Ask the bank, or set another payout account.`
    : 'The bank refused or returned it and gave no reason. Ask the bank, or set another payout account.');

const CORRECTIONS: Readonly<Record<string, string>> = {
  C01: 'the account number',
  C02: 'the routing number',
  C03: 'the routing number and the account number',
  C04: 'the name of the account holder',
  C05: 'the kind of the account (checking or savings)',
  C06: 'the account number and the kind of the account',
  C07: 'the routing number, the account number and the kind of the account',
};

/** What a notification of change asks for; it never repeats the number that it brings. */
export const correctionInWords = (code: string): string =>
  `The bank paid it and asks that ${CORRECTIONS[code] ?? `the account (${code})`} be corrected: set the payout account again.`;
