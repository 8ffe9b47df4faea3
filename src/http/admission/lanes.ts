import { AppError } from '../../domain/errors.ts';
import { memo } from '../../kernel/request/memo.ts';

const AT_ONCE = 10;
const MOST_WAITING = 1_000;

interface Lane {
  running: number;
  readonly waiting: (() => void)[];
}

/** Runs the work of each key a few at a time, in order, so that the many attempts of one address take no more than their
 *  share of a look-up, and none is refused for the others. */
export function lanes(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const open = new Map<string, Lane>();
  return async (key, work) => {
    const lane = memo(open, key, (): Lane => ({ running: 0, waiting: [] }));
    if (lane.running < AT_ONCE) lane.running++;
    else {
      // Far more than any address has by chance; more would use up the memory.
      if (lane.waiting.length >= MOST_WAITING)
        throw new AppError('RATE_LIMITED', 'Too many attempts. Try again in 5 s.', { retryAfter: 5 });
      await new Promise<void>((resolve) => lane.waiting.push(resolve)); // takes over the place of another
    }
    try {
      return await work();
    } finally {
      const next = lane.waiting.shift();
      if (next) next();
      else if (--lane.running === 0) open.delete(key);
    }
  };
}
