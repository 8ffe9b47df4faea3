import type { GraphQLResolveInfo } from 'graphql';
import { notFound } from '../../../domain/errors.ts';
import { where } from '../../../kernel/data/condition.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { from, query, Statement, select } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Commission, commissionTable } from '../commission/public.ts';
import type { RefusedProduct } from './sale.entity.ts';

interface Recorded {
  readonly commissions: Commission[];
  readonly total: MoneyColumn;
  readonly refused: RefusedProduct[];
}

/** Returns a sale with the commissions that were created with it. */
export async function recordedSale(ctx: Context, info: GraphQLResolveInfo, id: string): Promise<Recorded> {
  const statement = new Statement().add(
    `select s.tenant_id, s.partner_id, s.order_id, s.currency, s.refused,
       (select coalesce(sum(c.amount_minor), 0)::bigint from commissions c
        where c.tenant_id = s.tenant_id and c.partner_id = s.partner_id and c.order_id = s.order_id and c.reverses_id is null)
     from sales s where s.id = $`,
    id,
  );
  const [sale] = (await query(ctx, statement)) as [
    string,
    string,
    string,
    string,
    RefusedProduct[],
    bigint,
  ][];
  if (!sale) throw notFound('sale');
  const [tenantId, partnerId, orderId, currency, refused, minor] = sale;
  const selection = select(commissionTable, info, ctx.actor, ['commissions']);
  const lines = from(commissionTable, ctx.actor, selection)
    .and([
      where('c.tenant_id = $', tenantId),
      where('c.partner_id = $', partnerId),
      where('c.order_id = $ and c.reverses_id is null and c.adjusts_id is null', orderId),
    ])
    .add(' order by c.line_number');
  const commissions = (await query(ctx, lines)).map((row) => selection.read(row));
  return { commissions, total: new MoneyColumn({ minor, currency }), refused };
}
