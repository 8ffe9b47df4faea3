import { Length, Matches } from 'class-validator';
import { validate } from 'uuid';
import { invalid } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';

export const isId = (id: string): boolean => validate(id);

/** Returns the id in lower case. Refuses a malformed id, naming the field, before it reaches PostgreSQL. */
export function idOf(id: string, field = 'id'): string {
  if (!isId(id)) throw invalid(field, 'is not a UUID');
  return id.toLowerCase();
}

const SKEW_MS = 5 * 60 * 1_000;

/** Returns the given time, or now. Refuses the future, except for the five minutes that clocks may differ. */
export function happenedAt(clock: Clock, given: Date | null | undefined, field: string): Date {
  const now = clock.now();
  if (!given) return now;
  if (given.getTime() > now.getTime() + SKEW_MS) throw invalid(field, 'lies in the future');
  return given;
}

type Given<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** The fields that an update sets: absent and null fields stay as they are. */
export function given<T extends object>(input: T): Given<T> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value != null)) as Given<T>;
}

const LIMIT = 16_384;

/** Free-form notes of a caller, at most 16 kB as JSON. */
export function metadataOf(
  value: Record<string, unknown> | null | undefined,
  field: string,
): Record<string, unknown> {
  if (value == null) return {};
  if (Buffer.byteLength(JSON.stringify(value)) > LIMIT) throw invalid(field, 'must be at most 16 kB as JSON');
  return value;
}

/** A text that a person reads: 1 to `max` characters, not only blanks. */
export function Name(max: number): PropertyDecorator {
  return (target, property) => {
    Length(1, max, { message: `must be 1 to ${max} characters long` })(target, property as string);
    Matches(/\S/, { message: 'must not be blank' })(target, property as string);
  };
}

/** The reason of a decision, trimmed: 1 to 1000 characters. */
export function reasonOf(reason: string): string {
  const why = reason.trim();
  if (why.length < 1 || why.length > 1_000) throw invalid('reason', 'must be 1 to 1000 characters long');
  return why;
}

/** The id of an organisation at the identity provider, as stored. */
export const IdentityOrgId = (): PropertyDecorator =>
  Matches(/^[!-~]{1,200}$/, { message: 'must be 1 to 200 letters, digits or signs, without spaces' });
