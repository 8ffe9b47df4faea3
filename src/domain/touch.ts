/** Whether a visitor's consent is needed before a cookie is set. */
export const TrackingConsent = { NOT_NEEDED: 'NOT_NEEDED', REQUIRED: 'REQUIRED' } as const;
export type TrackingConsent = (typeof TrackingConsent)[keyof typeof TrackingConsent];

/** What a browser runs on, as far as it says so. */
export type Device = 'DESKTOP' | 'MOBILE' | 'TABLET' | 'UNKNOWN';

export function deviceOf(userAgent: string | null): Device {
  if (!userAgent) return 'UNKNOWN';
  if (/ipad|tablet|playbook|silk|android(?!.*mobile)/i.test(userAgent)) return 'TABLET';
  if (/mobi|iphone|ipod|android/i.test(userAgent)) return 'MOBILE';
  return /windows|macintosh|linux|cros|x11/i.test(userAgent) ? 'DESKTOP' : 'UNKNOWN';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a link may carry anything, a table may not
const UNPRINTABLE = /[\u0000-\u001f\u007f]/g;

/** A word of a link as it is kept: printable, at most 100 characters; null where nothing is left. */
export const wordOf = (text: unknown): string | null =>
  typeof text === 'string' ? text.replace(UNPRINTABLE, '').trim().slice(0, 100).toWellFormed() || null : null;

/** So soon after its first one, a visitor's click on the same link is the same click. */
export const FOLD_MS = 3_000;
