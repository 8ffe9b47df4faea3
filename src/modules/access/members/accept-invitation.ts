import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, forbidden, notFound } from '../../../domain/errors.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import { type Actor, type MemberRole, system, worksForProgram } from '../../../kernel/request/actor.ts';
import { type Context, contextFor } from '../../../kernel/request/context.ts';
import { CREDENTIALS } from '../../../kernel/request/credentials-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { requireNotSuspended } from '../../partners/partner/public.ts';
import { Invitation } from './invitation.entity.ts';
import { hashOf } from './invitations.ts';
import { plain } from './manage-members.ts';
import { Member } from './member.entity.ts';

export interface AcceptedInvitation {
  readonly memberId: string;
  readonly partnerId: string;
  readonly companyName: string;
  readonly role: MemberRole;
}

interface Invited {
  readonly invitationId: string;
  readonly memberId: string;
  readonly tenantId: string;
  readonly partnerId: string;
  readonly companyName: string;
  /** Refuses a caller that is already a member of a partner of the tenant. */
  readonly elsewhere: boolean;
}

/** Binds the caller to the member that the link invites, once. Every invalid link gets the same answer. */
export async function acceptInvitation(ctx: Context, token: string): Promise<AcceptedInvitation> {
  const actor = await ctx.actorNow(); // a caller who has just signed out cannot join
  if (actor.issuer === null)
    throw forbidden('Only a person can accept an invitation. Sign in with your own account.');
  const invited = await invitedBy(ctx, actor, token);
  const { tenantId, partnerId } = invited;
  // A person who works for the program or for the platform cannot join one of its partners.
  if (worksForProgram(actor, tenantId)) throw unknown();
  // In the name of the caller, and within the bounds of the partner that the caller joins.
  const joining = contextFor(ctx, {
    actor: { ...actor, tenantId, partnerId, everyTenant: false },
    requestId: ctx.requestId,
  });
  await requireNotSuspended(joining, partnerId);
  const { role } = await transact(joining, (em) => join(em, joining, invited));
  ctx.feed.publish(CREDENTIALS);
  const { memberId, companyName } = invited;
  return { memberId, partnerId, companyName, role };
}

const unknown = () => notFound('invitation', { field: 'token' });

/** Finds the invitation of a link. Its holder has no partner yet, so the link itself gives the access. */
async function invitedBy(ctx: Context, actor: Actor, token: string): Promise<Invited> {
  const looking = contextFor(ctx, { actor: system, requestId: ctx.requestId });
  const [found] = await query(
    looking,
    sql<Invited>`
      select i.id as "invitationId", i.member_id as "memberId", i.tenant_id as "tenantId", i.partner_id as "partnerId",
        p.company_name as "companyName", exists (select from members m
          where m.tenant_id = i.tenant_id and m.issuer = ${actor.issuer} and m.subject = ${actor.id} and m.status = 'ACTIVE') as elsewhere
      from invitations i join partners p on p.id = i.partner_id where i.token_hash = ${hashOf(token)} and p.deleted_at is null`,
  );
  if (!found) throw unknown();
  return found;
}

/** A second request with the same link waits for the lock and then finds the link used. */
async function join(
  em: EntityManager,
  ctx: Context,
  { invitationId, memberId, elsewhere }: Invited,
): Promise<Member> {
  const { actor, clock } = ctx;
  const now = clock.now();
  const invitation = await em.findOne(
    Invitation,
    { id: invitationId, usedAt: null, canceledAt: null, expiresAt: { $gt: now } },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  const member = invitation && (await em.findOne(Member, { id: memberId, status: 'INVITED' }));
  if (!member) throw unknown();
  if (member.invitedBy === actor.id)
    throw forbidden('You created this invitation, so another person must accept it.', { field: 'token' });
  if (elsewhere)
    throw conflict('You are already a member of a partner of this program.', { reason: 'ALREADY_MEMBER' });
  const before = plain(member);
  invitation.usedAt = now;
  member.issuer = actor.issuer;
  member.subject = actor.id;
  member.status = 'ACTIVE';
  member.acceptedAt = now;
  record(em, ctx, 'member.accepted', member, { before, after: plain(member) });
  return member;
}
