import { validate } from 'uuid';
import { invalid } from '../../domain/errors.ts';

export const isId = (id: string): boolean => validate(id);

/** A malformed id is refused by name before it reaches PostgreSQL. */
export function idOf(id: string, field = 'id'): string {
  if (!isId(id)) throw invalid(field, 'is not a UUID');
  return id.toLowerCase();
}
