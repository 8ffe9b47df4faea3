import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import type { BankFormat } from '../../../domain/bank-status.ts';
import { type DutyReason, refusedBy } from '../../../domain/duties.ts';
import { conflict, invalid, notFound } from '../../../domain/errors.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountOf, amountText } from '../../../kernel/request/currency.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import { record } from '../../foundation/audit/public.ts';
import { enqueueSend } from '../payout/public.ts';
import { BankFile, bankFileTable } from './bank-file.entity.ts';
import { loadText } from './bank-file-text.ts';
import { deskOf } from './create-bank-file.ts';

const allowed = (ctx: Context, action: string, id: string): Promise<void> =>
  authorizeRow(ctx, action, bankFileTable, id);

async function lockFile(em: EntityManager, id: string): Promise<BankFile> {
  const file = await em.findOne(BankFile, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!file) throw notFound('bank file');
  return file;
}

/** Four-eyes check: the creator of a file must not approve it. The stored text is checked again before the approval. */
export async function approveBankFile(ctx: Context, id: string): Promise<string> {
  await allowed(ctx, 'approve', id);
  const { format, text } = await opened(ctx, id);
  deskOf(ctx).check(format, text);
  return transact(ctx, async (em) => {
    const file = await lockFile(em, id);
    if (file.status !== 'DRAFT')
      throw conflict(`This bank file is ${file.status}, but only a DRAFT bank file can be approved.`);
    const [row] = await sql<{ barred: DutyReason | null }>`
      select file_conflict(f, ${ctx.actor.id}) as barred from bank_files f where f.id = ${file.id}`.execute(
      em,
    );
    if (row?.barred) throw refusedBy('SIGN_FILE', row.barred);
    requireDayToCome(ctx, file);
    await requireNothingKeptBack(em, ctx, file);
    Object.assign(file, { status: 'APPROVED', approvedBy: ctx.actor.id, approvedAt: ctx.clock.now() });
    record(em, ctx, 'bankFile.approved', file, {
      before: { status: 'DRAFT' },
      after: { status: 'APPROVED', total: file.total, sha256: file.sha256 },
    });
    return file.id;
  });
}

/** A bank refuses a file whose execution day has passed, or pays it on a day that was not approved. */
function requireDayToCome({ clock }: Context, { executeOn }: BankFile): void {
  if (executeOn < clock.now().toISOString().slice(0, 10))
    throw conflict(
      `The execution day of the file, ${executeOn}, has passed. Cancel the file and create a new one.`,
      {
        reason: 'DAY_PASSED',
      },
    );
}

/** Since the creation of a file, payouts in it may have been put on hold, or a bank status may contradict it. */
async function requireNothingKeptBack(
  em: EntityManager,
  { clock }: Pick<Context, 'clock'>,
  { id, downloads, paymentCount }: BankFile,
): Promise<void> {
  const [held] = await sql<{ count: number }>`
    select count(*)::int as count from bank_file_items i join bank_payments b on b.id = i.payment_id
    where i.file_id = ${id} and i.voided_at is null and b.status = 'IN_FILE'`.execute(em);
  if (downloads === 0 && held?.count !== paymentCount)
    throw conflict(
      'A payment of the file was settled in another way. Cancel the file and create a new one.',
      {
        reason: 'KEPT_BACK',
      },
    );
  const [kept] = await sql<{ reference: string; why: string }>`
    select b.key as reference, why_kept_back(b, ${clock.now()}::timestamptz) as why
    from bank_file_items i join bank_payments b on b.id = i.payment_id
    where i.file_id = ${id} and i.voided_at is null and b.status = 'IN_FILE' and why_kept_back(b, ${clock.now()}::timestamptz) is not null
    order by b.id limit 1`.execute(em);
  if (kept)
    throw conflict(
      `The payment ${kept.reference} must not go to the bank (${kept.why}). Cancel the file and create a new one.`,
      { reason: 'KEPT_BACK' },
    );
}

async function opened(ctx: Context, id: string): Promise<{ format: BankFormat; text: string }> {
  const [file] = await query(
    ctx,
    sql<{ format: BankFormat; sha256: string }>`select format, sha256 from bank_files where id = ${idOf(id)}`,
  );
  if (!file) throw notFound('bank file');
  return { format: file.format, text: await loadText(ctx, id, file.sha256) };
}

export interface BankFileText {
  readonly name: string;
  readonly mediaType: string;
  readonly sha256: string;
  readonly content: string;
}

/** Returns the bytes for the bank, the same each time. The file contains account numbers, so a fresh sign-in is required, and
 *  each download is recorded in the audit log. */
