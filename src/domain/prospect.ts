/** Where anybody has an address: such a domain is nobody's company. */
const FREE_MAIL = new Set(
  `gmail.com googlemail.com yahoo.com ymail.com outlook.com hotmail.com live.com msn.com icloud.com me.com aol.com gmx.com gmx.de
  gmx.net web.de t-online.de mail.com proton.me protonmail.com yandex.com yandex.ru mail.ru qq.com 163.com 126.com zoho.com
  rediffmail.com orange.fr free.fr libero.it comcast.net fastmail.com tutanota.com hey.com`.split(/\s+/),
);

/** The company's domain of an address; null where it is one of everybody's. */
export function companyDomainOf(email: string | null | undefined): string | null {
  const domain = email?.toLowerCase().split('@')[1]?.replace(/\.$/, '') ?? null;
  return domain && !FREE_MAIL.has(domain) ? domain : null;
}

export const isFreeMail = (domain: string): boolean => FREE_MAIL.has(domain);

/** What became of a registered deal; time alone makes one expire. */
export const DealStatus = { OPEN: 'OPEN', WON: 'WON', CLOSED: 'CLOSED', EXPIRED: 'EXPIRED' } as const;
export type DealStatus = (typeof DealStatus)[keyof typeof DealStatus];

export const LeadStatus = {
  SUBMITTED: 'SUBMITTED',
  ACCEPTED: 'ACCEPTED',
  REJECTED: 'REJECTED',
  CONVERTED: 'CONVERTED',
} as const;
export type LeadStatus = (typeof LeadStatus)[keyof typeof LeadStatus];
