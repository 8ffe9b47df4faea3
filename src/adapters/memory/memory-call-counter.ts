import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { CallCounter } from '../../ports/call-counter.ts';

/** A call counter within one process. */
export function memoryCallCounter(): CallCounter {
  const counter = new RateLimiterMemory({ points: 1, duration: 1 }); // the caller applies the limit; each key has its own window
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
