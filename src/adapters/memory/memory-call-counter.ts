import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { CallCounter } from '../../ports/call-counter.ts';

/** Within one process. */
export function memoryCallCounter(): CallCounter {
  const counter = new RateLimiterMemory({ points: 1, duration: 1 }); // the limit is the caller's, each key its own window
  return {
    async add(key, calls, windowSeconds) {
      const { consumedPoints, msBeforeNext } = await counter.penalty(key, calls, {
        customDuration: windowSeconds,
      });
      return { used: consumedPoints, endsInMs: msBeforeNext };
    },
    async close() {},
  };
}
