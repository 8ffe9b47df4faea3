import { readCountry } from './country.ts';
import { readCurrency, readKnownCurrency } from './currency.ts';
import { readDomain, readEmail } from './email.ts';
import { readHost } from './host.ts';
import { type Reading, readAt } from './reading.ts';
import { readAny, readId, readLinkCode, readPattern, readText } from './text.ts';
import { readTimeZone } from './time-zone.ts';

interface Kind {
  readonly name: string;
  readonly read: Reading;
}

const kinds = new WeakMap<object, Map<string, Kind>>();

/** Decides the kind of a text field, or of each text in a list. Every text field of every input has a kind. */
const kind =
  (name: string, read: Reading): PropertyDecorator =>
  (target, property) => {
    const known = kinds.get(target) ?? new Map<string, Kind>();
    kinds.set(target, known.set(String(property), { name, read }));
  };

/** Returns the kind of a field of an input class, or of a class that it extends. */
export function kindOf(prototype: object, property: string): Kind | null {
  for (let at: object | null = prototype; at; at = Object.getPrototypeOf(at)) {
    const found = kinds.get(at)?.get(property);
    if (found) return found;
  }
  return null;
}

/** Puts the stored form of each text into the input, also in nested inputs. Refuses a text of the wrong kind, naming the field. */
export function readTexts(input: object, path: string): void {
  const prototype = Object.getPrototypeOf(input);
  for (const [property, value] of Object.entries(input)) {
    const field = `${path}.${property}`;
    const found = kindOf(prototype, property);
    const read = (text: unknown) =>
      typeof text === 'string' && found ? readAt(found.read, text, field) : text;
    if (typeof value === 'string') Object.assign(input, { [property]: read(value) });
    else if (Array.isArray(value)) {
      if (found) Object.assign(input, { [property]: value.map(read) });
      else for (const [index, each] of value.entries()) nested(each, `${field}.${index}`);
    } else nested(value, field);
  }
}

/** Caller's own JSON is no input of ours. */
function nested(value: unknown, path: string): void {
  if (value === null || typeof value !== 'object' || value instanceof Date) return;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) readTexts(value, path);
}

/** A text that a person reads: 1 to `max` characters. */
export const Name = (max: number) => kind('TEXT', readText(max));

/** An id or key of another system, by which rows are found again: 1 to `max` characters. */
export const ExternalId = (max: number) => kind('ID', readId(max));

export const Currency = () => kind('CURRENCY', readCurrency);

/** A currency of existing rows, for reading, refunding and paying them. */
export const KnownCurrency = () => kind('KNOWN_CURRENCY', readKnownCurrency);

export const Country = () => kind('COUNTRY', readCountry);

/** An e-mail address in a field that is text for compatibility; new fields have the scalar `EmailAddress`. */
export const Email = () => kind('EMAIL', readEmail);

export const Domain = () => kind('DOMAIN', readDomain);

/** A host of web pages, with its port unless it is the usual one. */
export const Host = () => kind('HOST', readHost);

export const TimeZone = () => kind('TIME_ZONE', readTimeZone);

/** The code of a link, perhaps with characters of the text around the link. */
export const LinkCode = () => kind('LINK_CODE', readLinkCode);

/** A text of a fixed form, such as a code or a colour. */
export const Pattern = (pattern: RegExp, message: string) => kind('PATTERN', readPattern(pattern, message));

/** A text that is read by rules of its own, in the use case or by a further decorator: at most `max` characters. */
export const OwnRules = (max: number) => kind('OWN_RULES', readAny(max));

/** The id of an organisation at the identity provider, as stored. */
export const IdentityOrgId = () =>
  Pattern(/^[!-~]{1,200}$/, 'must be 1 to 200 letters, digits or signs, without spaces');
