import { validate } from 'uuid';
import { invalid } from '../domain/errors.ts';

/** A malformed id is refused by name before it reaches PostgreSQL. */
export function idOf(id: string, field = 'id'): string {
  if (!validate(id)) throw invalid(field, 'is not a UUID');
  return id.toLowerCase();
}
