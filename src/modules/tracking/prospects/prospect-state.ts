import type { EntityManager } from '@mikro-orm/postgresql';
import { invalid } from '../../../domain/errors.ts';
import type { ProspectState } from '../../../domain/prospect.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { companyDomainOf, isFreeMail, registeredDomain } from './company-domain.ts';

/** A prospect as it is compared: its registrable domain, its mailbox in lower case, or both. */
export interface Prospect {
  readonly domain: string | null;
  readonly email: string | null;
}

/** Reads a prospect from an input. Refuses a domain that is no company's. */
export function prospectOf(
  { domain: given, email: address }: { domain?: string | null; email?: string | null },
  field: string,
): Prospect {
  const email = address?.toLowerCase() ?? null;
  const domain = given ? registeredDomain(given) : null;
  if (given && !domain) throw invalid(field, 'is a public suffix; give a registrable company domain');
  if (domain && isFreeMail(domain)) throw invalid(field, 'is a public mail service; give a company domain');
  return { domain, email };
}

/** Returns whether the prospect is free for a partner. A domain covers every mailbox below it. Locks the prospects of the
 *  tenant, so that the first of two partners wins. */
export async function prospectState(
  em: EntityManager,
  tenantId: string,
  partnerId: string | null,
  { domain, email }: Prospect,
  at: Date,
): Promise<ProspectState> {
  const covering = domain ?? (email && companyDomainOf(email));
  const [row] = await sql<{ state: ProspectState }>`
    select prospect_state(${tenantId}, ${partnerId}::uuid, ${covering}, ${email}, ${at}) as state`.execute(
    em,
  );
  return row?.state ?? 'FREE';
}
