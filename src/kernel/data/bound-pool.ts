import type { Writable } from 'node:stream';
import type { Pool, PoolClient, QueryArrayConfig, QueryConfig } from 'pg';
import type { Actor } from '../request/actor.ts';
import { type Bounds, type Send, type StatementPool, settingsOf } from '../request/bounds.ts';

const BIND = {
  name: 'bind',
  text: `select set_config('portal.tenant', $1, false), set_config('portal.partner', $2, false)`,
};

const BIND_TRANSACTION = {
  name: 'bind transaction',
  text: `select set_config('portal.tenant', $1, true), set_config('portal.partner', $2, true), set_config('portal.actor', $3, true)`,
};

/** What is asked of a connection before the next turn of the loop leaves in one packet: each costs as much as a statement. */
function inOnePacket(client: PoolClient): void {
  const { stream } = (client as PoolClient & { readonly connection: { readonly stream: Writable } })
    .connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/** Runs single statements, each within its bounds. A connection keeps the bounds of its last statement, so that the next
 *  one within the same bounds costs nothing more. */
export class BoundPool implements StatementPool {
  readonly #pool: Pool;
  readonly #transactions: Pool;
  readonly #last = new WeakMap<PoolClient, Bounds>();

  /** A transaction may wait for another, so that it takes none of the connections that reads live by. */
  constructor(pool: Pool, transactions: Pool = pool) {
    this.#pool = pool;
    this.#transactions = transactions;
  }

  async query<Row>(bounds: Bounds, statement: QueryConfig | QueryArrayConfig): Promise<Row[]> {
    const client = await this.#pool.connect();
    try {
      const { rows } = await this.#run(client, bounds, statement);
      client.release();
      return rows as Row[];
    } catch (error) {
      client.release(error as Error); // and it is closed: nobody knows what bounds it has now
      throw error;
    }
  }

  async #run(client: PoolClient, bounds: Bounds, statement: QueryConfig) {
    const last = this.#last.get(client);
    if (last?.tenant === bounds.tenant && last.partner === bounds.partner) return client.query(statement);
    this.#last.delete(client);
    inOnePacket(client);
    // Sent together, answered in order. Rows that came within other bounds, because the binding failed, are not given out.
    const bound = client.query({ ...BIND, values: [bounds.tenant, bounds.partner] });
    const [, result] = await Promise.all([bound, client.query(statement)]);
    this.#last.set(client, bounds);
    return result;
  }

  /** One transaction of statements alone; what throws takes it back. */
  async transact<T>(actor: Actor, work: (send: Send) => Promise<T>): Promise<T> {
    const client = await this.#transactions.connect();
    const values = Object.values(settingsOf(actor));
    inOnePacket(client);
    const begun = Promise.all([client.query('begin'), client.query({ ...BIND_TRANSACTION, values })]);
    begun.catch(() => {}); // every statement says so
    let committed: Promise<void> | undefined;
    const commit = async () => {
      const { command } = await client.query('commit');
      // A transaction that failed ends without an error of its own.
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
    return this.#pool.end();
  }
}
