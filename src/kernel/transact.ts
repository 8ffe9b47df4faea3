import { DeadlockException, type EntityManager } from '@mikro-orm/postgresql';
import type { Context } from './context.ts';

const TRIES = 5;

/** One transaction of a use case. A deadlock or serialization failure runs the whole of it again, on a clean
 *  entity manager, so `work` must call nothing outside the database. */
export async function transact<T>(
  { em }: Pick<Context, 'em'>,
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await em.fork({ keepTransactionContext: false }).transactional(work);
    } catch (error) {
      if (tries === TRIES || !collided(error)) throw error;
    }
  }
}

function collided(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return error instanceof DeadlockException || code === '40001' || code === '40P01';
}
