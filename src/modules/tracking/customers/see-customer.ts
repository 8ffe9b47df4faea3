import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { sql } from '../../../kernel/data/sql.ts';

interface Seen {
  readonly tenantId: string;
  readonly externalId: string;
  readonly email?: string | null | undefined;
  /** The partner to bind the customer to, and the time; null if no partner is credited. */
  readonly partnerId: string | null;
  readonly at: Date;
}

export interface KnownCustomer {
  readonly id: string;
  readonly partnerId: string | null;
}

/** Finds or creates the customer with this id, and binds it to the partner unless it is already bound. The row of the
 *  customer is locked afterwards. */
export async function seeCustomer(
  em: EntityManager,
  { tenantId, externalId, email, partnerId, at }: Seen,
): Promise<KnownCustomer> {
  const [customer] = await sql<{ id: string; partner_id: string | null }>`
    insert into customers (id, tenant_id, external_id, email, partner_id, bound_at)
    values (${v7()}, ${tenantId}, ${externalId}, ${email?.toLowerCase() ?? null}, ${partnerId}, ${partnerId === null ? null : at})
    on conflict (tenant_id, external_id) do update
      set email = coalesce(customers.email, excluded.email),
          partner_id = coalesce(customers.partner_id, excluded.partner_id),
          bound_at = coalesce(customers.bound_at, excluded.bound_at)
    returning id, partner_id`.execute(em);
  if (!customer) throw new Error('an upsert always returns its row');
  return { id: customer.id, partnerId: customer.partner_id };
}
