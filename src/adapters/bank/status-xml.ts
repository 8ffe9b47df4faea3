import { type XmlDocument as Document, ParseOption, XmlDocument, XmlElement } from 'libxml2-wasm';
import type { BankStatusKind, ReportedBankStatus } from '../../domain/bank-status.ts';
import type { Money } from '../../domain/money.ts';
import type { BankReference, BankReport, BankStatusLine } from '../../ports/bank-desk.ts';
import { amountFrom, isNoMoney } from './iso-amount.ts';
import { Unreadable } from './unreadable.ts';

const KINDS: Readonly<Record<string, BankStatusKind>> = {
  CstmrPmtStsRpt: 'PAIN_STATUS',
  BkToCstmrStmt: 'CAMT_STATEMENT',
  BkToCstmrDbtCdtNtfctn: 'CAMT_NOTIFICATION',
};

// Some banks leave the namespace out.
const NAMESPACE = /^$|^urn:iso:std:iso:20022:tech:xsd:(pain\.002|camt\.05[34])\.001\.\d\d$/;

const STATUSES: Readonly<Record<string, ReportedBankStatus>> = {
  ...{ RCVD: 'ACCEPTED', PDNG: 'ACCEPTED', ACTC: 'ACCEPTED', ACCP: 'ACCEPTED', ACSP: 'ACCEPTED' },
  ...{ ACFC: 'ACCEPTED', ACWC: 'ACCEPTED', ACWP: 'ACCEPTED', ACPD: 'ACCEPTED', PATC: 'ACCEPTED' },
  ...{ ACSC: 'PAID', ACCC: 'PAID', RJCT: 'REJECTED', CANC: 'REJECTED' },
};

/** Reads pain.002, camt.053 and camt.054 of any version. No entity is loaded or expanded: a document type is refused. */
export function statusXml(content: string): BankReport {
  if (/<!(DOCTYPE|ENTITY)/i.test(content))
    throw new Unreadable('must not declare a document type or entities');
  let document: Document;
  try {
    // The text is already decoded, so its encoding declaration is ignored.
    document = XmlDocument.fromString(content.replace(/^\uFEFF?\s*<\?xml[^>]*\?>/, ''), {
      option: ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET,
    });
  } catch {
    throw new Unreadable('must be well-formed XML');
  }
  try {
    const { namespaceUri } = document.root;
    if (!NAMESPACE.test(namespaceUri)) throw new Unreadable(foreign(namespaceUri));
    const [message] = children(document.root);
    const kind = message && KINDS[message.name];
    if (!kind) throw new Unreadable('must be a pain.002, camt.053, camt.054 or NACHA return file');
    const lines = kind === 'PAIN_STATUS' ? statusReport(message) : bookings(message);
    return { kind, lines };
  } catch (error) {
    throw error instanceof OtherNamespace ? new Unreadable(foreign(error.message)) : error;
  } finally {
    document.dispose();
  }
}

const foreign = (namespace: string): string =>
  `must be in a namespace of pain.002, camt.053 or camt.054, such as "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10", not "${namespace.slice(0, 200)}"`;

/** The elements within an element. Each must be in the namespace of its parent: another namespace has other meanings. */
function children(of: XmlElement | null | undefined, name?: string): XmlElement[] {
  const found: XmlElement[] = [];
  for (let node = of?.firstChild; node; node = node.next) {
    if (!(node instanceof XmlElement)) continue;
    if (node.namespaceUri !== of?.namespaceUri) throw new OtherNamespace(node.namespaceUri);
    if (name === undefined || node.name === name) found.push(node);
  }
  return found;
}

class OtherNamespace extends Error {}

/** The element at the end of a path; undefined if there is none. */
function at(of: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((found, name) => children(found, name)[0], of);
}

const textAt = (of: XmlElement | undefined, ...path: string[]): string | null =>
  at(of, ...path)?.content.trim() || null;

function amountOf(element: XmlElement | undefined): Money | null {
  if (!element) return null;
  try {
    return amountFrom(element.content, element.attr('Ccy')?.value ?? '');
  } catch {
    throw new Unreadable(`line ${element.line}: the amount must be in an ISO 4217 currency`);
  }
}

/** Whether an amount is in a metal or a unit of account. A statement may have such bookings; our payments never are. */
const inNoMoney = (element: XmlElement | undefined): boolean => isNoMoney(element?.attr('Ccy')?.value ?? '');

