import { linkCodeOf } from '../../domain/referral.ts';
import { hasHidden, isBlank, trimmed } from '../../domain/text.ts';
import { type Reading, Refusal } from './reading.ts';

function trimmedTo(max: number, text: string): string {
  if (text !== '' && isBlank(text)) throw new Refusal('must not be blank');
  const read = trimmed(text);
  const length = Array.from(read).length;
  if (length < 1 || length > max) throw new Refusal(`must be 1 to ${max} characters long`);
  return read;
}

/** A text that a person reads. */
export const readText =
  (max: number): Reading =>
  (text) =>
    trimmedTo(max, text);

/** An id of another system, by which rows are found again. */
export const readId =
  (max: number): Reading =>
  (text) => {
    const id = trimmedTo(max, text);
    if (hasHidden(id)) throw new Refusal('must not contain control or invisible characters');
    return id;
  };

/** A code of ours, perhaps with spaces around it. */
export const readPattern =
  (pattern: RegExp, message: string): Reading =>
  (text) => {
    const code = trimmed(text);
    if (!pattern.test(code)) throw new Refusal(message);
    return code;
  };

/** The code of a link in upper case. */
export const readLinkCode: Reading = (text) => {
  const code = linkCodeOf(text);
  if (code === null) throw new Refusal('must be the code of a link: 1 to 64 letters, digits, "-" and "_"');
  return code;
};

/** A text that its use case reads by rules of its own. */
export const readAny =
  (max: number): Reading =>
  (text) => {
    if (Array.from(text).length > max) throw new Refusal(`must be at most ${max} characters long`);
    return text;
  };
