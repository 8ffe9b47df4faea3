import type { BankCredit, BankOrder } from '../../ports/bank-desk.ts';
import { latinText } from '../latin-text.ts';
import { isoAmount } from './iso-amount.ts';

/** The owner of the account that pays ISO 20022 transfers. */
export interface Debtor {
  readonly name: string;
  readonly iban: string;
  readonly bic: string;
  /** ISO 3166. */
  readonly country: string;
  /** null: the file contains no address, as is usual within Europe. */
  readonly town: string | null;
}

/** SEPA credit transfers and other transfers have different terms, so each kind has its own batch. */
export const SEPA_BATCH = 1;
export const OTHER_BATCH = 2;

export const NAMESPACE = 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09';
const NAME = 70;

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? '');
const tag = (name: string, text: string): string => `<${name}>${escaped(text)}</${name}>`;

const sum = (credits: readonly BankCredit[]): bigint =>
  credits.reduce((total, { amount }) => total + amount.minor, 0n);

/** A pain.001.001.09 message: one `PmtInf` per kind of transfer, with one currency and one execution day. */
export function pain001(
  { id, currency, madeAt, executeOn, credits }: BankOrder,
  debtor: Debtor,
  batchOf: (credit: BankCredit) => number,
): string {
  const total = (some: readonly BankCredit[]) =>
    tag('NbOfTxs', String(some.length)) + tag('CtrlSum', isoAmount({ minor: sum(some), currency }));
  const payer = latinText(debtor.name, NAME);
  const batches = [...Map.groupBy(credits, batchOf)].sort(([a], [b]) => a - b);
  return [
    `<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="${NAMESPACE}"><CstmrCdtTrfInitn>`,
    `<GrpHdr>${tag('MsgId', id)}${tag('CreDtTm', `${madeAt.toISOString().slice(0, 19)}Z`)}${total(credits)}`,
    `<InitgPty>${tag('Nm', payer)}</InitgPty></GrpHdr>\n`,
    ...batches.flatMap(([batch, some]) => [
      `<PmtInf>${tag('PmtInfId', `${id}-${batch}`)}<PmtMtd>TRF</PmtMtd><BtchBookg>false</BtchBookg>${total(some)}`,
      batch === SEPA_BATCH ? '<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>' : '',
      `<ReqdExctnDt>${tag('Dt', executeOn)}</ReqdExctnDt>`,
      `<Dbtr>${tag('Nm', payer)}${addressOf(debtor)}</Dbtr>`,
      `<DbtrAcct><Id>${tag('IBAN', debtor.iban)}</Id></DbtrAcct>`,
      `<DbtrAgt><FinInstnId>${tag('BICFI', debtor.bic)}</FinInstnId></DbtrAgt>`,
      `<ChrgBr>${batch === SEPA_BATCH ? 'SLEV' : 'SHAR'}</ChrgBr>\n`,
      ...some.map(transfer),
      '</PmtInf>\n',
    ]),
    '</CstmrCdtTrfInitn></Document>\n',
  ].join('');
}

/** A structured address, as SEPA requires since November 2026, or none. */
const addressOf = ({ town, country }: Debtor): string =>
  town === null ? '' : `<PstlAdr>${tag('TwnNm', latinText(town, 35))}${tag('Ctry', country)}</PstlAdr>`;

function transfer({ key, amount, holderName, details }: BankCredit): string {
  return [
    `<CdtTrfTxInf><PmtId>${tag('EndToEndId', key)}</PmtId>`,
    `<Amt><InstdAmt Ccy="${amount.currency}">${isoAmount(amount)}</InstdAmt></Amt>`,
    bankOf(details),
    `<Cdtr>${tag('Nm', latinText(holderName, NAME))}</Cdtr><CdtrAcct><Id>${accountOf(details)}</Id></CdtrAcct>`,
    `<RmtInf>${tag('Ustrd', `Partner payout ${key}`)}</RmtInf></CdtTrfTxInf>\n`,
  ].join('');
}

const accountOf = ({ iban, accountNumber = '' }: BankCredit['details']): string =>
  iban ? tag('IBAN', iban) : `<Othr>${tag('Id', accountNumber)}</Othr>`;

/** An IBAN identifies the bank, so the BIC is optional. */
function bankOf({ bic, sortCode }: BankCredit['details']): string {
  const bank = bic
    ? tag('BICFI', bic)
    : sortCode
      ? `<ClrSysMmbId><ClrSysId><Cd>GBDSC</Cd></ClrSysId>${tag('MmbId', sortCode)}</ClrSysMmbId>`
      : '';
  return bank && `<CdtrAgt><FinInstnId>${bank}</FinInstnId></CdtrAgt>`;
}
