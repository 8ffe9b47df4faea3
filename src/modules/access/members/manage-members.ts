import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { conflict, forbidden, invalid, notFound } from '../../../domain/errors.ts';
import { authorize, authorizeRow } from '../../../kernel/data/authorize.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { MemberRole } from '../../../kernel/request/actor.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { CREDENTIALS } from '../../../kernel/request/credentials-topic.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { lockPartner, partnerOwner } from '../../partners/partner/public.ts';
import { revokeKeysSeenBy } from '../api-keys/public.ts';
import { cancelInvitations, invite } from './invitations.ts';
import { Member, memberTable } from './member.entity.ts';
import type { InviteMemberInput } from './member.inputs.ts';

const MAX_MEMBERS = 50;

/** Invites a person into a partner; the mail is sent after the commit. Returns the member's id. */
export async function inviteMember(
  ctx: Context,
  partnerId: string,
  input: InviteMemberInput,
): Promise<string> {
  requireMailer(ctx);
  const { email, name, role } = input;
  if (/\p{Cc}/u.test(name)) throw invalid('input.name', 'must not have line breaks or control characters');
  const attributes = await partnerOwner(ctx, partnerId, 'partnerId');
  await authorize(ctx, 'manage', { kind: 'member', id: '(new)', attributes });
  return transact(ctx, async (em) => {
    const partner = await lockPartner(em, partnerId, 'partnerId');
    const { tenantId } = partner;
    const request = {
      tenantId,
      operation: 'inviteMember',
      key: input.idempotencyKey,
      input: { ...input, partnerId: partner.id },
    };
    return once(em, ctx, request, async () => {
      await requireMayGive(em, ctx, partner.id, role, 'input.role');
      await requireRoom(em, partner.id, email);
      const member = em.create(Member, {
        tenantId,
        partnerId: partner.id,
        email,
        name,
        role,
        status: 'INVITED',
        invitedBy: ctx.actor.id,
      });
      await em.flush();
      await invite(em, ctx, member);
      record(em, ctx, 'member.invited', member, { after: plain(member) });
      return member.id;
    });
  });
}

// Roles that read and change the payout accounts.
const ABOUT_MONEY: ReadonlySet<MemberRole> = new Set(['OWNER', 'FINANCE']);

/** Refuses to give a role with more rights than the caller has. The first owner of a partner is the exception. */
async function requireMayGive(
  em: EntityManager,
  { actor }: Context,
  partnerId: string,
  role: MemberRole,
  field: string,
): Promise<void> {
  if (!ABOUT_MONEY.has(role) || actor.permissions.has('payoutAccount:edit')) return;
  const may = `Your role ${actor.role} cannot change payout accounts, so it can only give the roles MANAGER and READ_ONLY`;
  if (role !== 'OWNER') throw forbidden(`${may}, not ${role}.`, { field });
  const [owner] = await sql`
    select 1 from members where partner_id = ${partnerId} and status <> 'REMOVED' and role = 'OWNER' limit 1
  `.execute(em);
  if (owner)
    throw forbidden(`${may}, and OWNER only to a partner without an owner or an invited owner.`, { field });
}

function requireMailer({ mailer }: Context): void {
  if (!mailer)
    throw conflict('No mail server is configured, so invitations cannot be sent.', {
      reason: 'NO_MAIL_SERVER',
    });
}

/** The partner is locked, so the count stays right until the commit. */
async function requireRoom(em: EntityManager, partnerId: string, email: string): Promise<void> {
  const members = await sql<{ same: boolean }>`
    select lower(email) = lower(${email}) as same from members where partner_id = ${partnerId} and status <> 'REMOVED'
  `.execute(em);
  if (members.some(({ same }) => same))
    throw conflict('A person with this e-mail address is already a member or invited.', {
      field: 'input.email',
      reason: 'ALREADY_INVITED',
    });
  if (members.length >= MAX_MEMBERS)
    throw conflict(`This partner already has ${MAX_MEMBERS} members. Remove one first.`, {
      reason: 'TOO_MANY_MEMBERS',
    });
}

