import type { EntityManager } from '@mikro-orm/postgresql';
import { normalEmail } from '../../../domain/fraud.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';

interface Buyer {
  readonly tenantId: string;
  /** The seller's own id of the customer. */
  readonly customerId: string;
  /** What the sale says; the customer's own address counts beside it. */
  readonly customerEmail?: string | null | undefined;
}

/** By what a partner would be the customer: `is_customer` of the database asks so. */
export interface BuyerMarks {
  readonly externalId: string | null;
  /** In their one spelling. */
  readonly emails: readonly string[];
}

/** Who refers itself is known by its address, however it is spelled, and by its id, those of its people too (DOMAIN sections 5
 *  and 8), whatever the modes of the risk rules; by nothing where the program allows the customer. */
export async function marksOf(
  em: EntityManager,
  { tenantId, customerId, customerEmail }: Buyer,
): Promise<BuyerMarks> {
  const [known] = await sql<{ email: string | null; allowed: boolean }>`
    with k as (select id, email from customers where tenant_id = ${tenantId} and external_id = ${customerId}),
    domains as (
      select substring(normal_email(email) from '@([^@]*)$') as domain from (select email from k union select ${customerEmail ?? null}) m)
    select (select email from k) as email, exists (
      select from fraud_list_entries e where e.tenant_id = ${tenantId} and e.list = 'ALLOWED_CUSTOMER' and e.removed_at is null
        and (e.customer_id = (select id from k) or exists (select from domains d where d.domain = e.domain or d.domain like '%.' || e.domain))) as allowed
  `.execute(em);
  if (known?.allowed) return { externalId: null, emails: [] };
  const emails = [known?.email, customerEmail].flatMap((email) => (email ? normalEmail(email) : []));
  return { externalId: customerId, emails: [...new Set(emails)] };
}

/** Whether a partner, given by its id or by what stands for it in a statement, is the customer. */
export const isCustomerSql = (partner: string | Sql, { externalId, emails }: BuyerMarks): Sql =>
  sql`is_customer(${partner}::uuid, ${externalId}, array(select jsonb_array_elements_text(${JSON.stringify(emails)}::jsonb)))`;

export async function isCustomer(em: EntityManager, partnerId: string, buyer: BuyerMarks): Promise<boolean> {
  const [found] = await sql<{
    self: boolean | null;
  }>`select ${isCustomerSql(partnerId, buyer)} as self`.execute(em);
  return found?.self === true;
}
