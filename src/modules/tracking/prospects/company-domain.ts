import { getDomain } from 'tldts';
import { freeMailDomains } from '../../../domain/free-mail-domains.ts';

/** Returns the registrable domain by the public suffix list: `acme.co.uk` for `mail.acme.co.uk`. Null for a public suffix. */
export const registeredDomain = (host: string): string | null =>
  getDomain(host, { allowPrivateDomains: true });

export const isFreeMail = (domain: string): boolean => freeMailDomains.has(domain);

/** Returns the company domain of an e-mail address; null for a public mail service. */
export function companyDomainOf(email: string): string | null {
  const domain = registeredDomain(email.slice(email.lastIndexOf('@') + 1));
  return domain && !isFreeMail(domain) ? domain : null;
}
