import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { normalEmail } from '../../domain/fraud.ts';

interface Buyer {
  readonly tenantId: string;
  /** The seller's own id of the customer. */
  readonly customerId: string;
  /** What the sale says; the customer's own address counts beside it. */
  readonly customerEmail?: string | null | undefined;
}

/** Whether a partner of that address is the customer. */
export type IsCustomer = (partnerEmail: string) => boolean;

/** Who refers itself, however it spells its address (DOMAIN sections 5 and 8), whatever the modes of the risk rules; nobody
 *  where the program allows the customer. */
export async function selfReferralOf(
  em: EntityManager,
  { tenantId, customerId, customerEmail }: Buyer,
): Promise<IsCustomer> {
  const [known] = await em.execute<{ email: string | null; allowed: boolean }[]>(sql`
    select k.email, exists (select from fraud_list_entries e
      where e.customer_id = k.id and e.list = 'ALLOWED_CUSTOMER' and e.removed_at is null) as allowed
    from customers k where k.tenant_id = ${tenantId} and k.external_id = ${customerId}`);
  if (known?.allowed) return () => false;
  const own = new Set([known?.email, customerEmail].flatMap((email) => (email ? normalEmail(email) : [])));
  return (partnerEmail) => own.has(normalEmail(partnerEmail));
}
