import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import {
  type BankLineOutcome,
  type BankPaymentStatus,
  correctionInWords,
  outcomeOf,
  reasonInWords,
} from '../../../domain/bank-status.ts';
import { invalid } from '../../../domain/errors.ts';
import { isStorable } from '../../../domain/storable.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import type { BankReference, BankStatusLine } from '../../../ports/bank-desk.ts';
import { record } from '../../foundation/audit/public.ts';
import { enqueueSend } from '../payout/public.ts';
import { sha256Of } from './bank-file-text.ts';
import { BankStatusImport } from './bank-status.entity.ts';
import { deskOf } from './create-bank-file.ts';

/** A payment, as changed by the lines of one file. */
interface Payment {
  readonly id: string;
  readonly payoutId: string;
  readonly key: string;
  readonly minor: bigint;
  readonly currency: string;
  readonly fileId: string | null;
  readonly batch: number | null;
  readonly trace: string | null;
  /** True when a file with the payment was downloaded. */
  readonly downloaded: boolean;
  status: BankPaymentStatus;
  code: string | null;
  reason: string | null;
  correction: string | null;
  difference: string | null;
  changed: boolean;
}

interface Judged {
  readonly payment: Payment | null;
  readonly line: BankStatusLine;
  readonly outcome: BankLineOutcome;
  readonly explanation: string | null;
}

/** Imports a bank status file and returns the import's id. The same text is imported once: a repeated call returns
 *  the first import and changes nothing. */
export async function importBankStatus(ctx: Context, content: string): Promise<string> {
  const tenantId = ctx.actor.tenantId ?? '';
  await authorize(ctx, 'decide', { kind: 'payout', id: '(status)', attributes: { tenantId } });
  if (!isStorable(content)) throw invalid('content', 'has a NUL character or half a surrogate pair');
  const { kind, lines } = await deskOf(ctx).read(content, 'content');
  const sha256 = sha256Of(content);
  return transact(ctx, async (em) => {
    await sql`select 1 from programs where tenant_id = ${tenantId} for no key update`.execute(em); // one import at a time
    const before = await em.findOne(BankStatusImport, { tenantId, sha256 });
    if (before) {
      record(em, ctx, 'bankStatus.imported', before, { after: { kind, repeated: true } });
      return before.id;
    }
    const payments = await lockPayments(em, tenantId, lines);
    const known = indexOf(payments, lines);
    const judged = lines.flatMap((line) => judge(line, known));
    const made = em.create(BankStatusImport, {
      ...{ tenantId, kind, sha256, lineCount: judged.length, createdBy: ctx.actor.id },
    });
    await em.flush();
    await keepLines(em, made, judged);
    const moved = payments.filter(({ changed }) => changed);
    await store(em, moved);
    await enqueueSend(em, [...new Set(moved.map(({ payoutId }) => payoutId))]);
    const differ = judged.filter(({ outcome }) => outcome === 'DIFFERENT');
    if (differ.length > 0)
      ctx.log.error(
        {
          tenantId,
          import: made.id,
          payments: differ.slice(0, 20).map(({ payment }) => payment?.key ?? null),
        },
        'the bank status contradicts our records: two people must state the outcome with resolvePayout',
      );
    const counts = Object.groupBy(judged, ({ outcome }) => outcome);
    record(em, ctx, 'bankStatus.imported', made, {
      after: {
        kind,
        ...Object.fromEntries(Object.entries(counts).map(([name, some]) => [name, some.length])),
      },
      subjects: moved.map(({ id }) => id),
    });
    return made.id;
  });
}

const uuidOf = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** All our payments that the lines report on, locked in a fixed order. */
async function lockPayments(
  em: EntityManager,
  tenantId: string,
  lines: readonly BankStatusLine[],
): Promise<Payment[]> {
  const of = <By extends BankReference['by']>(by: By) =>
    lines.flatMap(({ reference }) =>
      reference.by === by ? [reference as Extract<BankReference, { by: By }>] : [],
    );
  const keys = JSON.stringify(
    of('KEY').flatMap(({ key, mentions = [] }) => [...(key === null ? [] : [key]), ...mentions]),
  );
  const files = JSON.stringify(of('FILE').map(({ fileId }) => uuidOf(fileId)));
  const traces = JSON.stringify(of('TRACE').map(({ trace }) => trace));
  const rows = await sql<Record<string, never>>`
    select b.id, b.payout_id as "payoutId", b.key, b.amount_minor::text as minor, b.amount_currency as currency, b.status, b.code, b.reason,
      b.correction, b.difference, f.id as "fileId", i.batch, i.trace, coalesce(f.downloads > 0, false) as "downloaded"
    from bank_payments b
    left join bank_file_items i on i.payment_id = b.id and i.voided_at is null
    left join bank_files f on f.id = i.file_id
    where b.tenant_id = ${tenantId} and b.id in (
      select id from bank_payments where tenant_id = ${tenantId} and key in (select jsonb_array_elements_text(${keys}::jsonb))
      union all
      select payment_id from bank_file_items where tenant_id = ${tenantId} and voided_at is null
        and file_id in (select jsonb_array_elements_text(${files}::jsonb)::uuid)
      union all
      select payment_id from bank_file_items where tenant_id = ${tenantId} and voided_at is null
        and trace in (select jsonb_array_elements_text(${traces}::jsonb)))
    order by b.id for update of b`.execute(em);
  return rows.map(
    (row) => ({ ...(row as object), minor: BigInt(row['minor'] ?? 0), changed: false }) as Payment,
  );
}

