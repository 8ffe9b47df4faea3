import { notFound } from '../../../domain/errors.ts';
import type { PayoutMethod, PayoutStatus } from '../../../domain/payout.ts';
import { where } from '../../../kernel/data/condition.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { from, query } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { payoutTable } from '../payout/public.ts';

/** The head of a remittance advice, without its commissions. */
export interface RemittanceHead {
  readonly payoutId: string;
  /** The partner's own brand if it has one, otherwise the program's. */
  readonly brand: string;
  /** `#rrggbb`. */
  readonly color: string;
  readonly companyName: string;
  readonly status: PayoutStatus;
  readonly method: PayoutMethod;
  readonly lastFour: string | null;
  readonly periodStart: string;
  readonly periodEnd: string;
  readonly paidAt: Date | null;
  readonly reference: string | null;
  readonly amount: MoneyColumn;
  readonly lineCount: number;
}

const INK = '#1f2937';

/** The payout, or NOT_FOUND when the caller has no access to it. */
export async function remittanceHead(ctx: Context, payoutId: string): Promise<RemittanceHead> {
  const statement = from(payoutTable, ctx.actor, {
    list: `o.id, o.tenant_id, w.brand_name, w.primary_color, p.company_name, o.status, o.method, a.last_four, o.period_start, o.period_end,
      o.paid_at, o.provider_reference, o.amount_minor, o.amount_currency, o.commission_count`,
    joins: ` join partners p on p.id = o.partner_id left join white_label_configs w on w.partner_id = o.partner_id
      left join payout_accounts a on a.id = o.payout_account_id`,
  }).and([where('o.id = $', idOf(payoutId, 'payoutId'))]);
  const [row] = await query(ctx, statement);
  if (!row) throw notFound('payout', { field: 'payoutId' });
  const [id, tenantId, brand, color, companyName, status, method, lastFour, start, end, ...rest] = row as Row;
  const [paidAt, reference, minor, currency, lineCount] = rest;
  return {
    payoutId: id,
    brand: brand ?? tenantId,
    color: color ?? INK,
    ...{
      companyName,
      status,
      method,
      lastFour,
      periodStart: start,
      periodEnd: end,
      paidAt,
      reference,
      lineCount,
    },
    amount: new MoneyColumn({ minor, currency }),
  };
}

type Row = [
  id: string,
  tenantId: string,
  brand: string | null,
  color: string | null,
  companyName: string,
  status: PayoutStatus,
  method: PayoutMethod,
  lastFour: string | null,
  start: string,
  end: string,
  paidAt: Date | null,
  reference: string | null,
  minor: bigint,
  currency: string,
  lineCount: number,
];
