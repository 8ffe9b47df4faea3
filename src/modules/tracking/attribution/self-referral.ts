import type { EntityManager } from '@mikro-orm/postgresql';
import { type Sql, sql } from '../../../kernel/data/sql.ts';

export interface Buyer {
  /** The tenant's own id of the customer. */
  readonly customerId: string;
  /** The e-mail address in the sale; the stored address of the customer counts as well. */
  readonly customerEmail?: string | null | undefined;
}

/** SQL that is true if the buyer is the partner itself, given by its id or by an SQL expression. Every path to a commission
 *  asks this, in every mode of the risk rules. */
export const isCustomerSql = (
  partner: string | Sql,
  { customerId, customerEmail }: { customerId: string | Sql; customerEmail?: Buyer['customerEmail'] },
): Sql => sql`is_own_purchase(${partner}::uuid, ${customerId}, ${customerEmail ?? null})`;

export async function isCustomer(em: EntityManager, partnerId: string, buyer: Buyer): Promise<boolean> {
  const [found] = await sql<{
    self: boolean | null;
  }>`select ${isCustomerSql(partnerId, buyer)} as self`.execute(em);
  return found?.self === true;
}
