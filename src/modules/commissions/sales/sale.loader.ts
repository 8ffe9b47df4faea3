import type { GraphQLResolveInfo } from 'graphql';
import { notFound } from '../../../domain/errors.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { from, query, readRows, select } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Commission, commissionTable } from '../commission/public.ts';
import type { RefusedProduct } from './sale.entity.ts';

interface Recorded {
  readonly commissions: Commission[];
  readonly total: MoneyColumn;
  readonly refused: RefusedProduct[];
}

interface Sale {
  readonly tenantId: string;
  readonly partnerId: string;
  readonly orderId: string;
  readonly currency: string;
  readonly refused: RefusedProduct[];
  readonly minor: bigint;
}

/** Returns a sale with the commissions that were created with it. */
export async function recordedSale(ctx: Context, info: GraphQLResolveInfo, id: string): Promise<Recorded> {
  const [sale] = await query(
    ctx,
    sql<Sale>`
      select s.tenant_id as "tenantId", s.partner_id as "partnerId", s.order_id as "orderId", s.currency, s.refused,
        (select coalesce(sum(c.amount_minor), 0)::bigint from commissions c
          where c.tenant_id = s.tenant_id and c.partner_id = s.partner_id and c.order_id = s.order_id and c.reverses_id is null) as minor
      from sales s where s.id = ${id}`,
  );
  if (!sale) throw notFound('sale');
  const { tenantId, partnerId, orderId, currency, refused, minor } = sale;
  const selection = select(commissionTable, info, ctx.actor, ['commissions']);
  const commissions = await readRows(
    ctx,
    selection,
    sql`${from(commissionTable, ctx.actor, selection)}
      and c.tenant_id = ${tenantId} and c.partner_id = ${partnerId} and c.order_id = ${orderId}
      and c.reverses_id is null and c.adjusts_id is null order by c.line_number`,
  );
  return { commissions, total: new MoneyColumn({ minor, currency }), refused };
}
