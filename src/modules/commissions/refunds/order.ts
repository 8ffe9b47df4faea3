import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';

export interface Order {
  readonly tenantId: string;
  readonly partnerId: string;
  /** Id of the order in the seller's system. */
  readonly orderId: string;
}

/** Locks an order, so that its sale, its conversion and its refunds run one after the other. Take this lock before any row
 *  lock, to avoid deadlocks. Returns whether refunds of the order wait; those lock its partner. */
export async function lockOrder(em: EntityManager, orderId: string): Promise<{ refundsWait: boolean }> {
  const [order] = await sql<{ refundsWait: boolean }>`
    select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['order', orderId])}, 0)),
      exists (select from sale_refunds where order_id = ${orderId} and settled_at is null) as "refundsWait"
  `.execute(em);
  return { refundsWait: order?.refundsWait === true };
}

export interface KnownOrder extends Order {
  readonly currency: string;
  /** Minor units of the part of the order that earned nothing. */
  readonly unearned: bigint;
  /** All partners with a share, when the sale is shared. Metrics count the conversion for `partnerId`. */
  readonly sharedBy?: readonly string[];
}

/** Returns the known orders with an order id: from recorded sales, one per partner, and from conversions. A shared sale is
 *  one order of all its partners. */
export async function knownOrders(
  em: EntityManager,
  { tenantId, orderId, partnerId }: Omit<Order, 'partnerId'> & { readonly partnerId: string | null },
): Promise<KnownOrder[]> {
  const rows = await sql<{
    partner_id: string;
    currency: string;
    unearned: string;
    shared_by: string[] | null;
  }>`
    select partner_id, currency, (select coalesce(sum((r->>'base')::bigint), 0) from jsonb_array_elements(refused) r)::text as unearned,
      null::text[] as shared_by
    from sales where tenant_id = ${tenantId} and order_id = ${orderId} and (${partnerId}::uuid is null or partner_id = ${partnerId})
    union all
    select (array_agg(v.partner_id order by v.counted desc))[1], min(v.amount_currency),
      coalesce(sum(v.amount_minor) filter (where not exists (select from commissions c where c.conversion_id = v.id)), 0)::text,
      array_agg(v.partner_id::text)
    from conversions v where v.tenant_id = ${tenantId} and v.order_id = ${orderId}
    having bool_or(${partnerId}::uuid is null or v.partner_id = ${partnerId})`.execute(em);
  return rows.map(({ partner_id, currency, unearned, shared_by }) => ({
    ...{ tenantId, orderId, partnerId: partner_id, currency },
    unearned: BigInt(unearned),
    ...(shared_by && { sharedBy: shared_by }),
  }));
}

/** Throws CONFLICT when the order is already known, for any partner. The order must be locked. */
export async function refuseKnown(
  em: EntityManager,
  { tenantId, orderId }: Omit<Order, 'partnerId'>,
): Promise<void> {
  if ((await knownOrders(em, { tenantId, orderId, partnerId: null })).length > 0)
    throw conflict('This order is already recorded.', { field: 'input.orderId', reason: 'ORDER_RECORDED' });
}
