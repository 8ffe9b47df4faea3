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

/** The status that a bank reports for one payment. */
export type ReportedBankStatus = 'ACCEPTED' | 'PAID' | 'REJECTED' | 'RETURNED';

/** Outcome of one line of a bank status file. */
export const BankLineOutcome = {
  APPLIED: 'APPLIED',
  REPEATED: 'REPEATED',
  NOTED: 'NOTED',
  UNKNOWN: 'UNKNOWN',
  DIFFERENT: 'DIFFERENT',
} as const;
export type BankLineOutcome = (typeof BankLineOutcome)[keyof typeof BankLineOutcome];

const moves: Readonly<Record<ReportedBankStatus, Readonly<Record<BankPaymentStatus, BankLineOutcome>>>> = {
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

/** Returns the outcome of a bank status for a payment. A late or repeated status changes nothing. A status that contradicts
 *  a final one must be checked by a person. */
export const outcomeOf = (reported: ReportedBankStatus, status: BankPaymentStatus): BankLineOutcome =>
  moves[reported][status];

// Reason codes of banks as sentences for the partner, with what to do.
const REASONS: Readonly<Record<string, string>> = {
  AC01: 'The bank does not know the account number. Set the payout account again, with the number exactly as the bank writes it.',
  AC03: 'The bank does not know the account number. Set the payout account again, with the number exactly as the bank writes it.',
  AC04: 'The account is closed. Set another payout account.',
  AC06: 'The account is blocked. Ask the bank why, or set another payout account.',
  AC13: 'This type of account does not accept such transfers. Set another payout account.',
  AC14: 'This type of account does not accept such transfers. Set another payout account.',
  AG01: 'The account does not accept transfers. Set another payout account.',
  AG02: 'The bank does not support this type of transfer to the account. Set another payout account.',
  AM02: "The amount is above the bank's limit for one transfer. The partner does not need to do anything. We pay the amount in another way.",
  AM04: 'Our account did not have enough money. The partner does not need to do anything. We send the payment again.',
  AM05: 'The bank treated the payment as a duplicate of another transfer. The partner does not need to do anything. We ask the bank.',
  AM09: 'The bank did not accept the amount. The partner does not need to do anything. We look into it.',
  BE01: "The name does not match the account. Set the payout account again, with the account holder's name as the bank knows it.",
  BE04: 'The bank requires the address of the account holder. We ask the partner for it.',
  BE05: 'The bank does not recognise the sender. The partner does not need to do anything. We look into it.',
  BE06: 'The bank does not know the account holder. Set the payout account again.',
  CNOR: 'This type of transfer does not reach the bank of the account. Set another payout account.',
  CUST: 'The account holder or the sender asked the bank to return the payment.',
  DNOR: 'Our bank does not support this type of transfer. The partner does not need to do anything. We look into it.',
  DT01: 'The bank did not accept the payment date. The partner does not need to do anything. We send the payment again.',
  DUPL: 'The bank treated the payment as a duplicate of another transfer. The partner does not need to do anything. We ask the bank.',
  FF01: 'The bank could not read the file. The partner does not need to do anything. We send the payment again.',
  FOCR: "The sender's bank recalled the transfer.",
  MD07: 'The account holder has died. Please contact us.',
  MS02: 'The account holder refused the payment. Ask the bank why, or set another payout account.',
  MS03: 'The bank did not give a reason. Ask the bank, or set another payout account.',
  NARR: 'The bank gave its reason as free text. We look into it.',
  RC01: 'The bank code (BIC) does not exist. Set the payout account again.',
  RC04: 'The bank of the account does not exist. Set the payout account again.',
  RR01: 'A regulation requires the account of the sender. We look into it.',
  RR02: 'A regulation requires the name or address of the sender. We look into it.',
  RR03: 'A regulation requires the name or address of the recipient. We ask the partner for it.',
  RR04: 'A regulation does not allow the payment. We look into it.',
  TM01: 'The file arrived too late for the payment date. The partner does not need to do anything. We send the payment again.',
  R02: 'The account is closed. Set another payout account.',
  R03: 'The account does not exist, or its holder has another name. Set the payout account again.',
  R04: 'The account number is not one that the bank knows. Set the payout account again.',
  R06: 'Our bank recalled the payment. The partner does not need to do anything. We look into it.',
  R09: 'The collected money on the account was not sufficient. The partner does not need to do anything. We look into it.',
  R10: 'The account holder states that the payment was not authorized. Please contact us.',
  R12: 'The branch was sold to another bank. Set the payout account again, with the number of the new bank.',
  R13: 'The routing number does not exist. Set the payout account again.',
  R14: 'The representative of the account holder can no longer act. Please contact us.',
  R15: 'The account holder has died. Please contact us.',
  R16: 'The account is frozen. Ask the bank why, or set another payout account.',
  R17: 'The bank could not read a field of the payment. Set the payout account again.',
  R20: 'The account does not accept transfers. Set another payout account.',
  R23: 'The account holder refused the payment. Ask the bank why, or set another payout account.',
  R24: 'The bank treated the payment as a duplicate of another transfer. The partner does not need to do anything. We ask the bank.',
  R29: 'The company that holds the account states that the payment was not authorized. Please contact us.',
};

/** Returns the reason of a bank for a rejected or returned payment as a sentence. An unknown code is named. */
export const reasonInWords = (code: string | null): string =>
  (code && REASONS[code]) ||
  (code
    ? `The bank rejected or returned the payment with the code ${code}. Ask the bank, or set another payout account.`
    : 'The bank rejected or returned the payment without a reason. Ask the bank, or set another payout account.');

const CORRECTIONS: Readonly<Record<string, string>> = {
  C01: 'the account number',
  C02: 'the routing number',
  C03: 'the routing number and the account number',
  C04: 'the name of the account holder',
  C05: 'the type of the account (checking or savings)',
  C06: 'the account number and the type of the account',
  C07: 'the routing number, the account number and the type of the account',
};

/** Returns the request of a notification of change as a sentence. The sentence never repeats the new number. */
export const correctionInWords = (code: string, accountType?: string): string =>
  `The bank made the payment and asks to correct ${CORRECTIONS[code] ?? `the account (${code})`}${
    accountType ? `: the type is ${accountType}` : ''
  }. Set the payout account again.`;
