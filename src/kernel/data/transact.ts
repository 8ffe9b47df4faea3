import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlockException, type EntityManager } from '@mikro-orm/postgresql';
import type { Context } from '../request/context.ts';
import { refusalOf } from '../request/format-error.ts';
import { prepare, type Sql } from './sql.ts';

const TRIES = 5;
const AWAY_MS = 500;

/** Runs the transaction of a use case. After a deadlock or serialization failure it runs again, with a new entity manager,
 *  so `work` must not call anything outside the database. */
export function transact<T>(
  { em }: Pick<Context, 'em'>,
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  return again(() => em.fork({ keepTransactionContext: false }).transactional(work));
}

/** Runs a query of a transaction; values are those of the driver, bigint as text. The last query commits the transaction of
 *  `transactStatements`: nothing may be refused after it. */
export type Run = <Row extends object>(statement: Sql<Row>, last?: boolean) => Promise<Row[]>;

/** Returns the SQL runner of a transaction that also uses entities. */
export const within =
  (em: EntityManager): Run =>
  (statement) =>
    statement.execute(em);

/** Runs a transaction without entities, for the most frequent requests: its queries are planned once per connection. */
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

/** Does the same for a worker: waits up to `patienceMs` in total while the database is not available. A lost answer may have
 *  been a success, so `work` must detect its own earlier effect. */
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
