import { invalid } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';

const SKEW_MS = 5 * 60 * 1_000;

/** When something happened: as given, or now. Refuses the future, but for clocks that run a little ahead. */
export function happenedAt(clock: Clock, given: Date | null | undefined, field: string): Date {
  const now = clock.now();
  if (!given) return now;
  if (given.getTime() > now.getTime() + SKEW_MS) throw invalid(field, 'lies in the future');
  return given;
}
