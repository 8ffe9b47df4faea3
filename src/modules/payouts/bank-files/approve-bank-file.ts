import { type EntityManager, LockMode, sql } from '@mikro-orm/postgresql';
import type { BankFormat } from '../../../domain/bank-status.ts';
import { conflict, forbidden, invalid, notFound } from '../../../domain/errors.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { query, Statement } from '../../../kernel/data/rows.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountOf, amountText } from '../../../kernel/request/currency.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';
import { requireFreshSignIn } from '../../../kernel/request/permission.ts';

import { record } from '../../foundation/audit/public.ts';
import { enqueueSend } from '../payout/public.ts';
import { BankFile, bankFileTable } from './bank-file.entity.ts';
import { textOf } from './bank-file-text.ts';
import { deskOf } from './create-bank-file.ts';

const allowed = (ctx: Context, action: string, id: string): Promise<void> =>
  authorizeRow(ctx, action, bankFileTable, id);

async function lockFile(em: EntityManager, id: string): Promise<BankFile> {
  const file = await em.findOne(BankFile, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!file) throw notFound('bank file');
  return file;
}

/** Four eyes: who made a file does not let it go. What is approved is the very text that was sealed, checked once more. */
export async function approveBankFile(ctx: Context, id: string): Promise<string> {
  requireFreshSignIn(ctx.actor);
  await allowed(ctx, 'approve', id);
  const { format, text } = await opened(ctx, id);
  deskOf(ctx).check(format, text);
  return transact(ctx, async (em) => {
    const file = await lockFile(em, id);
    if (file.status !== 'DRAFT')
      throw conflict(`approve needs a bank file that is DRAFT; this one is ${file.status}`);
    if (file.createdBy === ctx.actor.id) throw forbidden('who made a bank file may not approve it');
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

/** A bank refuses a file whose day has passed, or pays it on a day that nobody approved. */
function requireDayToCome({ clock }: Context, { executeOn }: BankFile): void {
  if (executeOn < clock.now().toISOString().slice(0, 10))
    throw conflict(`the day of the file, ${executeOn}, has passed: cancel it and make another`, {
      reason: 'DAY_PASSED',
    });
}

/** Since a file was made, payouts of somebody in it may have been held, or the bank may have said what contradicts it. */
async function requireNothingKeptBack(
  em: EntityManager,
  { clock }: Pick<Context, 'clock'>,
  { id, downloads, paymentCount }: BankFile,
): Promise<void> {
  const [held] = await em.execute<{ count: number }[]>(sql`
    select count(*)::int as count from bank_file_items i join bank_payments b on b.id = i.payment_id
    where i.file_id = ${id} and i.voided_at is null and b.status = 'IN_FILE'`);
  if (downloads === 0 && held?.count !== paymentCount)
    throw conflict('a payment of the file was settled otherwise: cancel the file and make another', {
      reason: 'KEPT_BACK',
    });
  const [kept] = await em.execute<{ reference: string; why: string }[]>(sql`
    select b.key as reference, why_kept_back(b, ${clock.now()}::timestamptz) as why
    from bank_file_items i join bank_payments b on b.id = i.payment_id
    where i.file_id = ${id} and i.voided_at is null and b.status = 'IN_FILE' and why_kept_back(b, ${clock.now()}::timestamptz) is not null
    order by b.id limit 1`);
  if (kept)
    throw conflict(
      `payment ${kept.reference} may not go to the bank (${kept.why}): cancel the file and make another`,
      { reason: 'KEPT_BACK' },
    );
}

async function opened(ctx: Context, id: string): Promise<{ format: BankFormat; text: string }> {
  const statement = new Statement().add('select format, sha256 from bank_files where id = $', idOf(id));
  const [row] = await query(ctx, statement);
  if (!row) throw notFound('bank file');
  return { format: row[0] as BankFormat, text: await textOf(ctx, id, row[1] as string) };
}

export interface BankFileText {
  readonly name: string;
  readonly mediaType: string;
  readonly sha256: string;
  readonly content: string;
}

/** The bytes for the bank, the same each time. It holds the account numbers of everybody in it, so a stolen session does not
 *  get it, and every time is an entry of the audit log. */
export async function downloadBankFile(ctx: Context, id: string): Promise<BankFileText> {
  requireFreshSignIn(ctx.actor);
  await allowed(ctx, 'decide', id);
  const { format, text } = await opened(ctx, id);
  return transact(ctx, async (em) => {
    const file = await lockFile(em, id);
    if (file.status !== 'APPROVED')
      throw conflict(`only an APPROVED bank file is handed out; this one is ${file.status}`, {
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

/** Calls a file off: its payments wait for another one. The bank may have one that was downloaded, and pay its payments a
 *  second time: that needs somebody else, who says that it never got it. */
export async function cancelBankFile(
  ctx: Context,
  id: string,
  reason: string,
  neverSubmitted: boolean,
): Promise<string> {
  const why = reasonOf(reason);
  await allowed(ctx, 'cancel', id);
  if (neverSubmitted) requireFreshSignIn(ctx.actor);
  return transact(ctx, async (em) => {
    const file = await lockFile(em, id);
    if (file.status === 'CANCELED') throw conflict('the bank file is CANCELED already');
    if (file.downloads > 0) {
      if (!neverSubmitted)
        throw conflict(
          'the bank file was downloaded, so the bank may pay it: import what the bank says of it, or state that it never got it',
          { reason: 'DOWNLOADED' },
        );
      if (file.downloadedBy.includes(ctx.actor.id))
        throw forbidden('who downloaded a bank file may not say that the bank never got it');
    }
    const [heard] = await em.execute<object[]>(sql`
      select 1 from bank_payments b join bank_file_items i on i.payment_id = b.id
      where i.file_id = ${file.id} and i.voided_at is null and b.status <> 'IN_FILE' limit 1`);
    if (heard || file.settledAt)
      throw conflict('the bank has said something of the file already', { reason: 'HEARD_OF' });
    const before = { status: file.status };
    Object.assign(file, {
      ...{ status: 'CANCELED', canceledBy: ctx.actor.id, canceledAt: ctx.clock.now(), cancelReason: why },
    });
    await em.flush();
    await em.execute(sql`
      with gone as (
        update bank_file_items set voided_at = ${file.canceledAt} where file_id = ${file.id} and voided_at is null
        returning payment_id)
      update bank_payments b set status = 'WAITING' from gone where b.id = gone.payment_id`);
    record(em, ctx, 'bankFile.canceled', file, {
      before,
      after: { status: 'CANCELED', downloads: file.downloads, neverSubmitted },
      reason: why,
    });
    return file.id;
  });
}

/** The ACH network says nothing of what went well. Once the account was debited by exactly the total, what was not returned
 *  is paid. */
export async function settleBankFile(ctx: Context, id: string, debited: string): Promise<string> {
  requireFreshSignIn(ctx.actor);
  await allowed(ctx, 'decide', id);
  return transact(ctx, async (em) => {
    const file = await lockFile(em, id);
    if (file.format !== 'NACHA')
      throw conflict('the bank says itself what became of a pain.001 file: import its pain.002 or camt', {
        reason: 'BANK_SAYS',
      });
    if (file.status !== 'APPROVED' || file.downloads === 0)
      throw conflict('the bank can not have paid a file that was never handed out', {
        reason: 'NOT_DOWNLOADED',
      });
    if (file.settledAt) throw conflict('the bank file is settled already');
    const amount = amountOf(debited, file.total.currency, 'debited');
    if (amount.minor !== file.total.minor)
      throw invalid('debited', `is not the total of the file, ${amountText(file.total)}`);
    if (ctx.clock.now().toISOString().slice(0, 10) < file.executeOn)
      throw conflict(`the file is paid on ${file.executeOn}`, { reason: 'DAY_TO_COME' });
    Object.assign(file, { settledBy: ctx.actor.id, settledAt: ctx.clock.now() });
    await em.flush();
    const paid = await em.execute<{ id: string }[]>(sql`
      update bank_payments b set status = 'PAID' from bank_file_items i
      where i.file_id = ${file.id} and i.voided_at is null and b.id = i.payment_id and b.status in ('IN_FILE', 'ACCEPTED')
      returning b.payout_id as id`);
    await enqueueSend(
      em,
      paid.map((row) => row.id),
    );
    record(em, ctx, 'bankFile.settled', file, { after: { debited: file.total, paid: paid.length } });
    return file.id;
  });
}
