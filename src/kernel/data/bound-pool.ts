import type { Writable } from 'node:stream';
import type { Pool, PoolClient, QueryArrayConfig, QueryConfig } from 'pg';
import type { Actor } from '../request/actor.ts';

/** The rows that the database lets a statement touch, whatever the statement says. It is the second wall: each table's
 *  policy holds it against the rows, also where the application forgot its own conditions. */
export interface Bounds {
  /** `*`: every tenant; empty: none. */
  readonly tenant: string;
  /** Empty: every partner of the tenant. */
  readonly partner: string;
}

const EVERY_TENANT = '*';
const NO_TENANT = '';

export const nothing: Bounds = { tenant: NO_TENANT, partner: '' };

/** A tenant that calls itself `*`, or by a partner of another as the policies compare it, is nobody's. */
export const ofTenant = (tenantId: string | null): Bounds => ({
  tenant: tenantId === null || tenantId === EVERY_TENANT || tenantId.includes('/') ? NO_TENANT : tenantId,
  partner: '',
});

export const boundsOf = ({ everyTenant, tenantId, partnerId }: Actor): Bounds => ({
  ...(everyTenant ? { tenant: EVERY_TENANT } : ofTenant(tenantId)),
  partner: partnerId ?? '',
});

/** The same as settings of a session, which the policies read. The actor counts only where it writes. */
export const settingsOf = (actor: Actor): Record<string, string> => {
  const { tenant, partner } = boundsOf(actor);
  return { 'portal.tenant': tenant, 'portal.partner': partner, 'portal.actor': actor.id };
};

const BIND = {
  name: 'bind',
  text: `select set_config('portal.tenant', $1, false), set_config('portal.partner', $2, false)`,
};

const BIND_TRANSACTION = {
  name: 'bind transaction',
  text: `select set_config('portal.tenant', $1, true), set_config('portal.partner', $2, true), set_config('portal.actor', $3, true)`,
};

/** Sends a statement of a transaction. What is sent together is answered in order: await all of it with `Promise.all`. The last
 *  one takes the commit along, so nothing may be refused once it is answered. */
export type Send = (statement: QueryConfig, last?: boolean) => Promise<object[]>;

/** What is asked of a connection before the next turn of the loop leaves in one packet: each costs as much as a statement. */
function inOnePacket(client: PoolClient): void {
  const { stream } = (client as PoolClient & { readonly connection: { readonly stream: Writable } })
    .connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/** Runs single statements, each within its bounds. A connection keeps the bounds of its last statement, so that the next
 *  one within the same bounds costs nothing more. */
export class BoundPool {
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
