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
    with k as (select id, email from customers where tenant_id = ${tenantId} and external_id = ${customerId}),
    domains as (
      select substring(normal_email(email) from '@([^@]*)$') as domain from (select email from k union select ${customerEmail ?? null}) m)
    select (select email from k) as email, exists (
      select from fraud_list_entries e where e.tenant_id = ${tenantId} and e.list = 'ALLOWED_CUSTOMER' and e.removed_at is null
        and (e.customer_id = (select id from k) or exists (select from domains d where d.domain = e.domain or d.domain like '%.' || e.domain))) as allowed`);
  if (known?.allowed) return () => false;
  const own = new Set([known?.email, customerEmail].flatMap((email) => (email ? normalEmail(email) : [])));
  return (partnerEmail) => own.has(normalEmail(partnerEmail));
}
