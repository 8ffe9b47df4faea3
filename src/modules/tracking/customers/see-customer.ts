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
 *  customer is locked afterwards, and written only if something of it changes. */
export async function seeCustomer(
  em: EntityManager,
  { tenantId, externalId, email, partnerId, at }: Seen,
): Promise<KnownCustomer> {
  const mail = email?.toLowerCase() ?? null;
  const [customer] = await sql<{ id: string; partner_id: string | null }>`
    with known as materialized (
      select id, partner_id, email from customers where tenant_id = ${tenantId} and external_id = ${externalId} for no key update),
    seen as (
      insert into customers (id, tenant_id, external_id, email, partner_id, bound_at)
      select ${v7()}::uuid, ${tenantId}, ${externalId}, ${mail}, ${partnerId}::uuid, ${partnerId === null ? null : at}::timestamptz
      where not exists (
        select from known
        where (partner_id is not null or ${partnerId}::uuid is null) and (email is not null or ${mail}::text is null))
      on conflict (tenant_id, external_id) do update
        set email = coalesce(customers.email, excluded.email),
            partner_id = coalesce(customers.partner_id, excluded.partner_id),
            bound_at = coalesce(customers.bound_at, excluded.bound_at)
      returning id, partner_id)
    select id, partner_id from seen union all select id, partner_id from known where not exists (select from seen)`.execute(
    em,
  );
  if (!customer) throw new Error('the customer is known or inserted');
  return { id: customer.id, partnerId: customer.partner_id };
}