const bookedAmount = (element: XmlElement | undefined): Money | null =>
  inNoMoney(element) ? null : amountOf(element);

const KEY = /^[0-9a-f]{32}$/i;

type FileReference = Extract<BankReference, { by: 'FILE' }>;

/** An id; null for none, which banks also write as NOTPROVIDED. */
const given = (id: string | null): string | null => (id === 'NOTPROVIDED' ? null : id);

/** A message or a batch that we sent, by the id that we gave it. */
function ofFile(messageId: string | null, batchId: string | null): FileReference | null {
  const [, id, batch] = /^([0-9a-f]{32})-([12])$/i.exec(batchId ?? '') ?? [];
  if (id) return { by: 'FILE', fileId: id.toLowerCase(), batch: Number(batch) };
  if (messageId && KEY.test(messageId)) return { by: 'FILE', fileId: messageId.toLowerCase(), batch: null };
  return null;
}

/** Our key of a payment, which some banks write as a UUID with dashes; else the id in lower case. */
function keyOf(id: string): string {
  const plain = id.replaceAll('-', '');
  return (KEY.test(plain) ? plain : id).toLowerCase();
}

const key = (id: string | null, mentions?: readonly string[]): BankReference => ({
  ...{ by: 'KEY', key: id === null ? null : keyOf(id) },
  ...(mentions && { mentions }),
});

interface Reported {
  readonly status: string;
  readonly code: string | null;
}

/** The status of an element; null without one. */
function reportedIn(of: XmlElement | undefined, name: 'TxSts' | 'PmtInfSts' | 'GrpSts'): Reported | null {
  const status = textAt(of, name);
  return status === null ? null : { status, code: reasonIn(of) };
}

/** The code of the first reason that has one: a bank may give text before it. */
function reasonIn(of: XmlElement | undefined): string | null {
  const reasons = children(of, 'StsRsnInf').map((each) => at(each, 'Rsn'));
  return reasons.map((each) => textAt(each, 'Cd') ?? textAt(each, 'Prtry')).find(Boolean) ?? null;
}

const line = (
  reference: BankReference,
  { status, code }: Reported,
  amount: Money | null = null,
): BankStatusLine => {
  const known = STATUSES[status];
  return { reference, status: known ?? 'NOTED', code: known ? code : status || code, amount };
};

/** A status of a batch or a message covers the payments that it does not name. PART covers none. */
const covers = (reported: Reported | null): Reported | null =>
  reported?.status === 'PART' ? null : reported;

const meaningOf = (reported: Reported | null) => reported && (STATUSES[reported.status] ?? 'NOTED');

/** The most specific status has priority: of the payment, else of its batch, else of the whole message. A payment that is
 *  named without a status or a reason has that of its batch or message. */
function statusReport(message: XmlElement): BankStatusLine[] {
  const group = at(message, 'OrgnlGrpInfAndSts');
  const ofGroup = covers(reportedIn(group, 'GrpSts'));
  const messageId = given(textAt(group, 'OrgnlMsgId'));
  const batches = children(message, 'OrgnlPmtInfAndSts').map((batch) => {
    const id = given(textAt(batch, 'OrgnlPmtInfId'));
    return { batch, id, ours: ofFile(null, id), own: reportedIn(batch, 'PmtInfSts') };
  });
  const file = fileOf(messageId, batches);
  const found: BankStatusLine[] = [];
  const named: string[] = [];
  for (const { batch, ours, own } of batches) {
    const above = own ? covers(own) : ofGroup;
    const inside = ours ?? file;
    for (const payment of children(batch, 'TxInfAndSts')) {
      const id = reportedPayment(payment);
      const status = textAt(payment, 'TxSts') ?? above?.status ?? '';
      const reported = { status, code: reasonIn(payment) ?? (above?.status === status ? above.code : null) };
      if (id !== null) named.push(keyOf(id));
      const differs = above && inside && meaningOf(reported) !== meaningOf(above);
      const reference = { ...key(id), ...(differs && { contradicts: scopeOf(inside) }) };
      found.push(line(reference, reported, amountOf(at(payment, 'OrgnlTxRef', 'Amt', 'InstdAmt'))));
    }
  }
  const statuses = new Set(batches.map(({ own }) => own?.status));
  for (const { id, ours, own } of batches) {
    const reported = covers(own);
    if (!reported) continue;
    if (id !== null) found.push(line(except(ours ?? key(id), named, []), reported));
    else if (file && statuses.size === 1) found.push(line(except(file, named, []), reported));
    else
      found.push(
        line({ ...key(file ? null : messageId), ...(file && { contradicts: scopeOf(file) }) }, reported),
      );
  }
  // A batch with a status of its own, also one that covers no payment, does not have that of the message.
  const specific = batches.filter(({ own }) => own !== null);
  const anonymous = specific.some(({ id, own }) => id === null && meaningOf(own) !== meaningOf(ofGroup));
  if (ofGroup && file && !anonymous) {
    const numbers = specific.flatMap(({ ours }) =>
      ours?.fileId === file.fileId && ours.batch !== null ? [ours.batch] : [],
    );
    found.push(line(except(file, named, numbers), ofGroup));
  } else if (ofGroup && !file && found.length === 0) found.push(line(key(messageId), ofGroup));
  return found;
}

