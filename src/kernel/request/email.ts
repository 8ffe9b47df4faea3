import { domainToASCII, domainToUnicode } from 'node:url';
import { type Reading, Refusal } from './reading.ts';

const LONGEST = 254;
/** Dots only between other characters; no quotes, because no mailbox of a customer has them. */
const LOCAL = /^(?=.{1,64}$)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
/** Letters of any script; the separators and escapes that a URL allows are no part of a name. */
const TYPED = /^[\p{L}\p{M}\p{N}.-]+$/u;
const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?=[a-z])[a-z0-9-]{2,63}(?<!-)$/i;

/** Returns a domain with at least two labels in the form of the name system (`xn--` for other scripts); null for another text. */
function asciiOf(domain: string): string | null {
  if (!TYPED.test(domain)) return null;
  const ascii = domainToASCII(domain.normalize('NFC'));
  if (!DOMAIN.test(ascii)) return null;
  return domain.toLowerCase() === ascii ? domain : ascii; // a domain in ASCII keeps its capitals
}

/** Returns the stored form of an e-mail address, with an international domain in ASCII; null for another text. */
export function emailOf(given: string): string | null {
  const text = given.trim();
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at);
  const domain = asciiOf(text.slice(at + 1));
  if (at < 1 || !LOCAL.test(local) || domain === null) return null;
  const email = `${local}@${domain}`;
  return email.length <= LONGEST ? email : null;
}

/** Returns an e-mail address with its domain in the script in which people type the domain. */
export function shownEmail(email: string): string {
  const at = email.lastIndexOf('@');
  const domain = email.slice(at + 1);
  return /xn--/i.test(domain) ? `${email.slice(0, at)}@${domainToUnicode(domain) || domain}` : email;
}

/** Returns a text with its last word as it would be stored in the domain of an e-mail address. */
export const withAsciiDomain = (text: string): string =>
  text.replace(/[^@\s]+$/, (word) => domainToASCII(word) || word);

export const readEmail: Reading = (text) => {
  const email = emailOf(text);
  if (email === null) throw new Refusal('is not an e-mail address such as "nancy@northwind.example"');
  return email;
};

/** A domain of the Internet, in lower case and in ASCII. */
export const readDomain: Reading = (text) => {
  const domain = asciiOf(text.trim());
  if (domain === null) throw new Refusal('must be like "example.com"');
  return domain.toLowerCase();
};
