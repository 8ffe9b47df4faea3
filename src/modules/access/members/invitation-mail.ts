import type { MemberRole } from '../../../kernel/request/actor.ts';
import type { Mail } from '../../../ports/mailer.ts';

interface Invited {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: MemberRole;
  readonly company: string;
  readonly link: string;
  readonly expiresAt: Date;
}

export const roles: Record<MemberRole, string> = {
  OWNER: 'an owner',
  MANAGER: 'a manager',
  FINANCE: 'responsible for finance',
  READ_ONLY: 'a read-only member',
};

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => escapes[letter] as string);

/** Removes line breaks, so that a partner's name cannot add a paragraph to our mail. */
export const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ');

/** Builds the mail of an invitation: fixed text with a few values. */
export function invitationMail({ id, name, email, role, company, link, expiresAt }: Invited): Mail {
  const until = `${expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const sentences = {
    hello: `Hello ${name},`,
    what: `you are invited to the partner account of ${oneLine(company)}, as ${roles[role]}.`,
    how: `Open this link to accept. It works once, until ${until}:`,
    else: 'If you did not expect this mail, ignore it. The link is needed to join.',
  };
  return {
    id,
    to: { name, address: email },
    subject: `Invitation to the partner account of ${company}`,
    text: `${sentences.hello}\n\n${sentences.what}\n\n${sentences.how}\n\n${link}\n\n${sentences.else}\n`,
    html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Invitation</title></head><body>
<p>${escaped(sentences.hello)}</p>
<p>${escaped(sentences.what)}</p>
<p>${escaped(sentences.how)}</p>
<p><a href="${escaped(link)}">${escaped(link)}</a></p>
<p>${escaped(sentences.else)}</p>
</body></html>
`,
  };
}
