import type { EntityManager } from '@mikro-orm/postgresql';
import { normalEmail } from '../../../domain/fraud.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';

interface Buyer {
  readonly tenantId: string;
  /** The tenant's own id of the customer. */
  readonly customerId: string;
  /** The e-mail address in the sale; the stored address of the customer counts as well. */
  readonly customerEmail?: string | null | undefined;
}

/** The marks that identify the customer. The database function `is_customer` compares them with a partner. */
export interface BuyerMarks {
  readonly externalId: string | null;
  /** Normalised. */
  readonly emails: readonly string[];
}

/** Loads the marks by which a self-referral is recognised: the customer's id and its e-mail addresses, normalised. They apply
 *  to the members of a partner too, and in every mode of the risk rules. Empty for a customer on the program's allow list. */
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

/** SQL that is true if a partner, given by its id or by an SQL expression, is the customer. */
export const isCustomerSql = (partner: string | Sql, { externalId, emails }: BuyerMarks): Sql =>
  sql`is_customer(${partner}::uuid, ${externalId}, array(select jsonb_array_elements_text(${JSON.stringify(emails)}::jsonb)))`;

export async function isCustomer(em: EntityManager, partnerId: string, buyer: BuyerMarks): Promise<boolean> {
  const [found] = await sql<{
    self: boolean | null;
  }>`select ${isCustomerSql(partnerId, buyer)} as self`.execute(em);
  return found?.self === true;
}
