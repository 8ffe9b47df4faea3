import type { Context } from '../../../kernel/request/context.ts';
import { Partner } from '../../partners/partner/public.ts';
import { escaped, oneLine, roles } from './invitation-mail.ts';
import { Member } from './member.entity.ts';

/** Tells the contact of a partner that staff removed or demoted an owner. The mail says what the member is now. */
export async function mailOwnerChange(
  { em, mailer }: Context,
  { memberId, noticeId }: { memberId: string; noticeId: string },
): Promise<void> {
  const member = await em.findOne(Member, memberId);
  const partner = member && (await em.findOne(Partner, member.partnerId));
  if (!mailer || !partner || partner.email.endsWith('@invalid')) return; // erased since
  const who = `${oneLine(member.name)} (${member.email})`;
  const company = oneLine(partner.companyName);
  const sentences = [
    `Hello ${oneLine(partner.contactName ?? partner.companyName)},`,
    member.status === 'REMOVED'
      ? `the partner program removed ${who} as an owner of the partner account of ${company}.`
      : `the partner program changed the role of ${who} at the partner account of ${company}: this owner is now ${roles[member.role]}.`,
    'If you did not expect this, contact your partner manager.',
  ];
  await mailer.send({
    id: noticeId,
    to: { name: partner.contactName ?? partner.companyName, address: partner.email },
    subject: `Change of owners of the partner account of ${company}`,
    text: `${sentences.join('\n\n')}\n`,
    html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Change of owners</title></head><body>
${sentences.map((sentence) => `<p>${escaped(sentence)}</p>`).join('\n')}
</body></html>
`,
  });
}