export async function downloadBankFile(ctx: Context, id: string): Promise<BankFileText> {
  await allowed(ctx, 'decide', id);
  const { format, text } = await opened(ctx, id);
  return transact(ctx, async (em) => {
    const file = await lockFile(em, id);
    if (file.status !== 'APPROVED')
      throw conflict(`This bank file is ${file.status}, but only an APPROVED bank file can be downloaded.`, {
        reason: 'NOT_APPROVED',
      });
    if (!file.downloadedAt) requireDayToCome(ctx, file);
    await requireNothingKeptBack(em, ctx, file);
    file.downloads += 1;
    file.downloadedBy = [...new Set([...file.downloadedBy, ctx.actor.id])];
    file.downloadedAt ??= ctx.clock.now();
    record(em, ctx, 'bankFile.downloaded', file, {
      after: { downloads: file.downloads, sha256: file.sha256 },
    });
    const xml = format === 'PAIN';
    return {
      name: `payouts-${file.id}.${xml ? 'xml' : 'ach'}`,
      mediaType: xml ? 'application/xml; charset=utf-8' : 'text/plain; charset=us-ascii',
      sha256: file.sha256,
      content: text,
    };
  });
}

/** Cancels a file: its payments wait for another one. The bank may have a downloaded file and would then pay its payments
 *  twice. So another person must state that the bank never received it. */
export async function cancelBankFile(
  ctx: Context,
  id: string,
  reason: string,
  neverSubmitted: boolean,
): Promise<string> {
  const why = reasonOf(reason);
  await allowed(ctx, 'cancel', id);
  return transact(ctx, async (em) => {
    const file = await lockFile(em, id);
    if (file.status === 'CANCELED') throw conflict('The bank file is already CANCELED.');
    if (file.downloads > 0) {
      if (!neverSubmitted)
        throw conflict(
          'The bank file was downloaded, so the bank may pay it. Import the bank status of the file, or state with `neverSubmitted` that the bank never received the file.',
          { reason: 'DOWNLOADED' },
        );
      if (file.downloadedBy.includes(ctx.actor.id)) throw refusedBy('WITHDRAW_FILE', 'DOWNLOADED_BY_YOU');
    }
    const [heard] = await sql`
      select 1 from bank_payments b join bank_file_items i on i.payment_id = b.id
      where i.file_id = ${file.id} and i.voided_at is null and b.status <> 'IN_FILE' limit 1`.execute(em);
    if (heard || file.settledAt)
      throw conflict('The bank already reported on this file, so the file cannot be canceled.', {
        reason: 'HEARD_OF',
      });
    const before = { status: file.status };
    const canceledAt = ctx.clock.now();
    Object.assign(file, {
      ...{ status: 'CANCELED', canceledBy: ctx.actor.id, canceledAt, cancelReason: why },
    });
    await em.flush();
    await sql`
      with gone as (
        update bank_file_items set voided_at = ${canceledAt} where file_id = ${file.id} and voided_at is null
        returning payment_id)
      update bank_payments b set status = 'WAITING' from gone where b.id = gone.payment_id`.execute(em);
    record(em, ctx, 'bankFile.canceled', file, {
      before,
      after: { status: 'CANCELED', downloads: file.downloads, neverSubmitted },
      reason: why,
    });
    return file.id;
  });
}

/** The ACH network does not report successful payments. When the bank debited exactly the total, payments that were not returned
 *  are paid. */
export async function settleBankFile(ctx: Context, id: string, debited: string): Promise<string> {
  await allowed(ctx, 'decide', id);
  return transact(ctx, async (em) => {
    const file = await lockFile(em, id);
    if (file.format !== 'NACHA')
      throw conflict('The bank reports on pain.001 files. Import its pain.002 or camt file instead.', {
        reason: 'BANK_SAYS',
      });
    if (file.status !== 'APPROVED' || file.downloads === 0)
      throw conflict('This bank file was never downloaded, so the bank cannot have paid it.', {
        reason: 'NOT_DOWNLOADED',
      });
    if (file.settledAt) throw conflict('The bank file is already settled.');
    const amount = amountOf(debited, file.total.currency, 'debited');
    if (amount.minor !== file.total.minor)
      throw invalid('debited', `must be the total of the file, ${amountText(file.total)}`);
    if (ctx.clock.now().toISOString().slice(0, 10) < file.executeOn)
      throw conflict(
        `The execution day of the file is ${file.executeOn}. Settle the file on that day or later.`,
        { reason: 'DAY_TO_COME' },
      );
    Object.assign(file, { settledBy: ctx.actor.id, settledAt: ctx.clock.now() });
    await em.flush();
    const paid = await sql<{ id: string }>`
      update bank_payments b set status = 'PAID' from bank_file_items i
      where i.file_id = ${file.id} and i.voided_at is null and b.id = i.payment_id and b.status in ('IN_FILE', 'ACCEPTED')
      returning b.payout_id as id`.execute(em);
    await enqueueSend(
      em,
      paid.map((row) => row.id),
    );
    record(em, ctx, 'bankFile.settled', file, { after: { debited: file.total, paid: paid.length } });
    return file.id;
  });
}
