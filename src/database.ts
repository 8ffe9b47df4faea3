import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MikroORM } from '@mikro-orm/postgresql';
import { Logger as JobLogger, runMigrations as migrateJobs } from 'graphile-worker';
import { Client, Pool, type PoolClient, type PoolConfig } from 'pg';
import ormConfig from '../mikro-orm.config.ts';
import { StartupError } from './adapters/embedded-postgres/startup-error.ts';
import { applyChanged, changedFiles } from './database/source-files.ts';
import { BoundPool } from './kernel/data/bound-pool.ts';
import { nothing } from './kernel/request/bounds.ts';

const MIGRATIONS = join(dirname(fileURLToPath(import.meta.url)), '../migrations');
const MIGRATION_LOCK = 7_022_611; // an arbitrary number: of several starting processes, one migrates at a time
const BASELINE = '0001_baseline';
const MIN_VERSION = 150_000;
const CONNECT_MS = 10_000;
const OWNER_CONNECTIONS = 10;
const POOLER_TRIES = 10;

export interface Database {
  /** For transactions, with separate connections. */
  readonly orm: MikroORM;
  /** For single queries. */
  readonly pool: BoundPool;
  close(): Promise<void>;
}

/** Opens the database. Connections are made on demand: up to `connections` for transactions and as many for queries. */
export async function openDatabase(url: string, { connections = 16 } = {}): Promise<Database> {
  const orm = await MikroORM.init({
    ...ormConfig,
    clientUrl: url,
    pool: { min: 0, max: connections },
    driverOptions: {
      connectionString: url,
      connectionTimeoutMillis: CONNECT_MS,
      pipeline: true,
      onPoolCreated: takeBackLost,
    },
    migrations: {
      ...ormConfig.migrations,
      path: MIGRATIONS,
      pathTs: MIGRATIONS,
      glob: '!(*.d).{js,ts}',
      snapshot: false,
      silent: true,
    },
    dynamicImportProvider: (id: string) => import(id),
  });
  const pool = new BoundPool(
    poolOf(url, { max: connections, pipeline: true }),
    await orm.em.getConnection().getNativeClient(),
  );
  return {
    orm,
    pool,
    async close() {
      await pool.end();
      await orm.close();
    },
  };
}

/** Rows are found in memory or on a solid-state disk, where a row by its index costs about as much as the next one. With
 *  PostgreSQL's default for spinning disks, short lists read whole tables. */
const PLANNING = '-c random_page_cost=1.1';

/** Returns the URL of the same database with a role that owns no table and is subject to row-level security. Options of the
 *  given URL have precedence, except for the role. */
export function asApi(url: string): string {
  const api = new URL(url);
  const options = api.searchParams.get('options');
  api.searchParams.set(
    'options',
    [PLANNING, options, '-c role=partner_portal_api'].filter(Boolean).join(' '),
  );
  return api.href;
}

/** Returns true if row-level security applies to these connections. It does not apply to the owner of the tables, to a
 *  superuser, or, with `ownLogin`, to a login that could become the owner. */
export async function isBound({ pool }: Database, { ownLogin }: { ownLogin: boolean }): Promise<boolean> {
  const [row] = await pool.query<{ bound: boolean }>(nothing, {
    text: `select row_security_active(oid) and not ($1 and pg_has_role(session_user, relowner, 'member')) as bound
      from pg_class where oid = 'partners'::regclass`,
    values: [ownLogin],
  });
  return row?.bound ?? false;
}

/** Returns true behind a pooler that gives each transaction another server process, such as PgBouncer in transaction mode.
 *  There the bounds of a connection, and its prepared statements, would be those of another. */
export async function isTransactionPooled(url: string): Promise<boolean> {
  const clients = [new Client({ connectionString: url }), new Client({ connectionString: url })] as const;
  const [reader, holder] = clients;
  const serverOf = async (client: Client): Promise<number> =>
    (await client.query('select pg_backend_pid() as pid')).rows[0].pid;
  await Promise.all(clients.map((client) => client.connect()));
  try {
    const first = await serverOf(reader);
    // The driver knows the id that the other side of the connection gave: a pooler gives its own.
    if (first === (reader as Client & { readonly processID: number }).processID) return false;
    // A transaction of another client takes the process that was used last.
    for (let tries = 0; tries < POOLER_TRIES; tries++) {
      await holder.query('begin');
      const held = await serverOf(holder);
      const next = await serverOf(reader);
      await holder.query('commit');
      if (held === first || next !== first) return true;
    }
    return false;
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** Opens connections of the database's owner, for the tables of the job runner and for demo data. Never use them for a
 *  request. */
export const ownerPool = (url: string): Pool => poolOf(url, { max: OWNER_CONNECTIONS });

function poolOf(url: string, options: PoolConfig): Pool {
  const pool = new Pool({ connectionString: url, connectionTimeoutMillis: CONNECT_MS, ...options });
  // A query on a lost connection fails with its own error; without listeners, the event `error` would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Returns lost connections to the pool. Kysely keeps the connection of a transaction that could neither commit nor roll
 *  back. Without this function such connections would use up the pool, and writes would stop. */
function takeBackLost(pool: Pool): void {
  const out = new Set<PoolClient>();
  pool.on('acquire', (client) => out.add(client));
  pool.on('release', (_, client) => out.delete(client));
  pool.on('connect', (client) =>
    // Deferred, so that callers which release their own connection come first.
    client.once('end', () => setImmediate(() => out.has(client) && client.release(true))),
  );
}

/** Returns the migrations and files that the database lacks, in the order in which they are applied. */
export async function pendingChanges(url: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { orm, close } = await openDatabase(url, { connections: 2 });
  try {
    await refuseOldMigrations(client);
    const pending = (await orm.migrator.getPending()).map(({ name }) => name);
    if (pending.includes(BASELINE)) return pending;
    const changed = await changedFiles(client);
    return [...pending, ...changed.map(({ path }) => path)];
  } finally {
    await close();
    await client.end();
  }
}

/** Updates the database, including the job tables. Returns the applied migrations and files. */
export async function migrate(url: string): Promise<string[]> {
  const guard = new Client({ connectionString: url });
  await guard.connect();
  try {
    const { rows } = await guard.query('show server_version_num');
    if (Number(rows[0].server_version_num) < MIN_VERSION)
      throw new Error('The database must be PostgreSQL 15 or later.');
    await guard.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseOldMigrations(guard);
    await migrateJobs({ connectionString: url, logger: quiet });
    const { orm, close } = await openDatabase(url, { connections: 2 });
    try {
      const migrations = (await orm.migrator.up()).map(({ name }) => name);
      return [...migrations, ...(await applyChanged(guard))];
    } finally {
      await close();
    }
  } finally {
    await guard.end();
  }
}

/** Refuses a database with the migrations of before the first release: no path leads from them to the baseline. */
async function refuseOldMigrations(client: Client): Promise<void> {
  const { rows } = await client.query(`select to_regclass('mikro_orm_migrations') is not null as migrated`);
  if (!rows[0].migrated) return;
  const { rowCount } = await client.query(
    `select from mikro_orm_migrations where name like 'Migration2026%' limit 1`,
  );
  if (rowCount)
    throw new StartupError(
      'This database was built by a version before the first release and cannot be upgraded. Delete it with `npm run reset`, or on your own PostgreSQL create an empty database and name it in DATABASE_URL.',
    );
}

/** A silent logger for graphile-worker, which would log every job. The product logs failed jobs itself. */
export const quiet = new JobLogger(() => () => {});
