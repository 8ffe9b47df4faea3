import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner } from '../../partners/partner/public.ts';
import { Invitation } from './invitation.entity.ts';
import { invitationMail } from './invitation-mail.ts';
import { hashOf, tokenOf } from './invitations.ts';
import { Member } from './member.entity.ts';

/** Mails a link that was not sent yet. After a crash the mail may be sent again, with the same link and message id. */
export async function sendInvitation(ctx: Context, invitationId: string): Promise<void> {
  const { em, mailer, clock, portalUrl } = ctx;
  if (!mailer) throw new Error('no mail server is configured');
  const invitation = await em.findOne(Invitation, {
    id: invitationId,
    usedAt: null,
    canceledAt: null,
    sentAt: null,
  });
  if (!invitation || invitation.expiresAt <= clock.now()) return;
  const member = await em.findOneOrFail(Member, invitation.memberId);
  const partner = await em.findOne(Partner, member.partnerId);
  if (!partner) return; // deleted since
  const token = tokenOf(ctx, invitation);
  if (hashOf(token) !== invitation.tokenHash)
    throw new Error('the secret has changed since, so the link would not work: invite again');
  const link = `${portalUrl}/accept-invitation#${token}`; // after the #, so that it is in no server's log
  await mailer.send(
    invitationMail({
      id: invitation.id,
      name: member.name,
      email: member.email,
      role: member.role,
      company: partner.companyName,
      link,
      expiresAt: invitation.expiresAt,
    }),
  );
  await transact(ctx, (em) => em.nativeUpdate(Invitation, { id: invitationId }, { sentAt: clock.now() }));
}
