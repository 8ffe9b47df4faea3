import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { conflict } from '../../domain/errors.ts';

export interface Order {
  readonly tenantId: string;
  readonly partnerId: string;
  /** The seller's own id of it. */
  readonly orderId: string;
}

/** Whatever is about one order takes turns: its sale, the referral that it closes, its refunds. To be taken before any row
 *  is locked, so that no two of them wait for each other. */
export async function lockOrder(em: EntityManager, orderId: string): Promise<void> {
  await em.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['order', orderId])}, 0))`,
  );
}

export interface KnownOrder extends Order {
  readonly currency: string;
  /** Minor units of the order that earned nothing. */
  readonly unearned: bigint;
}

/** An order is known by a recorded sale or by the referral that it closed: once for each partner. */
export async function knownOrders(
  em: EntityManager,
  { tenantId, orderId, partnerId }: Omit<Order, 'partnerId'> & { readonly partnerId: string | null },
): Promise<KnownOrder[]> {
  const rows = await em.execute<{ partner_id: string; currency: string; unearned: string }[]>(sql`
    select partner_id, currency, (select coalesce(sum((r->>'base')::bigint), 0) from jsonb_array_elements(refused) r)::text as unearned
    from sales where tenant_id = ${tenantId} and order_id = ${orderId} and (${partnerId}::uuid is null or partner_id = ${partnerId})
    union all
    select v.partner_id, v.amount_currency,
      case when exists (select from commissions c where c.conversion_id = v.id) then '0' else v.amount_minor::text end
    from conversions v where v.tenant_id = ${tenantId} and v.order_id = ${orderId} and (${partnerId}::uuid is null or v.partner_id = ${partnerId})`);
  return rows.map(({ partner_id, currency, unearned }) => ({
    ...{ tenantId, orderId, partnerId: partner_id, currency },
    unearned: BigInt(unearned),
  }));
}

/** One order earns a partner once, whichever event told of it. The order is locked. */
export async function refuseKnown(em: EntityManager, order: Order): Promise<void> {
  if ((await knownOrders(em, order)).length)
    throw conflict('the order was recorded already', { field: 'input.orderId', reason: 'ORDER_RECORDED' });
}