/** The file that a report is about: by the id of its message, else by those of its batches. */
function fileOf(
  messageId: string | null,
  batches: readonly { readonly ours: FileReference | null }[],
): FileReference | null {
  if (messageId !== null) return ofFile(messageId, null);
  const [id, another] = new Set(batches.flatMap(({ ours }) => (ours ? [ours.fileId] : [])));
  return id !== undefined && another === undefined ? { by: 'FILE', fileId: id, batch: null } : null;
}

const scopeOf = ({ fileId, batch }: FileReference) => ({ fileId, batch });

/** The id of the payment of a status: a key of ours in any field, else the end-to-end id. */
function reportedPayment(of: XmlElement): string | null {
  const ids = ['OrgnlEndToEndId', 'OrgnlInstrId', 'OrgnlTxId'].map((name) => given(textAt(of, name)));
  return ids.find((id) => id !== null && KEY.test(keyOf(id))) ?? ids[0] ?? null;
}

/** A batch or message without the payments and batches that have a status of their own. */
const except = (of: BankReference, keys: readonly string[], batches: readonly number[]): BankReference =>
  of.by === 'FILE' && (keys.length || batches.length) ? { ...of, except: { keys, batches } } : of;

// Codes of bookings that give a payment back: of ISO 20022, of SWIFT, and of German banks.
const RETURN_FAMILIES = /^(RRTN|RPCR|ARET|AREV)$/;
const RETURN_CODES = /^N?RTI\b|(^|\+)159(\+|$)/;

function isReturn(...ofs: readonly XmlElement[]): boolean {
  return ofs.some(
    (of) =>
      RETURN_FAMILIES.test(textAt(of, 'BkTxCd', 'Domn', 'Fmly', 'SubFmlyCd') ?? '') ||
      RETURN_CODES.test(textAt(of, 'BkTxCd', 'Prtry', 'Cd') ?? '') ||
      at(of, 'RtrInf') !== undefined,
  );
}

/** A booked debit is an executed payment, and a booked credit that the bank calls a return is a returned payment. Any other
 *  booking that names a payment of ours is UNCLEAR. A booking without a reference of ours may have our key within a text. */
