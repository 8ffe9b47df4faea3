import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, forbidden, notFound } from '../../../domain/errors.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import { type Actor, type MemberRole, system } from '../../../kernel/request/actor.ts';
import { type Context, contextFor } from '../../../kernel/request/context.ts';
import { CREDENTIALS } from '../../../kernel/request/credentials-topic.ts';
import { record } from '../../foundation/audit/public.ts';
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
  /** The caller is a member of a partner of that tenant already. */
  readonly elsewhere: boolean;
}

/** Binds the caller to the member that a link invites, once. Whatever is wrong with a link, the answer is the same. */
export async function acceptInvitation(ctx: Context, token: string): Promise<AcceptedInvitation> {
  const actor = await ctx.actorNow(); // who was signed out a moment ago joins nothing
  if (actor.issuer === null) throw forbidden('a person accepts an invitation: sign in with your own account');
  const invited = await invitedBy(ctx, actor, token);
  const { tenantId, partnerId } = invited;
  if (actor.partnerId === null && actor.tenantId === tenantId) throw unknown(); // who works for a program is none of its partners
  // Under its own name, and within the bounds of the partner that it joins and of no other.
  const joining = contextFor(ctx, {
    actor: { ...actor, tenantId, partnerId, everyTenant: false },
    requestId: ctx.requestId,
  });
  const { role } = await transact(joining, (em) => join(em, joining, invited));
  ctx.feed.publish(CREDENTIALS);
  const { memberId, companyName } = invited;
  return { memberId, partnerId, companyName, role };
}

const unknown = () => notFound('invitation', { field: 'token' });

/** Whom a link invites. Who holds it belongs to nobody yet: the link itself is what lets it look. */
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

/** A second one that comes with the same link waits for the lock, and finds it used. */
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
    throw forbidden('somebody else than who invites accepts: you made this invitation', { field: 'token' });
  if (elsewhere)
    throw conflict('you are a member of a partner of this program already', { reason: 'ALREADY_MEMBER' });
  const before = plain(member);
  invitation.usedAt = now;
  member.issuer = actor.issuer;
  member.subject = actor.id;
  member.status = 'ACTIVE';
  member.acceptedAt = now;
  record(em, ctx, 'member.accepted', member, { before, after: plain(member) });
  return member;
}
