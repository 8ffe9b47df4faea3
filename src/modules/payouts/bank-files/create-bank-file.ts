import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import type { BankFormat } from '../../../domain/bank-status.ts';
import { conflict, notFound } from '../../../domain/errors.ts';
import { type Money, money } from '../../../domain/money.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import { where } from '../../../kernel/data/condition.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query, Statement } from '../../../kernel/data/rows.ts';
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

/** What one file holds at most; what is left waits for the next one. */
const MAX_PAYMENTS = 5_000;
const OPENED_AT_ONCE = 100; // keys that the key service is asked for
const TRIES = 5;

interface Waiting {
  readonly id: string;
  readonly payoutId: string;
  readonly credit: BankCredit;
  readonly objection: BankObjection | null;
}

/** Puts waiting payments of a currency into a new file, oldest first, and answers with its id. The accounts are opened and
 *  the text is written and checked before the transaction, which takes exactly those payments or starts anew. What can not
 *  be written is rejected, each payment with its reason. */
export async function createBankFile(ctx: Context, input: CreateBankFileInput): Promise<string> {
  const tenantId = ctx.actor.tenantId ?? '';
  const currency = currencyOf(input.currency, 'input.currency');
  const runId = input.runId == null ? null : idOf(input.runId, 'input.runId');
  await authorize(ctx, 'make', { kind: 'payout', id: '(file)', attributes: { tenantId } });
  const desk = deskOf(ctx);
  if (runId) await requireRun(ctx, tenantId, runId);
  for (let tries = 1; tries <= TRIES; tries++) {
    const found = await waiting(ctx, desk, { tenantId, currency, runId });
    if (!found) throw conflict('no payment waits for a file', { reason: 'NOTHING_WAITS' });
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
      throw conflict('no waiting payment can be written into a file: each was rejected with its reason', {
        reason: 'NOTHING_PAYABLE',
      });
    }
    const id = await write(ctx, desk, { tenantId, currency, runId, format, taken, refused });
    if (id) return id;
  }
  throw conflict('other files took the payments: try again', { reason: 'TAKEN' });
}

async function requireRun(ctx: Context, tenantId: string, runId: string): Promise<void> {
  const of = new Statement().add('select 1 from payout_runs where id = $ and tenant_id = $', runId, tenantId);
  if ((await query(ctx, of)).length === 0) throw notFound('payout run', { field: 'input.runId' });
}

export function deskOf({ bank }: Pick<Context, 'bank'>): BankDesk {
  if (!bank) throw conflict('no bank is set up that takes files', { reason: 'NO_BANK' });
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
    new Statement()
      .add(
        `select b.id, b.payout_id, b.key, b.amount_minor, b.format, a.id, a.country, a.holder_name, a.details,
           a.removed_at is not null
         from bank_payments b join payout_accounts a on a.tenant_id = b.tenant_id and a.id = b.account_id
         where b.status = 'WAITING' and why_kept_back(b, $::timestamptz) is null and b.tenant_id = $ and b.amount_currency = $`,
        ctx.clock.now(),
        tenantId,
        currency,
      )
      .and(runId === null ? [] : [where('b.run_id = $', runId)])
      .add(` order by b.id limit ${MAX_PAYMENTS}`),
  );
  const format = rows[0]?.[4] as BankFormat | undefined;
  if (!format) return null;
  const same = rows.filter((row) => row[4] === format);
  const serials = await serialsFor(ctx, format === 'NACHA' ? same.length : 0);
  const payments: Waiting[] = [];
  for (let start = 0; start < same.length; start += OPENED_AT_ONCE) {
    const some = same.slice(start, start + OPENED_AT_ONCE);
    const opened = await openAll(
      ctx,
      some.flatMap((row) =>
        (['holder_name', 'details'] as const).map((name, index) => ({
          place: { tenantId, table: 'payout_accounts', column: name, rowId: row[5] as string },
          envelope: row[7 + index] as string,
        })),
      ),
    );
    for (const [index, row] of some.entries()) {
      const [holderName, details] = [opened[2 * index], opened[2 * index + 1]];
      const credit = {
        key: row[2] as string,
        amount: money(row[3] as bigint, currency),
        holderName: holderName ?? '',
        country: row[6] as string,
        details: details == null ? {} : JSON.parse(details),
        serial: serials[start + index] ?? 0,
      };
      const gone = details == null || (row[9] as boolean);
      const objection = gone ? REMOVED : desk.objectionTo(format, credit);
      payments.push({ id: row[0] as string, payoutId: row[1] as string, credit, objection });
    }
  }
  return { format, payments };
}

const REMOVED: BankObjection = {
  code: 'account_removed',
  reason:
    'The account was removed or replaced before the payment left. It can be sent again, to the account that is set now.',
};

async function serialsFor(ctx: Context, count: number): Promise<number[]> {
  if (count === 0) return [];
  const rows = await query(
    ctx,
    new Statement().add(`select nextval('bank_serials')::int from generate_series(1, $::int)`, count),
  );
  return rows.map(([serial]) => serial as number);
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

/** The file's id; null where another file took some of the payments meanwhile. */
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
  const [[ofDay = 0] = []] = await query(
    ctx,
    new Statement().add(
      `select count(*)::int from bank_files where tenant_id = $ and format = $ and created_at >= now() - interval '1 day'`,
      tenantId,
      format,
    ),
  );
  const key = id.replaceAll('-', '');
  const text = desk.write({ id: key, format, currency, madeAt, executeOn, ofDay: ofDay as number, credits });
  return transactSealing(ctx, { tenantId, partnerId: null }, async (em, seal) => {
    const items = JSON.stringify(
      taken.map((payment) => ({ id: v7(), payment: payment.id, ...desk.namesOf(format, payment.credit) })),
    );
    const claimed = await em.execute<object[]>(sql`
      update bank_payments set status = 'IN_FILE' where id = any(array(
        select b.id from bank_payments b join jsonb_to_recordset(${items}::jsonb) t (payment uuid) on t.payment = b.id
        where b.status = 'WAITING' order by b.id for update of b)) returning id`);
    if (claimed.length !== taken.length) {
      await em.execute(sql`
        update bank_payments set status = 'WAITING' where id = any(array(
          select (row->>'id')::uuid from jsonb_array_elements(${JSON.stringify(claimed)}::jsonb) row))`);
      return null;
    }
    const file = em.create(BankFile, {
      ...{ id, tenantId, runId, format, executeOn, ofDay: ofDay as number, paymentCount: taken.length },
      ...{ total: new MoneyColumn(total), sha256: sha256Of(text), createdBy: ctx.actor.id },
    });
    await em.flush();
    await keepText(em, seal, file, text);
    await em.execute(sql`
      insert into bank_file_items (id, tenant_id, file_id, payment_id, batch, trace)
      select t.id, ${tenantId}, ${id}, t.payment, t.batch, t.trace
      from jsonb_to_recordset(${items}::jsonb) t (id uuid, payment uuid, batch int, trace text)`);
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

/** What can not be written into a file fails, and its payout's job hears of it. */
async function reject(em: EntityManager, refused: readonly Waiting[]): Promise<void> {
  if (refused.length === 0) return;
  const rows = JSON.stringify(refused.map(({ id, objection }) => ({ id, ...objection })));
  await em.execute(sql`
    with gone as (
      update bank_payments b set status = 'REJECTED', code = t.code, reason = t.reason
      from jsonb_to_recordset(${rows}::jsonb) t (id uuid, code text, reason text)
      where b.id = t.id and b.status = 'WAITING' returning b.payout_id)
    select enqueue_send_payout(payout_id) from gone`);
}
