import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { binariesFor } from '../../src/adapters/embedded-postgres/binaries.ts';
import { dataFolder, placesIn, sharedFolder } from '../../src/adapters/embedded-postgres/data-folder.ts';
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/adapters/embedded-postgres/embedded-postgres.ts';
import { runningServer } from '../../src/adapters/embedded-postgres/running.ts';
import { launch, untilReady } from '../../src/adapters/embedded-postgres/server.ts';
import { migrate } from '../../src/database.ts';
import type { TestDatabase } from './database.ts';
import { until } from './until.ts';

export interface OwnServer {
  /** Reached through a gate of ours; its pool goes beside that. */
  readonly database: TestDatabase;
  /** As `pg_ctl restart -m immediate`: nobody is told, and it recovers from its log. */
  restart(): Promise<void>;
  /** Ends every connection but those of the test. */
  cut(): Promise<void>;
  /** The answer to the next COMMIT of the application is lost with its connection. */
  loseNextCommit(): void;
}

/** A PostgreSQL that a test may treat badly. */
export async function ownServer(): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), 'partner-portal-own-'));
  const first = await startEmbeddedPostgres({ folder, database: 'portal' });
  const stops = [first.stop];
  await migrate(first.url);
  const direct = new URL(first.url);
  direct.searchParams.set('application_name', `test ${randomUUID()}`);
  const name = direct.searchParams.get('application_name') as string;
  const pool = new Pool({ connectionString: direct.href, max: 4 });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  await pool.query(`alter database portal set deadlock_timeout = '5ms'`); // a second each is long for a test

  let losing = false;
  const gate = await gateTo(Number(direct.port), (text) => {
    const lose = losing && /^Q.{4}commit\0/s.test(text);
    if (lose) losing = false;
    return lose;
  });
  const url = new URL(first.url);
  url.port = String((gate.address() as { port: number }).port);
  return {
    database: {
      url: url.href,
      pool,
      async drop() {
        await pool.end();
        await new Promise((resolve) => gate.close(resolve));
        for (const stop of stops) await stop();
        await removeEmbeddedPostgres(folder);
        await rm(folder, { recursive: true, force: true });
      },
    },
    async restart() {
      const data = await dataFolder(folder);
      const server = await runningServer(data.path);
      if (server) process.kill(server.pid, 'SIGQUIT');
      await until(async () => !(await runningServer(data.path)));
      const binaries = await binariesFor(data.user, sharedFolder, () => {});
      const { log } = placesIn(folder);
      const port = Number(direct.port);
      const again = await launch({ binaries, data, port, durable: true, log });
      stops.push(again.stop);
      if (!(await untilReady(again, data.path, port, 60_000)))
        throw new Error('PostgreSQL did not come back');
    },
    async cut() {
      await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name <> $1`,
        [name],
      );
    },
    loseNextCommit() {
      losing = true;
    },
  };
}

/** Passes everything on, but where `loses` says so of what the client sends: that arrives, and its answer does not. */
async function gateTo(port: number, loses: (text: string) => boolean): Promise<Server> {
  const gate = createServer((client: Socket) => {
    const server = connect(port, '127.0.0.1');
    let lost = false;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    client.on('data', (bytes) => {
      lost ||= loses(bytes.toString('latin1'));
      server.write(bytes);
    });
    server.on('data', (bytes) => (lost ? end() : void client.write(bytes)));
    for (const side of [client, server]) side.on('error', end).on('close', end);
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  return gate;
}
