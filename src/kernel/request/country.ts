import { isISO31661Alpha2 } from 'class-validator';
import { type Reading, Refusal } from './reading.ts';

/** Codes that some use for a country whose ISO code is another. */
const MISTAKEN: Readonly<Record<string, string>> = { UK: 'GB', EL: 'GR' };

/** True for the codes of ISO 3166-1, and for XK, by which banks and payment providers know Kosovo. */
export const isCountry = (code: string): boolean =>
  /^[A-Z]{2}$/.test(code) && (code === 'XK' || isISO31661Alpha2(code));

export const readCountry: Reading = (code) => {
  const right = MISTAKEN[code];
  if (right) throw new Refusal(`must be an ISO 3166 code: use "${right}" instead of "${code}"`);
  if (!isCountry(code)) throw new Refusal('must be an ISO 3166 code such as "DE"');
  return code;
};
