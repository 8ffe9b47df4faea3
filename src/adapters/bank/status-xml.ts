import { type XmlDocument as Document, ParseOption, XmlDocument, XmlElement } from 'libxml2-wasm';
import type { BankStatusKind, ReportedBankStatus } from '../../domain/bank-status.ts';
import { invalid } from '../../domain/errors.ts';
import type { Money } from '../../domain/money.ts';
import type { BankReference, BankReport, BankStatusLine } from '../../ports/bank-desk.ts';
import { amountFrom } from './iso-amount.ts';

const KINDS: Readonly<Record<string, BankStatusKind>> = {
  CstmrPmtStsRpt: 'PAIN_STATUS',
  BkToCstmrStmt: 'CAMT_STATEMENT',
  BkToCstmrDbtCdtNtfctn: 'CAMT_NOTIFICATION',
};

const STATUSES: Readonly<Record<string, ReportedBankStatus>> = {
  ...{ RCVD: 'ACCEPTED', PDNG: 'ACCEPTED', ACTC: 'ACCEPTED', ACCP: 'ACCEPTED', ACSP: 'ACCEPTED' },
  ...{ ACFC: 'ACCEPTED', ACWC: 'ACCEPTED', ACWP: 'ACCEPTED', PATC: 'ACCEPTED' },
  ...{ ACSC: 'PAID', ACCC: 'PAID', RJCT: 'REJECTED', CANC: 'REJECTED' },
};

/** Reads pain.002, camt.053 and camt.054 of any version. No entity is loaded or expanded: a document type is refused. */
export function statusXml(content: string, field: string): BankReport {
  if (/<!(DOCTYPE|ENTITY)/i.test(content))
    throw invalid(field, 'must not declare a document type or entities');
  let document: Document;
  try {
    // The text is already decoded, so its encoding declaration is ignored.
    document = XmlDocument.fromString(content.replace(/^\uFEFF?\s*<\?xml[^>]*\?>/, ''), {
      option: ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET,
    });
  } catch {
    throw invalid(field, 'must be well-formed XML');
  }
  try {
    const [message] = children(document.root);
    const kind = message && KINDS[message.name];
    if (!kind) throw invalid(field, 'must be a pain.002, camt.053, camt.054 or NACHA return file');
    const lines = kind === 'PAIN_STATUS' ? statusReport(message, field) : bookings(message, field);
    return { kind, lines };
  } finally {
    document.dispose();
  }
}

function children(of: XmlElement | null | undefined, name?: string): XmlElement[] {
  const found: XmlElement[] = [];
  for (let node = of?.firstChild; node; node = node.next)
    if (node instanceof XmlElement && (name === undefined || node.name === name)) found.push(node);
  return found;
}

/** The element at the end of a path; undefined if there is none. */
function at(of: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((found, name) => children(found, name)[0], of);
}

const textAt = (of: XmlElement | undefined, ...path: string[]): string | null =>
  at(of, ...path)?.content.trim() || null;

function amountOf(element: XmlElement | undefined, field: string): Money | null {
  if (!element) return null;
  try {
    return amountFrom(element.content, element.attr('Ccy')?.value ?? '');
  } catch {
    throw invalid(field, `line ${element.line}: the amount must be in an ISO 4217 currency`);
  }
}

const KEY = /^[0-9a-f]{32}$/i;

/** A message or a batch that we sent, by the id that we gave it. */
function ofFile(messageId: string | null, batchId: string | null): BankReference | null {
  const [, id, batch] = /^([0-9a-f]{32})-([12])$/i.exec(batchId ?? '') ?? [];
  if (id) return { by: 'FILE', fileId: id.toLowerCase(), batch: Number(batch) };
  if (messageId && KEY.test(messageId)) return { by: 'FILE', fileId: messageId.toLowerCase(), batch: null };
  return null;
}

const key = (text: string): BankReference => ({ by: 'KEY', key: text.toLowerCase() });

