import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict, forbidden, invalid, notFound } from '../../../domain/errors.ts';
import { authorize, authorizeRow } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { MemberRole } from '../../../kernel/request/actor.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { CREDENTIALS } from '../../../kernel/request/credentials-topic.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';
import { requireFreshSignIn } from '../../../kernel/request/permission.ts';

import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { lockPartner, partnerOwner } from '../../partners/partner/public.ts';
import { revokeKeysSeenBy } from '../api-keys/public.ts';
import { cancelInvitations, invite } from './invitations.ts';
import { Member, memberTable } from './member.entity.ts';
import type { InviteMemberInput } from './member.inputs.ts';

const MAX_MEMBERS = 50;

/** Invites a person into a partner; the mail goes out after the commit. Answers with the member's id. */
export async function inviteMember(
  ctx: Context,
  partnerId: string,
  input: InviteMemberInput,
): Promise<string> {
  requireFreshSignIn(ctx.actor); // who lets others in could let in who may do more on a stolen session
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

// Who sees and changes where the money goes.
const ABOUT_MONEY: ReadonlySet<MemberRole> = new Set(['OWNER', 'FINANCE']);

/** Nobody gives what it may not do itself; but somebody has to let a partner's first owner in. */
async function requireMayGive(
  em: EntityManager,
  { actor }: Context,
  partnerId: string,
  role: MemberRole,
  field: string,
): Promise<void> {
  if (!ABOUT_MONEY.has(role) || actor.permissions.has('payoutAccount:edit')) return;
  const may = `your role ${actor.role} may not change where a partner's money goes, so it gives MANAGER and READ_ONLY`;
  if (role !== 'OWNER') throw forbidden(`${may}, not ${role}`, { field });
  const [owner] = await sql`
    select 1 from members where partner_id = ${partnerId} and status <> 'REMOVED' and role = 'OWNER' limit 1
  `.execute(em);
  if (owner) throw forbidden(`${may}; OWNER only to a partner that has none and has invited none`, { field });
}

function requireMailer({ mailer }: Context): void {
  if (!mailer)
    throw conflict('no mail server is set up: nobody can be invited', { reason: 'NO_MAIL_SERVER' });
}

/** The partner is locked, so the count holds until the commit. */
async function requireRoom(em: EntityManager, partnerId: string, email: string): Promise<void> {
  const members = await sql<{ same: boolean }>`
    select lower(email) = lower(${email}) as same from members where partner_id = ${partnerId} and status <> 'REMOVED'
  `.execute(em);
  if (members.some(({ same }) => same))
    throw conflict('somebody with this e-mail address is a member or invited already', {
      field: 'input.email',
      reason: 'ALREADY_INVITED',
    });
  if (members.length >= MAX_MEMBERS)
    throw conflict(`a partner has at most ${MAX_MEMBERS} members`, { reason: 'TOO_MANY_MEMBERS' });
}

/** Sends a new link to who has not accepted yet; the one before opens nothing any more. */
export async function resendInvitation(ctx: Context, id: string): Promise<string> {
  requireFreshSignIn(ctx.actor);
  requireMailer(ctx);
  await authorizeRow(ctx, 'manage', memberTable, id);
  return transact(ctx, async (em) => {
    const member = await lockMember(em, id);
    if (member.status !== 'INVITED') throw conflict('only who has not accepted yet is invited again');
    await invite(em, ctx, member);
    record(em, ctx, 'member.invitedAgain', member, { after: plain(member) });
    return member.id;
  });
}

/** Gives a member another role. Nobody changes its own, and a partner keeps an owner. */
export async function changeMemberRole(ctx: Context, id: string, role: MemberRole): Promise<string> {
  requireFreshSignIn(ctx.actor);
  await authorizeRow(ctx, 'manage', memberTable, id);
  await transact(ctx, async (em) => {
    const member = await lockMember(em, id);
    if (member.status === 'REMOVED') throw conflict('the member was removed: invite the person again');
    if (ctx.actor.memberId === member.id) throw forbidden('somebody else changes your role, not you');
    if (role !== member.role) await requireMayGive(em, ctx, member.partnerId, role, 'role');
    if (role !== 'OWNER') await keepAnOwner(em, member);
    const before = plain(member);
    member.role = role;
    record(em, ctx, 'member.roleChanged', member, { before, after: plain(member) });
  });
  ctx.feed.publish(CREDENTIALS);
  return id;
}

/** Ends a membership, or an invitation that was not accepted, and the API keys whose secrets the member has seen. Who was removed already stays as it is. */
export async function removeMember(ctx: Context, id: string, reason: string | null): Promise<string> {
  const why = reason === null ? null : reasonOf(reason);
  await authorizeRow(ctx, 'manage', memberTable, id);
  await transact(ctx, async (em) => {
    const member = await lockMember(em, id);
    if (member.status === 'REMOVED') return;
    await keepAnOwner(em, member);
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

/** The member, with its partner locked: whoever changes members of a partner waits here for the other. */
async function lockMember(em: EntityManager, id: string): Promise<Member> {
  const member = await em.findOne(Member, idOf(id));
  if (!member) throw notFound('member');
  await lockPartner(em, member.partnerId);
  return em.refreshOrFail(member);
}

/** Refuses to take away the last owner that could let others in. */
async function keepAnOwner(em: EntityManager, member: Member): Promise<void> {
  if (member.status !== 'ACTIVE' || member.role !== 'OWNER') return;
  const [another] = await sql`
    select 1 from members where partner_id = ${member.partnerId} and id <> ${member.id} and status = 'ACTIVE' and role = 'OWNER'
    limit 1`.execute(em);
  if (!another)
    throw conflict('a partner keeps an owner: make somebody else one first', { reason: 'LAST_OWNER' });
}

export const plain = ({ email, name, role, status, issuer, subject }: Member) => ({
  email,
  name,
  role,
  status,
  issuer: issuer ?? null,
  subject: subject ?? null,
});
