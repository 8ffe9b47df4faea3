import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type Binaries, binariesFor } from './binaries.ts';
import {
  type DataFolder,
  dataFolder,
  placesIn,
  readIfThere,
  removeData,
  sharedFolder,
  versionOf,
} from './data-folder.ts';
import { initdb, portalUser } from './initdb.ts';
import { forgetDeadServer, runningServer, stopRunning } from './running.ts';
import { launch, type Server, untilReady } from './server.ts';
import { diskIsFull, explained, hasRoom, StartupError } from './startup-error.ts';

export { StartupError } from './startup-error.ts';

export interface EmbeddedPostgres {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Folder of the data or a link to it, the log and the password: `<project>/.data`. */
  readonly folder: string;
  readonly database: string;
  /** False is faster, but data can be lost in a power failure; for tests. */
  readonly durable?: boolean;
  /** The first choice; if another process has it, the next free port is taken. Without it any free port is taken. */
  readonly port?: number;
  /** True if a server that something else ended starts again at its port. If it cannot, an unhandled StartupError ends the
   *  process. */
  readonly restarts?: boolean;
  readonly progress?: (sentence: string) => void;
}

const startTimeoutMs = 60_000; // recovery after a crash takes a while
const REVIVALS = 3; // of one process: a server that ends more often has a cause that a person must remove
const REVIVAL_TRIES = 10; // the processes of a killed server hold its data for some seconds

/** Starts the PostgreSQL that `npm ci` installed. It stops with this process, however that ends. */
export function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { folder, database, durable = true, restarts = false, progress = () => {} } = options;
  return explained(folder, async () => {
    const data = await dataFolder(folder);
    const other = await runningServer(data.path);
    if (other) throw alreadyRunning(folder, other.pid);
    const binaries = await binariesFor(data.user, sharedFolder, progress);
    const password = await passwordOf(folder);

    const version = await versionOf(data.path);
    if (version === null) {
      progress('Making the database.');
      await initdb(binaries, data, password, durable);
    } else if (version !== binaries.major) {
      throw new StartupError(
        `The database in ${data.path} was created by PostgreSQL ${version}, but this Partner Portal contains PostgreSQL ${binaries.major}: move that folder away, or remove it with \`npm run reset\`.`,
      );
    }

    progress('Starting the database.');
    await forgetDeadServer(data.path);
    const first = await startServer(options, binaries, data, durable);
    const { port } = first;
    try {
      await createDatabase(urlOf(port, password, 'postgres'), database);
    } catch (error) {
      await first.server.stop();
      const { code } = error as { code?: string };
      if (code === '28P01') throw wrongPassword(folder);
      if (code === '53100') throw diskIsFull(data.path);
      throw error;
    }
    const launchAgain = () =>
      startServer({ ...options, port }, binaries, data, durable, { onlyThisPort: true });
    const stop = restarts ? keepAlive(first.server, launchAgain, progress) : first.server.stop;
    return { url: urlOf(port, password, database), port, stop };
  });
}

/** Starts the server again when it ends without our `stop`, which this function returns. */
function keepAlive(
  first: Server,
  launchAgain: () => Promise<{ server: Server }>,
  progress: (sentence: string) => void,
): () => Promise<void> {
  let stopping = false;
  let server = first;
  async function revive(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        ({ server } = await launchAgain());
        if (stopping) await server.stop();
        return;
      } catch (error) {
        if (stopping) return;
        if (tries === REVIVAL_TRIES) throw error;
        await sleep(1_000);
      }
    }
  }
  async function watch(): Promise<void> {
    for (let revivals = 0; ; revivals++) {
      await server.exited;
      if (stopping) return;
      if (revivals === REVIVALS)
        throw new StartupError(
          `The embedded PostgreSQL ended ${REVIVALS + 1} times, so Partner Portal stops. Read the log of the database, and start again.`,
        );
      progress('The database has ended. Starting it again.');
      await revive();
      if (!stopping) progress('The database runs again.');
    }
  }
  const watched = watch();
  return async () => {
    stopping = true;
    await server.stop();
    await watched;
  };
}

/** The URL of the server that already runs on the data of this folder, or null. */
export function runningUrl({
  folder,
  database,
}: Pick<EmbeddedOptions, 'folder' | 'database'>): Promise<string | null> {
  return explained(folder, async () => {
    const { data, password } = placesIn(folder);
    const server = await runningServer(data);
    return server?.ready ? urlOf(server.port, await readFile(password, 'utf8'), database) : null;
  });
}

/** Stops the server if it is running, and deletes its data. */
export function removeEmbeddedPostgres(folder: string): Promise<void> {
  return explained(folder, async () => {
    await stopRunning(placesIn(folder).data);
    await removeData(folder);
  });
}

const alreadyRunning = (folder: string, pid: number | undefined) =>
  new StartupError(
    `Another Partner Portal is already running on the data in ${folder} (process ${pid ?? 'unknown'}): stop it first.`,
  );

const wrongPassword = (folder: string) =>
  new StartupError(
    `The password in ${placesIn(folder).password} does not match the database next to it: restore the correct password, or start again with \`npm run reset\`.`,
  );

async function startServer(
  { folder, port: wanted }: EmbeddedOptions,
  binaries: Binaries,
  data: DataFolder,
  durable: boolean,
  { onlyThisPort = false } = {},
): Promise<{ server: Server; port: number }> {
  const { log } = placesIn(folder);
  for (let attempt = 1; ; attempt++) {
    const port = onlyThisPort && wanted ? wanted : await freePort(wanted);
    const server = await launch({ binaries, data, port, durable, log });
    if (await untilReady(server, data.path, port, startTimeoutMs)) return { server, port };

    const timedOut = !server.hasExited();
    await server.stop();
    const said = await readFile(log, 'utf8');
    if (said.includes('Address already in use') && attempt < 3) continue; // another process took the port in between
    throw await whyNot(folder, data, said, timedOut, log);
  }
}

async function whyNot(
  folder: string,
  data: DataFolder,
  said: string,
  timedOut: boolean,
  log: string,
): Promise<StartupError> {
  if (said.includes('lock file "postmaster.pid" already exists')) {
    return alreadyRunning(folder, (await runningServer(data.path))?.pid);
  }
  if (said.includes('No space left on device') || !(await hasRoom(data.path))) return diskIsFull(data.path);
  const lines = said.trim().split('\n');
  const last = (timedOut ? null : lines.findLast((line) => /FATAL|PANIC/.test(line))) ?? lines.at(-1);
  const what = timedOut ? `was not ready after ${startTimeoutMs / 1_000} seconds` : 'did not start';
  return new StartupError(`PostgreSQL ${what}; the last message in ${log} was: ${last || 'none'}`);
}

async function createDatabase(url: string, database: string): Promise<void> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}

const urlOf = (port: number, password: string, database: string) =>
  `postgres://${portalUser}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;

/** Created once and kept. The file gets its name when it is complete; of two processes the first one wins. */
async function passwordOf(folder: string): Promise<string> {
  const file = placesIn(folder).password;
  const kept = await readIfThere(file);
  if (kept !== null) return kept.trim();

  const draft = `${file}.${process.pid}`;
  try {
    await writeFile(draft, randomBytes(24).toString('hex'), { mode: 0o600 });
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(file, 'utf8');
}

/** Returns the first free port from `from` on; without it any free port. */
async function freePort(from = 0): Promise<number> {
  const server = createServer();
  try {
    server.listen(from, '127.0.0.1');
    await once(server, 'listening'); // rejects on an error
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    return freePort(from < 65_535 ? from + 1 : 0);
  }
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
