import { query, Statement } from '../../../kernel/data/rows.ts';
import { type MemberRole, system } from '../../../kernel/request/actor.ts';
import { contextFor, type Services } from '../../../kernel/request/context.ts';

export interface Membership {
  readonly tenantId: string;
  readonly partnerId: string;
  readonly member: MemberRole;
  readonly memberId: string;
}

/** Loads the membership of a person. With memberships of several tenants, the one accepted last counts. */
export function membershipRegister(
  services: Services,
): (issuer: string, subject: string) => Promise<Membership | null> {
  const ctx = contextFor(services, { actor: system, requestId: 'authenticate' });
  return async (issuer, subject) => {
    const [found] = await query(
      ctx,
      new Statement().add(
        `select m.tenant_id, m.partner_id, m.role, m.id from members m join partners p on p.id = m.partner_id
         where m.issuer = $ and m.subject = $ and m.status = 'ACTIVE' and p.deleted_at is null
         order by m.accepted_at desc, m.id desc limit 1`,
        issuer,
        subject,
      ),
    );
    if (!found) return null;
    const [tenantId, partnerId, member, memberId] = found as [string, string, MemberRole, string];
    return { tenantId, partnerId, member, memberId };
  };
}
