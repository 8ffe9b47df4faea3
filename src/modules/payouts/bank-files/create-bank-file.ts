import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import type { BankAccountType } from '../../../domain/bank-account.ts';
import type { BankFormat } from '../../../domain/bank-status.ts';
import { conflict, notFound } from '../../../domain/errors.ts';
import { type Money, money } from '../../../domain/money.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { currencyOf } from '../../../kernel/request/currency.ts';
import { idOf } from '../../../kernel/request/input.ts';
import type { BankCredit, BankDesk, BankObjection } from '../../../ports/bank-desk.ts';
import { record } from '../../foundation/audit/public.ts';
import { openAll, transactSealing } from '../../foundation/data-keys/public.ts';
import { BankFile } from './bank-file.entity.ts';
import type { CreateBankFileInput } from './bank-file.inputs.ts';
import { keepText, sha256Of } from './bank-file-text.ts';

/** Maximum number of payments in one file. Other payments wait for the next file. */
const MAX_PAYMENTS = 5_000;
const OPENED_AT_ONCE = 100; // data keys that are decrypted at the same time
const TRIES = 5;

interface Waiting {
  readonly id: string;
  readonly payoutId: string;
  readonly credit: BankCredit;
  readonly objection: BankObjection | null;
}

/** Creates a file from the waiting payments of a currency, oldest first, and returns its id. The accounts are decrypted and
 *  the text is written and checked before the transaction, which takes exactly those payments or starts again. A payment that
 *  cannot be written is rejected with its reason. */
export async function createBankFile(ctx: Context, input: CreateBankFileInput): Promise<string> {
  const tenantId = ctx.actor.tenantId ?? '';
  const currency = currencyOf(input.currency, 'input.currency');
  const runId = input.runId == null ? null : idOf(input.runId, 'input.runId');
  await authorize(ctx, 'make', { kind: 'payout', id: '(file)', attributes: { tenantId } });
  const desk = deskOf(ctx);
  if (runId) await requireRun(ctx, tenantId, runId);
  for (let tries = 1; tries <= TRIES; tries++) {
    const found = await waiting(ctx, desk, { tenantId, currency, runId });
    if (!found) throw conflict('No payment waits for a bank file.', { reason: 'NOTHING_WAITS' });
    const { format, payments } = found;
    const refused = payments.filter(({ objection }) => objection);
    const taken = fitting(
      payments.filter(({ objection }) => !objection),
      desk.largestTotal(format),
    );
    if (taken.length === 0) {
      await transact(ctx, async (em) => {
        await reject(em, refused);
        const subjects = refused.map(({ id }) => id);
        record(em, ctx, 'bankPayments.rejected', { id: null, tenantId }, { subjects });
      });
      throw conflict(
        'No waiting payment can be written into a file. Each payment was rejected with its reason.',
        {
          reason: 'NOTHING_PAYABLE',
        },
      );
    }
    const id = await write(ctx, desk, { tenantId, currency, runId, format, taken, refused });
    if (id) return id;
  }
  throw conflict('Other bank files took the payments at the same time. Try again.', { reason: 'TAKEN' });
}

async function requireRun(ctx: Context, tenantId: string, runId: string): Promise<void> {
  const of = sql`select 1 from payout_runs where id = ${runId} and tenant_id = ${tenantId}`;
  if ((await query(ctx, of)).length === 0) throw notFound('payout run', { field: 'input.runId' });
}

export function deskOf({ bank }: Pick<Context, 'bank'>): BankDesk {
  if (!bank) throw conflict('No bank is configured for bank files.', { reason: 'NO_BANK' });
  return bank;
}

interface Which {
  readonly tenantId: string;
  readonly currency: string;
  readonly runId: string | null;
}

async function waiting(
  ctx: Context,
  desk: BankDesk,
  { tenantId, currency, runId }: Which,
): Promise<{ format: BankFormat; payments: Waiting[] } | null> {
  const rows = await query(
    ctx,
    sql<WaitingRow>`
      select /* bankFiles.waiting */ b.id, b.payout_id as "payoutId", b.key, b.amount_minor as minor, b.format, a.id as "accountId", a.country, a.account_type as "accountType",
        a.holder_name as "holderName", a.details, a.removed_at is not null as removed
      from bank_payments b join payout_accounts a on a.tenant_id = b.tenant_id and a.id = b.account_id
      where b.status = 'WAITING' and why_kept_back(b, ${ctx.clock.now()}::timestamptz) is null and b.tenant_id = ${tenantId}
        and b.amount_currency = ${currency} and ${runId === null ? sql`true` : sql`b.run_id = ${runId}`}
      order by b.id limit ${sql.raw(MAX_PAYMENTS)}`,
  );
  const format = rows[0]?.format;
  if (!format) return null;
  const same = rows.filter((row) => row.format === format);
  const serials = await reserveSerials(ctx, format === 'NACHA' ? same.length : 0);
  const payments: Waiting[] = [];
  for (let start = 0; start < same.length; start += OPENED_AT_ONCE) {
    const some = same.slice(start, start + OPENED_AT_ONCE);
    const opened = await openAll(
      ctx,
      some.flatMap(({ accountId, holderName, details }) => {
        const place = (column: string) => ({ tenantId, table: 'payout_accounts', column, rowId: accountId });
        return [
          { place: place('holder_name'), envelope: holderName },
          { place: place('details'), envelope: details },
        ];
      }),
    );
    for (const [index, row] of some.entries()) {
      const [holderName, details] = [opened[2 * index], opened[2 * index + 1]];
      const credit = {
        key: row.key,
        amount: money(row.minor, currency),
        holderName: holderName ?? '',
        country: row.country,
        accountType: row.accountType,
        details: details == null ? {} : JSON.parse(details),
        serial: serials[start + index] ?? 0,
      };
      const gone = details == null || row.removed;
      const objection = gone ? REMOVED : desk.objectionTo(format, credit);
      payments.push({ id: row.id, payoutId: row.payoutId, credit, objection });
    }
  }
  return { format, payments };
}

