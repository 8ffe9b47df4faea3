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
      with item as (select i.id, i.product, i.owed_currency from sales s join sale_items i on i.tenant_id = s.tenant_id
        and i.partner_id = s.partner_id and i.order_id = s.order_id where s.id = ${id})
      select s.tenant_id as "tenantId", s.partner_id as "partnerId", s.order_id as "orderId",
        coalesce((select min(i.owed_currency) from item i), (select p.currency from partners p join programs g on g.tenant_id = p.tenant_id
          where p.id = s.partner_id and g.settlement = 'PARTNER'), s.currency) as currency,
        -- A product that earned nothing at first may earn by now.
        (select coalesce(jsonb_agg(r), '[]') from jsonb_array_elements(s.refused) r where not exists (
          select from item i join commissions c on c.id = i.id where i.product is not distinct from r->>'product')) as refused,
        (select coalesce(sum(c.amount_minor), 0)::bigint from commissions c
          where c.partner_id = s.partner_id and (c.id in (select i.id from item i) or c.cause_id in (select i.id from item i))) as minor
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
