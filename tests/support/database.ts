import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Pool } from 'pg';
import type { TestProject } from 'vitest/node';
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/adapters/embedded-postgres/embedded-postgres.ts';
import { migrate } from '../../src/database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: string;
  }
}

const TEMPLATE = 'portal_template';
const ENOUGH_BYTES = 3 * 1024 ** 3;

/** Memory where there is enough of it: a database is cloned there in a twentieth of the time. */
async function newFolder(): Promise<string> {
  const memory = await statfs('/dev/shm').catch(() => null);
  const root = memory && memory.bavail * memory.bsize > ENOUGH_BYTES ? '/dev/shm' : tmpdir();
  const folder = await mkdtemp(join(root, 'partner-portal-test-'));
  await chmod(folder, 0o755); // PostgreSQL runs as another user where root runs the tests
  return folder;
}

const at = (server: string, name: string): string => {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
};

async function onServer(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: at(server, 'postgres') });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** Vitest global setup: a PostgreSQL of the run's own (or TEST_POSTGRES), and the real migrations in a template. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_POSTGRES'];
  const folder = await newFolder();
  const own = given ? null : await startEmbeddedPostgres({ folder, database: 'postgres', durable: false });
  const server = given ?? own?.url ?? '';
  await onServer(server, `drop database if exists ${TEMPLATE}`);
  await onServer(server, `create database ${TEMPLATE}`);
  await migrate(at(server, TEMPLATE));
  project.provide('postgres', server);
  return async () => {
    await own?.stop();
    await removeEmbeddedPostgres(folder); // as root its data lies elsewhere
    await rm(folder, { recursive: true, force: true });
  };
}

export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
  drop(): Promise<void>;
}

/** A database of a test file's own: migrated, or a copy of another template (`template1` is empty). */
export async function createDatabase(template = TEMPLATE): Promise<TestDatabase> {
  const { inject } = await import('vitest'); // global setup loads this file too, outside of any test
  const server = inject('postgres');
  const name = `t_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  await onServer(server, `create database ${name} template ${template} strategy file_copy`);
  const url = at(server, name);
  const pool = new Pool({ connectionString: url, max: 4 });
  // Dropping a database by force may meet a connection that is just going.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    url,
    pool,
    async drop() {
      await pool.end();
      await onServer(server, `drop database ${name} with (force)`);
    },
  };
}
