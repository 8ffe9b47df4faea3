import type { Pool, PoolClient, QueryArrayConfig, QueryConfig } from 'pg';
import type { Actor } from '../request/actor.ts';
import { type Bounds, type Send, type StatementPool, settingsOf } from '../request/bounds.ts';
import { BIND, inOnePacket, isSame, SharedConnections } from './shared-connections.ts';

const BIND_TRANSACTION = {
  name: 'bind transaction',
  text: `select set_config('portal.tenant', $1, true), set_config('portal.partner', $2, true), set_config('portal.actor', $3, true)`,
};

/** Runs single queries, each within its bounds. A connection keeps the bounds of its last query, so the next query with
 *  the same bounds costs nothing more. */
export class BoundPool implements StatementPool {
  readonly #pool: Pool;
  readonly #transactions: Pool;
  /** Null if the pool has too few connections to share some. */
  readonly #shared: SharedConnections | null;
  readonly #last = new WeakMap<PoolClient, Bounds>();

  /** Transactions have connections of their own: one that waits for a lock must not take a connection from the reads. */
  constructor(pool: Pool, transactions: Pool = pool) {
    this.#pool = pool;
    this.#transactions = transactions;
    const shared = Math.floor(pool.options.max / 2);
    this.#shared = shared > 0 ? new SharedConnections(pool, shared) : null;
  }

  /** Runs a short query behind others on a shared connection. A query that takes long gets its own, until it is fast again. */
  async read<Row>(bounds: Bounds, statement: QueryConfig | QueryArrayConfig): Promise<Row[]> {
    const shared = this.#shared;
    if (!shared) return this.#alone(bounds, statement);
    if (shared.isSlow(statement)) return this.#alone(bounds, statement, (ms) => shared.took(statement, ms));
    const { rows } = await shared.query(bounds, statement);
    return rows as Row[];
  }

  query<Row>(bounds: Bounds, statement: QueryConfig | QueryArrayConfig): Promise<Row[]> {
    return this.#alone(bounds, statement);
  }

  async #alone<Row>(
    bounds: Bounds,
    statement: QueryConfig | QueryArrayConfig,
    took?: (ms: number) => void,
  ): Promise<Row[]> {
    const client = await this.#pool.connect();
    const sentAt = performance.now();
    try {
      const { rows } = await this.#run(client, bounds, statement);
      took?.(performance.now() - sentAt);
      client.release();
      return rows as Row[];
    } catch (error) {
      client.release(error as Error); // closes the connection: its bounds are unknown now
      throw error;
    }
  }

  async #run(client: PoolClient, bounds: Bounds, statement: QueryConfig) {
    const last = this.#last.get(client);
    if (last && isSame(last, bounds)) return client.query(statement);
    this.#last.delete(client);
    inOnePacket(client);
    // Sent together, answered in order. If the binding fails, the rows of the query are dropped with it.
    const bound = client.query({ ...BIND, values: [bounds.tenant, bounds.partner] });
    const [, result] = await Promise.all([bound, client.query(statement)]);
    this.#last.set(client, bounds);
    return result;
  }

  /** Runs a transaction of queries; an error rolls it back. */
  async transact<T>(actor: Actor, work: (send: Send) => Promise<T>): Promise<T> {
    const client = await this.#transactions.connect();
    const values = Object.values(settingsOf(actor));
    inOnePacket(client);
    const begun = Promise.all([client.query('begin'), client.query({ ...BIND_TRANSACTION, values })]);
    begun.catch(() => {}); // each query reports the same error
    let committed: Promise<void> | undefined;
    const commit = async () => {
      const { command } = await client.query('commit');
      // PostgreSQL ends a failed transaction without an error.
      if (command !== 'COMMIT') throw new Error('the transaction had failed and was not committed');
    };
    try {
      const result = await work(async (statement, last = false) => {
        if (last) inOnePacket(client);
        const sent = client.query(statement);
        if (last) committed = commit();
        const [, { rows }] = await Promise.all([begun, sent, committed]);
        return rows;
      });
      await (committed ?? commit());
      client.release();
      return result;
    } catch (error) {
      await client.query('rollback').then(
        () => client.release(),
        (lost) => client.release(lost),
      );
      throw error;
    }
  }

  end(): Promise<void> {
    this.#shared?.close();
    return this.#pool.end();
  }
}
