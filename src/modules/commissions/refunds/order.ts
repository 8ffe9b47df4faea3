import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';

export interface Order {
  readonly tenantId: string;
  readonly partnerId: string;
  /** The seller's own id of it. */
  readonly orderId: string;
}

/** Whatever is about one order takes turns: its sale, the referral that it closes, its refunds. To be taken before any row
 *  is locked, so that no two of them wait for each other. Says whether refunds of it wait, which lock its partner. */
export async function lockOrder(em: EntityManager, orderId: string): Promise<{ refundsWait: boolean }> {
  const [order] = await sql<{ refundsWait: boolean }>`
    select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['order', orderId])}, 0)),
      exists (select from sale_refunds where order_id = ${orderId} and settled_at is null) as "refundsWait"
  `.execute(em);
  return { refundsWait: order?.refundsWait === true };
}

export interface KnownOrder extends Order {
  readonly currency: string;
  /** Minor units of the order that earned nothing. */
  readonly unearned: bigint;
  /** Every partner that is credited with a part of it, where its sale is shared; `partnerId` is whose conversion it counts as. */
  readonly sharedBy?: readonly string[];
}

/** An order is known by a recorded sale or by the referral that it closed: once for each partner, but one whose sale is
 *  shared is one order of all who share it. */
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

/** An order converts once, whoever it is credited to, and is recorded once for each partner (null: for anybody). The order
 *  is locked. */
export async function refuseKnown(
  em: EntityManager,
  { tenantId, orderId, partnerId }: Omit<Order, 'partnerId'> & { readonly partnerId: string | null },
): Promise<void> {
  const known = await knownOrders(em, { tenantId, orderId, partnerId: null });
  if (known.some((order) => order.sharedBy || partnerId === null || order.partnerId === partnerId))
    throw conflict('the order was recorded already', { field: 'input.orderId', reason: 'ORDER_RECORDED' });
}
