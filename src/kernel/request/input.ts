import { validate } from 'uuid';
import { invalid } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { readAt } from './reading.ts';
import { readText } from './text.ts';

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

/** The reason of a decision, trimmed: 1 to 1000 characters. */
export const reasonOf = (reason: string): string => readAt(readText(1_000), reason, 'reason');