function bookings(message: XmlElement): BankStatusLine[] {
  const found: BankStatusLine[] = [];
  for (const statement of [...children(message, 'Stmt'), ...children(message, 'Ntfctn')])
    for (const entry of children(statement, 'Ntry')) {
      if ((textAt(entry, 'Sts', 'Cd') ?? textAt(entry, 'Sts')) !== 'BOOK') continue;
      const reversed = /^(true|1)$/.test(textAt(entry, 'RvslInd') ?? '');
      const parts = children(entry, 'NtryDtls').flatMap((details) => children(details, 'TxDtls'));
      const total = bookedAmount(at(entry, 'Amt'));
      const report = (of: XmlElement, reference: BankReference, amount: Money | null) => {
        const debit = (textAt(of, 'CdtDbtInd') ?? textAt(entry, 'CdtDbtInd')) === 'DBIT';
        const back = isReturn(of, entry);
        const why = textAt(of, 'RtrInf', 'Rsn', 'Cd') ?? textAt(of, 'RtrInf', 'Rsn', 'Prtry');
        const money = ![at(entry, 'Amt'), amountIn(of)].some(inNoMoney);
        if (money && debit && !reversed && !back)
          found.push({ reference, status: 'PAID', code: null, amount });
        else if (money && !debit && (reversed || back))
          found.push({ reference, status: 'RETURNED', code: why, amount });
        else found.push({ reference, status: 'UNCLEAR', code: why ?? bookingCode(of, entry), amount });
      };
      const batch = at(entry, 'NtryDtls', 'Btch');
      const file =
        ofFile(textAt(batch, 'MsgId'), textAt(batch, 'PmtInfId')) ??
        ofFile(textAt(parts[0], 'Refs', 'MsgId'), textAt(parts[0], 'Refs', 'PmtInfId'));
      // The sum of a file has priority over texts: a text of it may name some of its payments.
      const ofSum = file !== null && textAt(entry, 'CdtDbtInd') === 'DBIT';
      const texts = ['NtryRef', 'AddtlNtryInf'].flatMap((name) => children(entry, name));
      const named = new Set<string>();
      let single = false;
      for (const part of parts) {
        const id = paymentNamedBy(part);
        const own = id ?? keyInText(part);
        const within = keysWithin([...textsOf(part), ...(parts.length === 1 ? texts : [])]);
        const others = within.filter((each) => own === null || each !== keyOf(own));
        for (const each of own === null ? others : [keyOf(own), ...others]) named.add(each);
        if (own === null && (others.length === 0 || ofSum)) continue;
        single ||= own !== null;
        const amount =
          amountIn(part) === undefined && parts.length === 1 ? total : bookedAmount(amountIn(part));
        report(part, others.length === 0 ? key(own) : key(id, id === null ? within : others), amount);
      }
      const rest = parts.length === 1 ? [] : keysWithin(texts).filter((each) => !named.has(each));
      if (rest.length > 0 && !ofSum) report(entry, key(null, rest), total);
      if (!single && file) report(entry, file, total);
    }
  return found;
}

/** The amount of a booking: the instructed amount, else the booked one. */
const amountIn = (of: XmlElement): XmlElement | undefined =>
  at(of, 'AmtDtls', 'InstdAmt', 'Amt') ?? at(of, 'Amt') ?? at(of, 'AmtDtls', 'TxAmt', 'Amt');

/** The reference of a payment in a booking: the end-to-end id, else an instruction id of ours. */
function paymentNamedBy(part: XmlElement): string | null {
  const id = given(textAt(part, 'Refs', 'EndToEndId'));
  if (id) return id;
  const instruction = textAt(part, 'Refs', 'InstrId');
  return instruction && KEY.test(instruction) ? instruction : null;
}

/** The first word of a text that has the form of our keys. */
function keyInText(part: XmlElement): string | null {
  const text = [...children(at(part, 'RmtInf'), 'Ustrd'), ...children(part, 'AddtlTxInf')];
  return /\b[0-9a-f]{32}\b/i.exec(text.map(({ content }) => content).join(' '))?.[0] ?? null;
}

/** The elements of a booking in which a bank may repeat the reference of a payment. Ids of messages and batches are of files. */
const textsOf = (part: XmlElement): XmlElement[] => [
  ...children(at(part, 'Refs')).filter(({ name }) => name !== 'MsgId' && name !== 'PmtInfId'),
  ...children(part).filter(({ name }) => /^(RmtInf|AddtlTxInf|RtrInf)$/.test(name)),
];

/** Maximum number of possible keys of one booking, because texts may be long. */
const MOST_MENTIONS = 200;

/** Every 32 hexadecimal digits in a row. Banks put spaces and dashes into a key, split it over elements, and put other letters
 *  directly before and after it. */
function keysWithin(texts: readonly XmlElement[]): string[] {
  const found = new Set<string>();
  for (const { content } of texts)
    for (const [run] of content
      .toLowerCase()
      .replace(/[\s-]/g, '')
      .matchAll(/[0-9a-f]{32,}/g))
      for (let start = 0; start + 32 <= run.length && found.size < MOST_MENTIONS; start++)
        found.add(run.slice(start, start + 32));
  return [...found];
}

const bookingCode = (of: XmlElement, entry: XmlElement): string | null => {
  for (const each of [of, entry]) {
    const code = textAt(each, 'BkTxCd', 'Domn', 'Fmly', 'SubFmlyCd') ?? textAt(each, 'BkTxCd', 'Prtry', 'Cd');
    if (code) return code;
  }
  return null;
};
