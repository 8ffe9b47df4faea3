import { disposableEmailBlocklist } from 'disposable-email-domains-js';

// Seen in use, and missing in the package.
const ALSO =
  '10minutemail.org burnermail.io cool.fr.nf mail-temp.com spamgourmet.com temp-mail.io tempmail.com tempmail.net';

/** Domains of mailboxes that are thrown away after use; their subdomains count as well. A program adds others by its lists,
 *  and takes one off by listing it as free mail. */
export const disposableDomains: ReadonlySet<string> = new Set([
  ...disposableEmailBlocklist(),
  ...ALSO.split(' '),
]);
