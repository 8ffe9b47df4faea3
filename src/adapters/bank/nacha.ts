import { money } from '../../domain/money.ts';
import type { BankCredit, BankOrder, BankStatusLine } from '../../ports/bank-desk.ts';
import { latinText } from '../latin-text.ts';
import { Unreadable } from './unreadable.ts';

/** The sender of ACH payments, as agreed with the bank. */
export interface AchSender {
  /** Routing number of the bank that receives the file. */
  readonly immediateDestination: string;
  /** Nine or ten characters assigned by the bank. */
  readonly immediateOrigin: string;
  readonly companyName: string;
  /** Ten characters assigned by the bank. */
  readonly companyId: string;
  /** Routing number of the bank that sends the payments (ODFI). */
  readonly odfiRouting: string;
  /** CCD: to companies; PPD: to persons. */
  readonly entryClass: 'CCD' | 'PPD';
}

const LINE = 94;
const BLOCK = 10;
const CREDITS_ONLY = '220';
const CREDIT = { CHECKING: '22', SAVINGS: '32' } as const;
const isSavings = (code: string): boolean => /^3\d$/.test(code);
// Where a notification of change has the code of the transaction, in its 29 characters of corrected data.
const CORRECTED_CODE: Readonly<Record<string, number>> = { C05: 0, C06: 20, C07: 26 };
const HASH = 10n ** 10n;
const MODIFIERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

const left = (text: string, width: number): string => text.slice(0, width).padEnd(width);
const digits = (value: bigint | number, width: number): string => {
  const text = String(value);
  if (text.length > width) throw new Error(`The number has more than ${width} digits.`);
  return text.padStart(width, '0');
};
const name = (text: string, width: number): string => left(latinText(text, width).toUpperCase(), width);
const day = (iso: string): string => iso.slice(2, 10).replaceAll('-', '');

/** Trace number: the ODFI and a serial number. The ACH network identifies the entry by it. */
export const traceOf = ({ odfiRouting }: AchSender, { serial }: BankCredit): string =>
  odfiRouting.slice(0, 8) + digits(serial, 7);

/** Part of the key. A return contains it, next to the trace number. */
const identificationOf = ({ key }: Pick<BankCredit, 'key'>): string => key.slice(-15).toUpperCase();

/** One file with one batch of credits: lines of 94 characters, padded with nines to blocks of ten lines. */
export function nacha({ madeAt, executeOn, ofDay, credits }: BankOrder, sender: AchSender): string {
  const odfi = sender.odfiRouting.slice(0, 8);
  const batch = digits(1, 7);
  const sorted = [...credits].sort((a, b) => a.serial - b.serial); // traces ascend within a batch
  const hash = sorted.reduce(
    (sum, { details }) => sum + BigInt((details['routingNumber'] ?? '').slice(0, 8)),
    0n,
  );
  const total = sorted.reduce((sum, { amount }) => sum + amount.minor, 0n);
  const sums = (countWidth: number) =>
    digits(sorted.length, countWidth) + digits(hash % HASH, 10) + digits(0, 12) + digits(total, 12);
  const lines = [
    `101 ${sender.immediateDestination}${sender.immediateOrigin.padStart(10)}${day(madeAt.toISOString())}${madeAt
      .toISOString()
      .slice(11, 16)
      .replace(
        ':',
        '',
      )}${MODIFIERS[ofDay % MODIFIERS.length]}094101${left('', 23)}${name(sender.companyName, 23)}${left('', 8)}`,
    `5${CREDITS_ONLY}${name(sender.companyName, 16)}${left('', 20)}${left(sender.companyId, 10)}${sender.entryClass}${left('PAYOUT', 10)}${left('', 6)}${day(executeOn)}   1${odfi}${batch}`,
    ...sorted.map((credit) => entry(credit, sender)),
    `8${CREDITS_ONLY}${sums(6)}${left(sender.companyId, 10)}${left('', 25)}${odfi}${batch}`,
  ];
  const blocks = Math.ceil((lines.length + 1) / BLOCK);
  lines.push(`9${digits(1, 6)}${digits(blocks, 6)}${sums(8)}${left('', 39)}`);
  while (lines.length % BLOCK) lines.push('9'.repeat(LINE));
  return lines.map((line) => `${line}\r\n`).join('');
}

