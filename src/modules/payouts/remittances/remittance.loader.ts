import { notFound } from '../../../domain/errors.ts';
import type { PayoutMethod, PayoutStatus } from '../../../domain/payout.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
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
  const [row] = await query(
    ctx,
    sql<Row>`
      select /* payouts.remittance */ o.id as "payoutId", coalesce(w.brand_name, o.tenant_id) as brand, coalesce(w.primary_color, ${INK}) as color,
        p.company_name as "companyName", o.status, o.method, a.last_four as "lastFour", o.period_start as "periodStart",
        o.period_end as "periodEnd", o.paid_at as "paidAt", o.provider_reference as reference, o.amount_minor as minor,
        o.amount_currency as currency, o.commission_count as "lineCount"
      from payouts o join partners p on p.id = o.partner_id left join white_label_configs w on w.partner_id = o.partner_id
      left join payout_accounts a on a.id = o.payout_account_id
      where ${scopeOf(ctx.actor, payoutTable)} and o.id = ${idOf(payoutId, 'payoutId')}`,
  );
  if (!row) throw notFound('payout', { field: 'payoutId' });
  const { minor, currency, ...head } = row;
  return { ...head, amount: new MoneyColumn({ minor, currency }) };
}

type Row = Omit<RemittanceHead, 'amount'> & { readonly minor: bigint; readonly currency: string };
