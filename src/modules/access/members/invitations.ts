import { createHash, randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { AppError } from '../../../domain/errors.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Invitation } from './invitation.entity.ts';
import type { Member } from './member.entity.ts';

const VALID_DAYS = 7;
const DAY_MS = 86_400_000;
const RESEND_AFTER_MS = 60_000;

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** The secret of a link. It can only be computed with the server's key, so only the mail contains it. */
export const tokenOf = ({ derive }: Pick<Context, 'derive'>, { id, nonce }: Invitation): string =>
  derive(`invitation:${id}:${nonce}`);

/** Creates a new link for the member, which is mailed after the commit. The previous link ends. */
export async function invite(
  em: EntityManager,
  ctx: Context,
  { id: memberId, tenantId, partnerId, email }: Member,
): Promise<void> {
  const now = ctx.clock.now();
  await refuseHaste(em, partnerId, email, now);
  await cancelInvitations(em, memberId, now);
  const invitation = em.create(Invitation, {
    tenantId,
    partnerId,
    memberId,
    nonce: randomBytes(16).toString('base64url'),
    tokenHash: '',
    expiresAt: new Date(now.getTime() + VALID_DAYS * DAY_MS),
  });
  invitation.tokenHash = hashOf(tokenOf(ctx, invitation));
  await em.flush();
  await enqueue(
    em,
    'send_invitation',
    { invitationId: invitation.id },
    { key: `send_invitation:${invitation.id}` },
  );
}

/** Limits the mails to one mailbox, also if its owner is removed and invited in turns. */
async function refuseHaste(em: EntityManager, partnerId: string, email: string, now: Date): Promise<void> {
  const [last] = await sql<{ expires_at: string }>`
    select i.expires_at from invitations i join members m on m.id = i.member_id
    where m.partner_id = ${partnerId} and lower(m.email) = lower(${email}) order by i.expires_at desc limit 1
  `.execute(em);
  const since = last ? now.getTime() - (new Date(last.expires_at).getTime() - VALID_DAYS * DAY_MS) : Infinity;
  if (since >= RESEND_AFTER_MS) return;
  throw new AppError('RATE_LIMITED', 'A link was sent less than a minute ago. Try again in a minute.', {
    retryAfter: Math.ceil((RESEND_AFTER_MS - since) / 1_000),
  });
}

/** Cancels the open invitation of a member. */
export async function cancelInvitations(em: EntityManager, memberId: string, now: Date): Promise<void> {
  await sql`
    update invitations set canceled_at = ${now} where member_id = ${memberId} and used_at is null and canceled_at is null
  `.execute(em);
}
