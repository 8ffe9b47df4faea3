import type { BankAccountType } from '../domain/bank-account.ts';
import type { BankFormat, BankStatusKind, ReportedBankStatus } from '../domain/bank-status.ts';
import type { Money } from '../domain/money.ts';
import type { CurrencySupport } from './payout-rail.ts';

/** One payment of a file. */
export interface BankCredit {
  /** 32 hexadecimal digits: the bank's reference of the payment. */
  readonly key: string;
  readonly amount: Money;
  readonly holderName: string;
  /** ISO 3166 code of the account's country. */
  readonly country: string;
  /** null: not an account at a bank of the USA. */
  readonly accountType: BankAccountType | null;
  /** Field names as in `payout-details.ts`. */
  readonly details: Readonly<Record<string, string>>;
  /** For NACHA: a number from 1 to 9,999,999 that no file of the last months contains. */
  readonly serial: number;
}

export interface BankOrder {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly format: BankFormat;
  readonly currency: string;
  readonly madeAt: Date;
  /** ISO 8601 date of the banking day on which the bank executes the payments. */
  readonly executeOn: string;
  /** Sequence number of the file on its day, from 0. */
  readonly ofDay: number;
  readonly credits: readonly BankCredit[];
}

/** Reason why a payment cannot be written into a file. */
export interface BankObjection {
  readonly code: string;
  /** Text for the partner. */
  readonly reason: string;
}

/** The payments that a line of a status file reports on. */
export type BankReference =
  | {
      readonly by: 'KEY';
      /** null: the line does not identify its payment. */
      readonly key: string | null;
      /** The file or batch that contains the payment and has another status in the report; absent: none. */
      readonly contradicts?: { readonly fileId: string; readonly batch: number | null };
      /** Candidates for our key in the texts of a booking, if `key` is not ours. Absent: none. */
      readonly mentions?: readonly string[];
    }
  | {
      readonly by: 'FILE';
      readonly fileId: string;
      readonly batch: number | null;
      /** The payments and batches of the file that other lines report on; absent: none. */
      readonly except?: { readonly keys: readonly string[]; readonly batches: readonly number[] };
    }
  | { readonly by: 'TRACE'; readonly trace: string; readonly identification: string };

export interface BankStatusLine {
  readonly reference: BankReference;
  /** NOTED: not a status of the payment, but for example a correction of the account. UNCLEAR: a booking that names the payment
   *  and is neither its execution nor certainly its return. */
  readonly status: ReportedBankStatus | 'NOTED' | 'UNCLEAR';
  readonly code: string | null;
  /** null: the line has no amount. */
  readonly amount: Money | null;
  /** The type that the bank asks to set for the account; absent: none. */
  readonly accountType?: BankAccountType;
}

export interface BankReport {
  readonly kind: BankStatusKind;
  readonly lines: readonly BankStatusLine[];
}

/** Writes and reads the files of the company's own bank. It does not know payouts and stores nothing. */
export interface BankDesk {
  currencySupport(currency: string): CurrencySupport | null;
  /** The file format for a payment in the currency to an account in the country; null: none. */
  formatOf(currency: string, country: string): BankFormat | null;
  objectionTo(format: BankFormat, credit: BankCredit): BankObjection | null;
  /** The first banking day on which the bank can execute a file that is created now. */
  executeOn(format: BankFormat, now: Date): string;
  /** The references of a payment in the file, by which the bank reports on it: batch, and trace number if any. */
  namesOf(format: BankFormat, credit: BankCredit): { readonly batch: number; readonly trace: string | null };
  /** Maximum total of one file, in minor units. */
  largestTotal(format: BankFormat): bigint;
  /** Returns the file's text, checked against the rules of the format. */
  write(order: BankOrder): string;
  /** Throws when the text is not a valid file of the format. */
  check(format: BankFormat, text: string): void;
  /** Reads in a thread of its own. Throws BAD_USER_INPUT when the content is not a status file. */
  read(content: string, field: string): Promise<BankReport>;
}
