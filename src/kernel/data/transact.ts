import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlockException, type EntityManager } from '@mikro-orm/postgresql';
import type { Context } from '../request/context.ts';
import { refusalOf } from '../request/format-error.ts';
import { prepare, type Sql } from './sql.ts';

const TRIES = 5;
const AWAY_MS = 500;

/** One transaction of a use case. A deadlock or serialization failure runs the whole of it again, on a clean
 *  entity manager, so `work` must call nothing outside the database. */
export function transact<T>(
  { em }: Pick<Context, 'em'>,
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  return again(() => em.fork({ keepTransactionContext: false }).transactional(work));
}

/** Runs a statement of a transaction; its values come as the driver reads them, bigint as text. With the last one the transaction
 *  of `transactStatements` is committed: nothing may be refused after it. */
export type Run = <Row extends object>(statement: Sql<Row>, last?: boolean) => Promise<Row[]>;

/** The statements of a transaction that works with entities too. */
export const within =
  (em: EntityManager): Run =>
  (statement) =>
    statement.execute(em);

/** The same without entities, for what is asked for most: its statements are planned once a connection. */
export function transactStatements<T>(
  { pool, actor }: Pick<Context, 'pool' | 'actor'>,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  return again(() =>
    pool.transact(actor, (send) => {
      const run = (statement: Sql, last?: boolean) => send(prepare(statement), last);
      return work(run as Run);
    }),
  );
}

async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === TRIES || !collided(error)) throw error;
    }
  }
}

/** The same for a worker: while the database is away it is waited for, `patienceMs` in all. An answer that was lost may have been
 *  a success, so `work` must recognize what it did before. */
export async function transactPatiently<T>(
  ctx: Pick<Context, 'em'>,
  patienceMs: number,
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  for (const end = performance.now() + patienceMs; ; await sleep(AWAY_MS)) {
    try {
      return await transact(ctx, work);
    } catch (error) {
      if (performance.now() >= end || refusalOf(error)?.code !== 'SERVICE_UNAVAILABLE') throw error;
    }
  }
}

function collided(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return error instanceof DeadlockException || code === '40001' || code === '40P01';
}