function entry(credit: BankCredit, sender: AchSender): string {
  const { accountNumber = '', routingNumber = '' } = credit.details;
  return `6${CREDIT[credit.accountType ?? 'CHECKING']}${routingNumber}${left(accountNumber, 17)}${digits(credit.amount.minor, 10)}${identificationOf(credit)}${name(credit.holderName, 22)}  0${traceOf(sender, credit)}`;
}

/** Throws when the records or the sums of a file are wrong. */
export function checkNacha(text: string): void {
  const lines = linesOf(text);
  const fault = (words: string) => new Error(`not a NACHA file: ${words}`);
  if (lines.some((line) => !/^[\x20-\x7e]{94}$/.test(line)))
    throw fault('a line is not 94 characters of ASCII');
  if (lines.length % BLOCK) throw fault('its blocks are not whole');
  const entries = lines.filter((line) => line[0] === '6');
  if (entries.some((line) => !Object.values<string>(CREDIT).includes(line.slice(1, 3))))
    throw fault('an entry is not a credit');
  const sum = (from: number, to: number) =>
    entries.reduce((total, line) => total + BigInt(line.slice(from, to)), 0n);
  const [control, ...others] = lines.filter((line) => line[0] === '9' && line !== '9'.repeat(LINE));
  const header = lines.find((line) => line[0] === '5');
  const batch = lines.find((line) => line[0] === '8');
  if (!control || others.length || !header || !batch || lines[0]?.[0] !== '1')
    throw fault('a record is missing');
  const sums = digits(sum(3, 11) % HASH, 10) + digits(0, 12) + digits(sum(29, 39), 12);
  if (batch.slice(10, 44) !== sums || control.slice(21, 55) !== sums) throw fault('its sums are wrong');
  if (Number(batch.slice(4, 10)) !== entries.length || Number(control.slice(13, 21)) !== entries.length)
    throw fault('its counts are wrong');
  if (Number(control.slice(7, 13)) * BLOCK !== lines.length) throw fault('its count of blocks is wrong');
  if (header.slice(40, 50) !== batch.slice(44, 54)) throw fault('its batch is of two companies');
  for (const [index, line] of entries.entries()) {
    if (line.slice(79, 87) !== header.slice(79, 87)) throw fault('a trace number is not of the ODFI');
    if (index && line.slice(79) <= (entries[index - 1] as string).slice(79))
      throw fault('its traces do not ascend');
  }
}

/** Lines of 94 characters. Trailing spaces that were cut off are restored, and added empty lines are removed. */
function linesOf(text: string): string[] {
  const given = text.replace(/[\r\n]+$/, '').split(/\r?\n/);
  const whole =
    given.length === 1 ? ((given[0] as string).match(/.{1,94}/g) ?? []) : given.filter((line) => line !== '');
  return whole.map((line) => line.padEnd(LINE));
}

const RETURN = /^R([0-3]\d|5[0-3]|8[0-5])$/;

/** The returns and notifications of change of a NACHA file, each with the trace number of the original payment. */
export function nachaReturns(text: string): BankStatusLine[] {
  const lines = linesOf(text);
  if (lines.some((line) => line.length !== LINE || !/^[15-9]/.test(line)))
    throw new Unreadable('must be a NACHA file: each line must be a record of 94 characters');
  const found: BankStatusLine[] = [];
  let of: string | null = null;
  for (const line of lines) {
    if (line[0] === '6') of = line;
    const kind = line.slice(0, 3);
    if (kind !== '799' && kind !== '798') continue;
    if (!of) throw new Unreadable('must be a NACHA file: an addenda record must follow an entry');
    const amount = of.slice(29, 39);
    if (!/^\d{10}$/.test(amount))
      throw new Unreadable('must be a NACHA file: an amount must have ten digits');
    const code = line.slice(3, 6);
    const returned = kind === '799' && RETURN.test(code);
    found.push({
      reference: { by: 'TRACE', trace: line.slice(6, 21), identification: of.slice(39, 54).trim() },
      status: returned ? 'RETURNED' : 'NOTED',
      code,
      amount: returned ? money(BigInt(amount), 'USD') : null,
      ...typeIn(line, code),
    });
  }
  return found;
}

/** The account type that a notification of change asks for. */
function typeIn(line: string, code: string): Pick<BankStatusLine, 'accountType'> {
  const at = CORRECTED_CODE[code];
  const transaction = at === undefined ? '' : line.slice(35 + at, 37 + at);
  return /^[23]\d$/.test(transaction) ? { accountType: isSavings(transaction) ? 'SAVINGS' : 'CHECKING' } : {};
}
