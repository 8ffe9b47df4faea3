import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { CallCounter } from '../../ports/call-counter.ts';

const PREFIX = 'partner-portal:calls';
const ASK_AGAIN_MS = 1_000;

/** A call counter across processes. When Redis is down, one caller waits for the timeout; afterwards calls are refused immediately
 *  until Redis answers a ping. */
export function redisCallCounter(
  url: string,
  warn: (error: Error) => void,
  { timeoutMs }: { timeoutMs: number },
): CallCounter {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (tries) => Math.min(tries * 100, ASK_AGAIN_MS),
  });
  redis.on('error', warn);
  const counter = new RateLimiterRedis({ storeClient: redis, keyPrefix: PREFIX, points: 1, duration: 1 });
  let answers = true;

  function giveUp(error: Error): void {
    if (!answers) return;
    answers = false;
    warn(error);
    const timer = setInterval(async () => {
      answers =
        redis.status === 'ready' && (await inTime(redis.ping(), timeoutMs).catch(() => null)) !== null;
      if (answers || redis.status === 'end') clearInterval(timer);
    }, ASK_AGAIN_MS);
    timer.unref();
  }

  return {
    async add(key, calls, windowSeconds) {
      if (!answers || redis.status !== 'ready') throw new Error('Redis does not answer');
      try {
        const { consumedPoints, msBeforeNext } = await inTime(
          counter.penalty(key, calls, { customDuration: windowSeconds }),
          timeoutMs,
        );
        return { used: consumedPoints, endsInMs: msBeforeNext };
      } catch (error) {
        giveUp(error as Error);
        throw error;
      }
    },
    async close() {
      redis.disconnect();
    },
  };
}

/** The response, or an error after the timeout. A response that arrived while this process was busy is in time: it is read
 *  in the event loop turn after the timer's. */
async function inTime<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  const timer = new AbortController();
  const late = sleep(timeoutMs, null, { signal: timer.signal })
    .then(() => nextTurn())
    .then(() => nextTurn())
    .then((): never => {
      throw new Error(`Redis did not answer within ${timeoutMs} ms`);
    });
  late.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort();
    answer.catch(() => {}); // a late failure is ignored
  }
}
