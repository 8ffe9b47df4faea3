import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { BankFileFilter, BankPaymentFilter } from './bank-file.inputs.ts';
import { bankPaymentTable, type WaitingBankPayments } from './bank-payment.entity.ts';

export const narrowFiles = (filter: BankFileFilter | null): Sql[] => [
  ...(filter?.status ? [sql`f.status = ${filter.status}`] : []),
  ...(filter?.currency ? [sql`f.total_currency = ${filter.currency}`] : []),
];

export const narrowPayments = (filter: BankPaymentFilter | null): Sql[] => [
  ...(filter?.status ? [sql`b.status = ${filter.status}`] : []),
  ...(filter?.payoutId ? [sql`b.payout_id = ${filter.payoutId}`] : []),
  ...(filter?.runId ? [sql`b.run_id = ${filter.runId}`] : []),
  ...(filter?.different ? [sql`b.difference is not null`] : []),
];

/** Payments that wait for a file, one row per currency. */
export async function waitingPayments(ctx: Context): Promise<WaitingBankPayments[]> {
  const rows = await query(
    ctx,
    sql<Pick<WaitingBankPayments, 'format' | 'count'> & { currency: string; minor: bigint }>`
      select b.amount_currency as currency, b.format, count(*)::int as count, sum(b.amount_minor)::bigint as minor from bank_payments b
      where b.status = 'WAITING' and why_kept_back(b, ${ctx.clock.now()}::timestamptz) is null and ${scopeOf(ctx.actor, bankPaymentTable)}
      group by b.amount_currency, b.format order by b.amount_currency, b.format`,
  );
  return rows.map(({ format, count, currency, minor }) => ({
    format,
    count,
    total: new MoneyColumn({ minor, currency }),
  }));
}
