import type { BankFormat, BankStatusKind, BankWord } from '../domain/bank-status.ts';
import type { Money } from '../domain/money.ts';
import type { Carriage } from './payout-rail.ts';

/** One payment of a file. */
export interface BankCredit {
  /** 32 hex digits: what the bank names it by from then on. */
  readonly key: string;
  readonly amount: Money;
  readonly holderName: string;
  /** ISO 3166, of the account. */
  readonly country: string;
  /** As `payout-details.ts` names them. */
  readonly details: Readonly<Record<string, string>>;
  /** For NACHA: a number from 1 to 9,999,999 that no file of the last months had. */
  readonly serial: number;
}

export interface BankOrder {
  /** 32 hex digits. */
  readonly id: string;
  readonly format: BankFormat;
  readonly currency: string;
  readonly madeAt: Date;
  /** ISO 8601: the banking day on which the bank is to pay. */
  readonly executeOn: string;
  /** Which file of its day, from 0. */
  readonly ofDay: number;
  readonly credits: readonly BankCredit[];
}

/** Why a payment can not be written into a file. */
export interface BankObjection {
  readonly code: string;
  /** In words that the partner reads. */
  readonly reason: string;
}

/** Which payments a line of a status file is about. */
export type BankReference =
  | { readonly by: 'KEY'; readonly key: string }
  | { readonly by: 'FILE'; readonly fileId: string; readonly batch: number | null }
  | { readonly by: 'TRACE'; readonly trace: string; readonly identification: string };

export interface BankStatusLine {
  readonly reference: BankReference;
  /** NOTED: no word about the payment, but a correction of its account. */
  readonly word: BankWord | 'NOTED';
  readonly code: string | null;
  /** null: the line names none. */
  readonly amount: Money | null;
}

export interface BankReport {
  readonly kind: BankStatusKind;
  readonly lines: readonly BankStatusLine[];
}

/** Writes and reads the files of the company's own bank. It knows no payout and keeps nothing. */
export interface BankDesk {
  carries(currency: string): Carriage | null;
  /** Which file a payment of that currency to an account of that country goes into; null: none. */
  formatOf(currency: string, country: string): BankFormat | null;
  objectionTo(format: BankFormat, credit: BankCredit): BankObjection | null;
  /** The first banking day that a file made now can still be paid on. */
  executeOn(format: BankFormat, now: Date): string;
  /** How the file names a payment, for words that come back: its batch, and its trace number where it has one. */
  namesOf(format: BankFormat, credit: BankCredit): { readonly batch: number; readonly trace: string | null };
  /** Total of one file at most, in minor units. */
  largestTotal(format: BankFormat): bigint;
  /** The file's text, checked against the rules of its format. */
  write(order: BankOrder): string;
  /** Throws where a text is no valid file of the format. */
  check(format: BankFormat, text: string): void;
  /** Refuses with BAD_USER_INPUT what is no status file. */
  read(content: string, field: string): BankReport;
}
