import type { Writable } from 'node:stream';
import type { Pool, PoolClient, QueryArrayConfig, QueryConfig, QueryResult } from 'pg';
import type { Bounds } from '../request/bounds.ts';

/** Queries that a connection may have sent without an answer. */
const DEPTH = 32;
/** A statement whose mean duration is longer would delay those behind it. */
const SLOW_MS = 50;
/** The part of the last duration in the mean. One late answer of a busy machine makes no statement slow, half a second does. */
const LAST = 1 / 8;
const MANY_STATEMENTS = 5_000;

export const BIND = {
  name: 'bind',
  text: `select set_config('portal.tenant', $1, false), set_config('portal.partner', $2, false)`,
};

/** A connection with the queries of several callers. PostgreSQL runs them in the order in which they were sent. */
interface Shared {
  readonly client: PoolClient;
  /** The bounds of the queries that are sent from now on. */
  bounds: Bounds | null;
  /** The statement that sets these bounds. */
  bound: Promise<unknown>;
  open: number;
  /** When the last answer came, by `performance.now()`. */
  answeredAt: number;
  isCorked: boolean;
  isLost: boolean;
}

/** Sends the queries of this turn of the event loop in one packet, because each packet costs as much as a query. */
export function inOnePacket(client: PoolClient, sent: () => void = () => {}): void {
  const { stream } = (client as PoolClient & { readonly connection: { readonly stream: Writable } })
    .connection;
  stream.cork();
  process.nextTick(() => {
    stream.uncork();
    sent();
  });
}

/** A few connections for many short reads. Each read is sent at once, behind the others of its connection, so that it needs no
 *  connection of its own and costs no wake-up of an idle server process. A read with other bounds than the one before is sent
 *  behind the statement that sets them, and its rows are dropped unless that statement succeeded. */
export class SharedConnections {
  readonly #pool: Pool;
  readonly #size: number;
  readonly #shared: Shared[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #means = new Map<string, number>();
  #opening = 0;

  constructor(pool: Pool, size: number) {
    this.#pool = pool;
    this.#size = size;
  }

  async query(bounds: Bounds, statement: QueryConfig | QueryArrayConfig): Promise<QueryResult> {
    const shared = this.#choose(bounds) ?? (await this.#open(bounds));
    shared.open++;
    try {
      return await this.#send(shared, bounds, statement);
    } catch (error) {
      if (!isOfStatement(error)) this.#lose(shared, error as Error);
      throw error;
    } finally {
      shared.open--;
      this.#waiting.shift()?.();
    }
  }

  async #send(shared: Shared, bounds: Bounds, statement: QueryConfig): Promise<QueryResult> {
    const { client } = shared;
    if (!shared.isCorked) {
      shared.isCorked = true;
      inOnePacket(client, () => {
        shared.isCorked = false;
      });
    }
    if (!isSame(shared.bounds, bounds)) {
      shared.bounds = bounds;
      shared.bound = client.query({ ...BIND, values: [bounds.tenant, bounds.partner] });
      // The next queries with these bounds are sent without another attempt.
      shared.bound.catch((error) => this.#lose(shared, error));
    }
    const sentAt = performance.now();
    const [, result] = await Promise.all([shared.bound, client.query(statement)]);
    const now = performance.now();
    this.took(statement, now - Math.max(sentAt, shared.answeredAt));
    shared.answeredAt = now;
    return result;
  }

  /** Remembers how long a statement took, on any connection. */
  took({ name }: QueryConfig, ms: number): void {
    if (!name) return;
    if (this.#means.size > MANY_STATEMENTS) this.#means.clear();
    const mean = this.#means.get(name) ?? 0;
    this.#means.set(name, mean + (ms - mean) * LAST);
  }

  /** True for a statement that should have a connection of its own. */
  isSlow({ name }: QueryConfig): boolean {
    return name !== undefined && (this.#means.get(name) ?? 0) > SLOW_MS;
  }

  /** Returns the least busy connection, one with the same bounds first. Undefined if all are full, or if one more may help. */
  #choose(bounds: Bounds): Shared | undefined {
    let best: Shared | undefined;
    for (const shared of this.#shared) {
      if (!best || shared.open < best.open || (shared.open === best.open && isSame(shared.bounds, bounds)))
        best = shared;
    }
    if (!best || (best.open > 0 && this.#shared.length + this.#opening < this.#size)) return undefined;
    return best.open < DEPTH ? best : undefined;
  }

  /** Returns a new connection, or waits until one has room. */
  async #open(bounds: Bounds): Promise<Shared> {
    if (this.#shared.length + this.#opening >= this.#size) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      return this.#choose(bounds) ?? this.#open(bounds);
    }
    this.#opening++;
    try {
      const client = await this.#pool.connect();
      const shared: Shared = {
        ...{ client, bounds: null, bound: Promise.resolve(), open: 0, answeredAt: 0 },
        ...{ isCorked: false, isLost: false },
      };
      client.once('end', () => this.#lose(shared, new Error('the connection ended')));
      this.#shared.push(shared);
      return shared;
    } finally {
      this.#opening--;
      this.#waiting.shift()?.();
    }
  }

  /** Takes a connection out of use: its bounds or its answers are uncertain. */
  #lose(shared: Shared, error: Error): void {
    if (shared.isLost) return;
    shared.isLost = true;
    this.#shared.splice(this.#shared.indexOf(shared), 1);
    shared.client.release(error);
  }

  /** Gives the connections back to the pool. */
  close(): void {
    for (const shared of [...this.#shared]) this.#lose(shared, new Error('the connections were closed'));
  }
}

export const isSame = (a: Bounds | null, b: Bounds): boolean =>
  a !== null && a.tenant === b.tenant && a.partner === b.partner;

/** True for an error that PostgreSQL reports of one statement and that leaves the connection as it was. */
const isOfStatement = (error: unknown): boolean => {
  const { severity, code } = error as { severity?: string; code?: string };
  return severity === 'ERROR' && code !== INVALID_STATEMENT_NAME;
};

/** The statement was not prepared, because the preparation that was sent before it failed. */
const INVALID_STATEMENT_NAME = '26000';
