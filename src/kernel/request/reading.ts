import { invalid } from '../../domain/errors.ts';

/** The reason why a text is refused, as a predicate: `must not be blank`. */
export class Refusal extends TypeError {}

/** Returns the stored form of a text from a caller, or throws a `Refusal`. */
export type Reading = (text: string) => string;

/** Reads a text. The refusal names the field. */
export function readAt(read: Reading, text: string, field: string): string {
  try {
    return read(text);
  } catch (error) {
    throw error instanceof Refusal ? invalid(field, error.message) : error;
  }
}
