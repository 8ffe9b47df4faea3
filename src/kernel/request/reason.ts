import { invalid } from '../../domain/errors.ts';

/** Why somebody decided so, without blanks around it: 1 to 1000 characters. */
export function reasonOf(reason: string): string {
  const why = reason.trim();
  if (why.length < 1 || why.length > 1_000) throw invalid('reason', 'must be 1 to 1000 characters long');
  return why;
}