/** Sends a new link to an invited person who has not accepted yet. The previous link ends. */
export async function resendInvitation(ctx: Context, id: string): Promise<string> {
  requireMailer(ctx);
  await authorizeRow(ctx, 'manage', memberTable, id);
  return transact(ctx, async (em) => {
    const member = await lockMember(em, id);
    if (member.status !== 'INVITED')
      throw conflict('This member has already accepted or was removed, so there is no invitation to repeat.');
    await invite(em, ctx, member);
    record(em, ctx, 'member.invitedAgain', member, { after: plain(member) });
    return member.id;
  });
}

/** Gives a member another role. A member cannot change its own role. A partner itself keeps at least one owner; staff may
 *  demote the last one, and the partner gets a mail. */
export async function changeMemberRole(ctx: Context, id: string, role: MemberRole): Promise<string> {
  await authorizeRow(ctx, 'manage', memberTable, id);
  await transact(ctx, async (em) => {
    const member = await lockMember(em, id);
    if (member.status === 'REMOVED') throw conflict('This member was removed. Invite the person again.');
    if (ctx.actor.memberId === member.id)
      throw forbidden('You cannot change your own role. Ask another owner.');
    if (role !== member.role) await requireMayGive(em, ctx, member.partnerId, role, 'role');
    if (role !== 'OWNER') await takeOwner(em, ctx, member);
    const before = plain(member);
    member.role = role;
    record(em, ctx, 'member.roleChanged', member, { before, after: plain(member) });
  });
  ctx.feed.publish(CREDENTIALS);
  return id;
}

/** Ends a membership or an open invitation, and revokes the API keys whose secrets the member has seen. A removed member stays unchanged. */
export async function removeMember(ctx: Context, id: string, reason: string | null): Promise<string> {
  const why = reason === null ? null : reasonOf(reason);
  await authorizeRow(ctx, 'manage', memberTable, id);
  await transact(ctx, async (em) => {
    const member = await lockMember(em, id);
    if (member.status === 'REMOVED') return;
    await takeOwner(em, ctx, member);
    const now = ctx.clock.now();
    const before = plain(member);
    member.status = 'REMOVED';
    member.removedAt = now;
    await cancelInvitations(em, member.id, now);
    const revokedApiKeys = await revokeKeysSeenBy(em, member.partnerId, member.subject, now);
    record(em, ctx, 'member.removed', member, {
      before,
      after: { ...plain(member), revokedApiKeys },
      reason: why,
      subjects: revokedApiKeys,
    });
  });
  ctx.feed.publish(CREDENTIALS);
  return id;
}

/** Loads a member and locks its partner, so that changes of the members of one partner run one after the other. */
async function lockMember(em: EntityManager, id: string): Promise<Member> {
  const member = await em.findOne(Member, idOf(id));
  if (!member) throw notFound('member');
  await lockPartner(em, member.partnerId);
  return em.refreshOrFail(member);
}

/** Before an owner loses its role: a partner keeps its last owner itself. Staff may take out the last one, because it may be
 *  compromised, and the partner gets a mail. */
async function takeOwner(em: EntityManager, { actor }: Context, member: Member): Promise<void> {
  if (member.status !== 'ACTIVE' || member.role !== 'OWNER') return;
  if (actor.partnerId === null) {
    const payload = { memberId: member.id, noticeId: v7() };
    return enqueue(em, 'mail_owner_change', payload, { key: `mail_owner_change:${member.id}` });
  }
  const [another] = await sql`
    select 1 from members where partner_id = ${member.partnerId} and id <> ${member.id} and status = 'ACTIVE' and role = 'OWNER'
    limit 1`.execute(em);
  if (!another)
    throw conflict(
      'A partner needs an owner. Give another member the role OWNER first, or ask the program.',
      {
        reason: 'LAST_OWNER',
      },
    );
}

export const plain = ({ email, name, role, status, issuer, subject }: Member) => ({
  email,
  name,
  role,
  status,
  issuer: issuer ?? null,
  subject: subject ?? null,
});