interface Index {
  readonly byKey: ReadonlyMap<string, Payment>;
  readonly byTrace: ReadonlyMap<string | null, Payment[]>;
  readonly byFile: ReadonlyMap<string | null, Payment[]>;
  /** Batches (null: a whole file) with a status that a payment in them contradicts, which no key identifies. */
  readonly contradicted: ReadonlyMap<string, readonly (number | null)[]>;
}

function indexOf(payments: readonly Payment[], lines: readonly BankStatusLine[]): Index {
  const byKey = new Map(payments.map((payment) => [payment.key, payment]));
  const scopes = lines.flatMap(({ reference }) =>
    reference.by === 'KEY' && reference.contradicts && !byKey.has(reference.key ?? '')
      ? [reference.contradicts]
      : [],
  );
  return {
    byKey,
    byTrace: Map.groupBy(payments, ({ trace }) => trace),
    byFile: Map.groupBy(payments, ({ fileId }) => fileId),
    contradicted: new Map(
      Array.from(
        Map.groupBy(scopes, ({ fileId }) => fileId),
        ([fileId, some]) => [fileId, some.map(({ batch }) => batch)],
      ),
    ),
  };
}

function judge(line: BankStatusLine, { byKey, byTrace, byFile, contradicted }: Index): Judged[] {
  const { reference } = line;
  if (reference.by === 'FILE') {
    const { batch: only, except } = reference;
    const keys = new Set(except?.keys);
    const all = (byFile.get(uuidOf(reference.fileId)) ?? []).filter(
      ({ batch }) => only === null || batch === only,
    );
    if (all.length === 0) return [unknown(line)];
    const without = [...(except?.batches ?? []), ...(contradicted.get(reference.fileId) ?? [])];
    if (without.includes(null)) return [];
    const some = all.filter(({ key, batch }) => !keys.has(key) && !without.includes(batch));
    if (line.amount === null) return some.map((payment) => judgeOne(line, payment));
    // A booking of a whole file counts only if its amount equals the sum of the payments. Payments that the bank rejected before
    // are not in the booking.
    const left = some.filter(({ status }) => status !== 'REJECTED');
    const booked = [left, some].find((these) => isSumOf(these, line.amount));
    return booked
      ? booked.map((payment) => judgeOne({ ...line, amount: null }, payment))
      : some.map((payment) => different(line, payment, 'the booked amount differs from the sum of the file'));
  }
  const payment =
    reference.by === 'KEY'
      ? byKey.get(reference.key ?? '')
      : byTrace
          .get(reference.trace)
          ?.find(({ key }) => key.slice(-15).toUpperCase() === reference.identification.toUpperCase());
  if (!payment && reference.by === 'KEY' && reference.mentions) {
    const mentioned = reference.mentions.flatMap((each) => byKey.get(each) ?? []);
    // Beside another reference, only a clear return is certain.
    const certain = mentioned.length === 1 && (reference.key === null || line.status === 'RETURNED');
    const status = certain ? line.status : 'UNCLEAR';
    const found = mentioned.map((payment) => {
      const named = { ...line, status, reference: { ...reference, key: reference.key ?? payment.key } };
      return mentioned.length === 1
        ? judgeOne(named, payment)
        : different(named, payment, 'the booking also names another payment');
    });
    if (found.length > 0) return found;
    if (reference.key === null) return [];
  }
  if (!payment && line.status === 'UNCLEAR') return []; // a booking of others, with a reference of their own
  if (payment) return [judgeOne(line, payment)];
  if (reference.by === 'TRACE') return [unknown(line)];
  const ofOurs = reference.contradicts && byFile.has(uuidOf(reference.contradicts.fileId));
  return [reference.key === null || ofOurs ? unidentified(line) : unknown(line)];
}

