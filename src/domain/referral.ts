import { isBlank, trimmed } from './text.ts';

export const ReferralStatus = { CLICKED: 'CLICKED', CONVERTED: 'CONVERTED', EXPIRED: 'EXPIRED' } as const;
export type ReferralStatus = (typeof ReferralStatus)[keyof typeof ReferralStatus];

/** The attribution basis of a sale: the kind of evidence that credits a partner. */
export const ReferralOrigin = {
  CLICK: 'CLICK',
  COUPON: 'COUPON',
  LEAD: 'LEAD',
  DEAL: 'DEAL',
  ASSIGNMENT: 'ASSIGNMENT',
  CUSTOMER: 'CUSTOMER',
  REPEAT: 'REPEAT',
} as const;
export type ReferralOrigin = (typeof ReferralOrigin)[keyof typeof ReferralOrigin];

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Returns the end of the attribution window, exclusive: a sale exactly `days` times 24 hours later is outside. */
export const expiryOf = (clickedAt: Date, days: number): Date =>
  new Date(clickedAt.getTime() + days * DAY_MS);
export const insideWindow = (clickedAt: Date, expiresAt: Date, at: Date): boolean =>
  clickedAt <= at && at < expiresAt;

const LINK_CODE = /^[A-Z0-9][A-Z0-9_-]{0,63}$/;

/** Returns the code of a link in upper case; null for a text that is no code. A text or a mail program often adds
 *  characters to a link that no code contains: a full stop, a bracket, a space or an invisible character. They are removed. */
export function linkCodeOf(text: string): string | null {
  const code = text.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9_-]+$/g, '').toUpperCase();
  return LINK_CODE.test(code) ? code : null;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a link may contain anything, a table may not
const UNPRINTABLE = /[\u0000-\u001f\u007f]/g;
const HALF_LETTER = /[\ud800-\udbff]$/; // half of a surrogate pair, left when the text is cut

/** Returns the traffic source of a click: the campaign's source parameter, else the referring host, else `direct`. At most
 *  64 characters. */
export function sourceOf(landing: URL | null, referrer: URL | null): string {
  const tagged = landing?.searchParams.get('utm_source') ?? landing?.searchParams.get('source');
  const word = trimmed(tagged?.replace(UNPRINTABLE, '') ?? '');
  const source = isBlank(word) ? (referrer?.hostname.replace(/^www\./, '') ?? 'direct') : word;
  return source.toLowerCase().slice(0, 64).replace(HALF_LETTER, '');
}