const line = (
  reference: BankReference,
  status: string,
  of: XmlElement | undefined,
  amount: Money | null,
): BankStatusLine => ({
  reference,
  status: STATUSES[status] ?? 'NOTED',
  code: STATUSES[status]
    ? (textAt(of, 'StsRsnInf', 'Rsn', 'Cd') ?? textAt(of, 'StsRsnInf', 'Rsn', 'Prtry'))
    : status,
  amount,
});

/** The status of a payment has priority. The status of its batch or of the whole message applies to payments without one. */
function statusReport(message: XmlElement, field: string): BankStatusLine[] {
  const group = at(message, 'OrgnlGrpInfAndSts');
  const messageId = textAt(group, 'OrgnlMsgId');
  const found: BankStatusLine[] = [];
  let single = false;
  for (const batch of children(message, 'OrgnlPmtInfAndSts')) {
    const payments = children(batch, 'TxInfAndSts');
    for (const payment of payments) {
      const status = textAt(payment, 'TxSts');
      const id = textAt(payment, 'OrgnlEndToEndId');
      if (!status || !id) continue;
      single = true;
      found.push(
        line(key(id), status, payment, amountOf(at(payment, 'OrgnlTxRef', 'Amt', 'InstdAmt'), field)),
      );
    }
    const status = textAt(batch, 'PmtInfSts');
    const reference = ofFile(messageId, textAt(batch, 'OrgnlPmtInfId'));
    if (!status || status === 'PART' || !reference || payments.length) continue;
    single = true;
    found.push(line(reference, status, batch, null));
  }
  const status = textAt(group, 'GrpSts');
  const reference = ofFile(messageId, null);
  if (!single && status && status !== 'PART' && reference) found.push(line(reference, status, group, null));
  return found;
}

/** Booked debits are executed payments. Booked credits with a return reason are returned payments. */
function bookings(message: XmlElement, field: string): BankStatusLine[] {
  const found: BankStatusLine[] = [];
  for (const statement of [...children(message, 'Stmt'), ...children(message, 'Ntfctn')])
    for (const entry of children(statement, 'Ntry')) {
      if ((textAt(entry, 'Sts', 'Cd') ?? textAt(entry, 'Sts')) !== 'BOOK') continue;
      const reversed = textAt(entry, 'RvslInd') === 'true';
      const parts = children(entry, 'NtryDtls').flatMap((details) => children(details, 'TxDtls'));
      const total = amountOf(at(entry, 'Amt'), field);
      const report = (of: XmlElement, reference: BankReference, amount: Money | null) => {
        const debit = (textAt(of, 'CdtDbtInd') ?? textAt(entry, 'CdtDbtInd')) === 'DBIT';
        const why = textAt(of, 'RtrInf', 'Rsn', 'Cd') ?? textAt(of, 'RtrInf', 'Rsn', 'Prtry');
        if (debit && !reversed) found.push({ reference, status: 'PAID', code: null, amount });
        else if (!debit && (reversed || at(of, 'RtrInf')))
          found.push({ reference, status: 'RETURNED', code: why, amount });
      };
      let single = false;
      for (const part of parts) {
        const id = textAt(part, 'Refs', 'EndToEndId');
        if (!id || id === 'NOTPROVIDED') continue;
        single = true;
        const amount =
          amountOf(at(part, 'AmtDtls', 'InstdAmt', 'Amt'), field) ??
          amountOf(at(part, 'Amt'), field) ??
          amountOf(at(part, 'AmtDtls', 'TxAmt', 'Amt'), field) ??
          (parts.length === 1 ? total : null);
        report(part, key(id), amount);
      }
      const batch = at(entry, 'NtryDtls', 'Btch');
      const reference =
        ofFile(textAt(batch, 'MsgId'), textAt(batch, 'PmtInfId')) ??
        ofFile(textAt(parts[0], 'Refs', 'MsgId'), textAt(parts[0], 'Refs', 'PmtInfId'));
      if (!single && reference) report(entry, reference, total);
    }
  return found;
}