interface WaitingRow {
  readonly id: string;
  readonly payoutId: string;
  readonly key: string;
  readonly minor: bigint;
  readonly format: BankFormat;
  readonly accountId: string;
  readonly country: string;
  readonly accountType: BankAccountType | null;
  readonly holderName: string;
  readonly details: string;
  readonly removed: boolean;
}

const REMOVED: BankObjection = {
  code: 'account_removed',
  reason:
    'The account was removed or replaced before the payment left. It can be sent again, to the account that is set now.',
};

async function reserveSerials(ctx: Context, count: number): Promise<number[]> {
  if (count === 0) return [];
  const rows = await query(
    ctx,
    sql<{
      serial: number;
    }>`select nextval('bank_serials')::int as serial from generate_series(1, ${count}::int)`,
  );
  return rows.map(({ serial }) => serial);
}

/** The first payments, as far as their sum goes into one file. */
function fitting(payments: readonly Waiting[], largest: bigint): Waiting[] {
  let total = 0n;
  const end = payments.findIndex(({ credit }) => {
    total += credit.amount.minor;
    return total > largest;
  });
  return end === -1 ? [...payments] : payments.slice(0, Math.max(1, end));
}

interface Writing extends Which {
  readonly format: BankFormat;
  readonly taken: readonly Waiting[];
  readonly refused: readonly Waiting[];
}

/** Returns the file's id; null when another file took some of the payments in the meantime. */
async function write(
  ctx: Context,
  desk: BankDesk,
  { tenantId, currency, runId, format, taken, refused }: Writing,
): Promise<string | null> {
  const id = v7();
  const madeAt = ctx.clock.now();
  const executeOn = desk.executeOn(format, madeAt);
  const credits = taken.map(({ credit }) => credit);
  const total: Money = money(
    credits.reduce((sum, { amount }) => sum + amount.minor, 0n),
    currency,
  );
  const [{ ofDay } = { ofDay: 0 }] = await query(
    ctx,
    sql<{ ofDay: number }>`
      select count(*)::int as "ofDay" from bank_files
      where tenant_id = ${tenantId} and format = ${format} and created_at >= now() - interval '1 day'`,
  );
  const key = id.replaceAll('-', '');
  const text = desk.write({ id: key, format, currency, madeAt, executeOn, ofDay, credits });
  return transactSealing(ctx, { tenantId, partnerId: null }, async (em, seal) => {
    const items = JSON.stringify(
      taken.map((payment) => ({ id: v7(), payment: payment.id, ...desk.namesOf(format, payment.credit) })),
    );
    const claimed = await sql`
      update bank_payments set status = 'IN_FILE' where id = any(array(
        select b.id from bank_payments b join jsonb_to_recordset(${items}::jsonb) t (payment uuid) on t.payment = b.id
        where b.status = 'WAITING' order by b.id for update of b)) returning id`.execute(em);
    if (claimed.length !== taken.length) {
      await sql`
        update bank_payments set status = 'WAITING' where id = any(array(
          select (row->>'id')::uuid from jsonb_array_elements(${JSON.stringify(claimed)}::jsonb) row))
      `.execute(em);
      return null;
    }
    const file = em.create(BankFile, {
      ...{ id, tenantId, runId, format, executeOn, ofDay, paymentCount: taken.length },
      ...{ total: new MoneyColumn(total), sha256: sha256Of(text), createdBy: ctx.actor.id },
    });
    await em.flush();
    await keepText(em, seal, file, text);
    await sql`
      insert into bank_file_items (id, tenant_id, file_id, payment_id, batch, trace)
      select t.id, ${tenantId}, ${id}, t.payment, t.batch, t.trace
      from jsonb_to_recordset(${items}::jsonb) t (id uuid, payment uuid, batch int, trace text)`.execute(em);
    await reject(em, refused);
    record(em, ctx, 'bankFile.created', file, {
      after: {
        format,
        total,
        executeOn,
        payments: taken.length,
        rejected: refused.length,
        sha256: file.sha256,
      },
      subjects: [...taken, ...refused].map((payment) => payment.id),
    });
    return id;
  });
}

/** Rejects payments that cannot be written into a file, and starts the jobs of their payouts. */
async function reject(em: EntityManager, refused: readonly Waiting[]): Promise<void> {
  if (refused.length === 0) return;
  const rows = JSON.stringify(refused.map(({ id, objection }) => ({ id, ...objection })));
  await sql`
    with gone as (
      update bank_payments b set status = 'REJECTED', code = t.code, reason = t.reason
      from jsonb_to_recordset(${rows}::jsonb) t (id uuid, code text, reason text)
      where b.id = t.id and b.status = 'WAITING' returning b.payout_id)
    select enqueue_send_payout(payout_id) from gone`.execute(em);
}
