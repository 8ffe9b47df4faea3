import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
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
      sql<{ tenantId: string; partnerId: string; member: MemberRole; memberId: string }>`
        select /* access.membership */ m.tenant_id as "tenantId", m.partner_id as "partnerId", m.role as member, m.id as "memberId"
        from members m join partners p on p.id = m.partner_id
        where m.issuer = ${issuer} and m.subject = ${subject} and m.status = 'ACTIVE' and p.deleted_at is null
        order by m.accepted_at desc, m.id desc limit 1`,
    );
    return found ?? null;
  };
}
