import { type Condition, where } from '../../../kernel/data/condition.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query, Statement, scopeOf } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { BankFileFilter, BankPaymentFilter } from './bank-file.inputs.ts';
import { bankPaymentTable, type WaitingBankPayments } from './bank-payment.entity.ts';

export const narrowFiles = (filter: BankFileFilter | null): Condition[] => [
  ...(filter?.status ? [where('f.status = $', filter.status)] : []),
  ...(filter?.currency ? [where('f.total_currency = $', filter.currency)] : []),
];

export const narrowPayments = (filter: BankPaymentFilter | null): Condition[] => [
  ...(filter?.status ? [where('b.status = $', filter.status)] : []),
  ...(filter?.payoutId ? [where('b.payout_id = $', filter.payoutId)] : []),
  ...(filter?.runId ? [where('b.run_id = $', filter.runId)] : []),
  ...(filter?.different ? [where('b.difference is not null')] : []),
];

/** Payments that wait for a file, one row per currency. */
export async function waitingPayments(ctx: Context): Promise<WaitingBankPayments[]> {
  const statement = new Statement()
    .add(
      `select b.amount_currency, b.format, count(*)::int, sum(b.amount_minor)::bigint
          from bank_payments b where b.status = 'WAITING' and why_kept_back(b, $::timestamptz) is null`,
      ctx.clock.now(),
    )
    .and(scopeOf(ctx.actor, bankPaymentTable))
    .add(' group by b.amount_currency, b.format order by b.amount_currency, b.format');
  return (await query(ctx, statement)).map(([currency, format, count, minor]) => ({
    format: format as WaitingBankPayments['format'],
    count: count as number,
    total: new MoneyColumn({ minor: minor as bigint, currency: currency as string }),
  }));
}