const isSumOf = (payments: readonly Payment[], amount: BankStatusLine['amount']): boolean =>
  amount !== null &&
  payments[0]?.currency === amount.currency &&
  payments.reduce((sum, { minor }) => sum + minor, 0n) === amount.minor;

const unknown = (line: BankStatusLine): Judged => ({
  ...{ payment: null, line, outcome: 'UNKNOWN' },
  explanation: 'No payment has this reference.',
});

const unidentified = (line: BankStatusLine): Judged => ({
  ...{ payment: null, line, outcome: 'DIFFERENT' },
  explanation: `The bank reports ${line.status}${line.code ? ` (${line.code})` : ''} for a payment that it does not identify. A different status of the batch or file is not applied. Ask the bank for the reference of the payment.`,
});

function different(line: BankStatusLine, payment: Payment, words: string): Judged {
  const reported =
    line.status === 'UNCLEAR'
      ? 'booked an amount with the reference of the payment'
      : `reports ${line.status}`;
  const explanation = `The bank ${reported}${line.code ? ` (${line.code})` : ''}, but ${words}.`;
  Object.assign(payment, { difference: explanation, changed: true });
  return { payment, line, outcome: 'DIFFERENT', explanation };
}

function judgeOne(line: BankStatusLine, payment: Payment): Judged {
  const { status, code, amount, accountType } = line;
  if (amount && (amount.minor !== payment.minor || amount.currency !== payment.currency)) {
    const ours = { minor: payment.minor, currency: payment.currency };
    return different(
      line,
      payment,
      `the reported amount is ${amountText(amount)} ${amount.currency} and the payment is ${amountText(ours)} ${ours.currency}`,
    );
  }
  if (status === 'NOTED') {
    const correction = /^C\d\d$/.test(code ?? '') ? correctionInWords(code ?? '', accountType) : null;
    if (correction) Object.assign(payment, { correction, changed: true });
    return {
      payment,
      line,
      outcome: 'NOTED',
      explanation: correction ?? 'The bank status does not change the payment.',
    };
  }
  if (status === 'UNCLEAR')
    return different(line, payment, 'does not say that the booking executes or returns the payment');
  if (!payment.downloaded) return different(line, payment, 'no file with the payment was downloaded');
  const outcome = outcomeOf(status, payment.status);
  if (outcome === 'DIFFERENT') return different(line, payment, `the payment is ${payment.status}`);
  if (outcome === 'REPEATED') return { payment, line, outcome, explanation: null };
  const bad = status === 'REJECTED' || status === 'RETURNED';
  Object.assign(payment, {
    ...{ status, changed: true },
    ...(bad && { code, reason: reasonInWords(code) }),
  });
  return { payment, line, outcome, explanation: bad ? payment.reason : null };
}

function nameOf(reference: BankReference): string {
  if (reference.by === 'KEY') return reference.key?.slice(0, 35) ?? 'NOTPROVIDED';
  if (reference.by === 'TRACE') return reference.trace;
  return reference.batch === null ? reference.fileId : `${reference.fileId}-${reference.batch}`;
}

/** Rows of one statement. Other requests have their turn between two statements. */
const AT_ONCE = 2_000;

async function keepLines(
  em: EntityManager,
  made: BankStatusImport,
  judged: readonly Judged[],
): Promise<void> {
  for (let start = 0; start < judged.length; start += AT_ONCE) {
    const rows = judged.slice(start, start + AT_ONCE).map(({ payment, line, outcome, explanation }) => ({
      ...{ id: v7(), payment: payment?.id ?? null, reference: nameOf(line.reference), word: line.status },
      code: line.code?.slice(0, 35) ?? null,
      ...{ minor: line.amount?.minor.toString() ?? null, currency: line.amount?.currency ?? null },
      ...{ outcome, explanation },
    }));
    await sql`
      insert into bank_status_lines (id, tenant_id, import_id, payment_id, reference, word, code, amount_minor, amount_currency, outcome, explanation)
      select id, ${made.tenantId}, ${made.id}, payment, reference, word, code, minor, currency, outcome, explanation
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) t (id uuid, payment uuid, reference text, word text, code text,
        minor bigint, currency text, outcome text, explanation text)`.execute(em);
  }
}

async function store(em: EntityManager, moved: readonly Payment[]): Promise<void> {
  if (moved.length === 0) return;
  const rows = moved.map(({ id, status, code, reason, correction, difference }) => ({
    ...{ id, status, code, reason, correction, difference },
  }));
  await sql`
    update bank_payments b
    set status = t.status, code = t.code, reason = t.reason, correction = t.correction, difference = t.difference
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) t (id uuid, status text, code text, reason text, correction text, difference text)
    where b.id = t.id`.execute(em);
}
