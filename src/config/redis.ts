import { integer, url } from './fields.ts';
import { section, variable } from './section.ts';

export const redis = section({
  title: 'Redis',
  variables: () => ({
    REDIS_URL: variable(url('redis', 'rediss').optional(), {
      description: 'Redis that shares live updates and rate limits between processes.',
      otherwise: 'they stay within one process',
      example: 'redis://localhost:6379',
      secret: true,
    }),
    PROCESSES: variable(integer(1, 1_000).prefault('2'), {
      description:
        'Number of API processes that share Redis. While Redis is unavailable, each process allows its part of every rate limit.',
    }),
  }),
  value: (set) => ({ redisUrl: set.REDIS_URL ?? null, processes: set.PROCESSES }),
});
