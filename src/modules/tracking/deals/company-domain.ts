import { getDomain } from 'tldts';
import { freeMailDomains } from '../../../domain/free-mail-domains.ts';

/** The domain that a company registered, by the public suffix list: that of `mail.acme.co.uk` is `acme.co.uk`; null of what
 *  nobody can have registered. */
export const registeredDomain = (host: string): string | null =>
  getDomain(host, { allowPrivateDomains: true });

export const isFreeMail = (domain: string): boolean => freeMailDomains.has(domain);

/** The company's domain of an address; null where it is one of everybody's. */
export function companyDomainOf(email: string): string | null {
  const domain = registeredDomain(email.slice(email.lastIndexOf('@') + 1));
  return domain && !isFreeMail(domain) ? domain : null;
}
