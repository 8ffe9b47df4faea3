import { isBlank, trimmed } from './text.ts';

/** True (REQUIRED) when a visitor must consent before a cookie is set. */
export const TrackingConsent = { NOT_NEEDED: 'NOT_NEEDED', REQUIRED: 'REQUIRED' } as const;
export type TrackingConsent = (typeof TrackingConsent)[keyof typeof TrackingConsent];

/** Kind of device, as far as the user agent reveals it. */
export type Device = 'DESKTOP' | 'MOBILE' | 'TABLET' | 'UNKNOWN';

export function deviceOf(userAgent: string | null): Device {
  if (!userAgent) return 'UNKNOWN';
  if (/ipad|tablet|playbook|silk|android(?!.*mobile)/i.test(userAgent)) return 'TABLET';
  if (/mobi|iphone|ipod|android/i.test(userAgent)) return 'MOBILE';
  return /windows|macintosh|linux|cros|x11/i.test(userAgent) ? 'DESKTOP' : 'UNKNOWN';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a link may contain anything, a table may not
const UNPRINTABLE = /[\u0000-\u001f\u007f]/g;

/** Returns a parameter of a link in the stored form: printable, at most 100 characters. Null when nothing visible is left. */
export function wordOf(text: unknown): string | null {
  if (typeof text !== 'string') return null;
  const word = trimmed(text.replace(UNPRINTABLE, '')).slice(0, 100).toWellFormed();
  return isBlank(word) ? null : word;
}

/** A visitor's clicks on the same link within this time count as one click. */
export const FOLD_MS = 3_000;
