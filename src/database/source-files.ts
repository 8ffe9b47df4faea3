import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientBase } from 'pg';
import { StartupError } from '../adapters/embedded-postgres/startup-error.ts';
import { expand } from './lists.ts';

const FOLDER = dirname(fileURLToPath(import.meta.url));
const SCHEMA = 'schema';

interface SourceFile {
  /** Path below src/database, such as `functions/payouts/payout_balances.sql`. */
  readonly path: string;
  readonly sql: string;
  readonly hash: string;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** The text of a file, with what it repeats written out. */
export const readSource = async (path: string): Promise<string> =>
  expand(await readFile(join(FOLDER, path), 'utf8'));

/** Returns the files of a folder and its subfolders, sorted by path. */
export async function sourceFiles(folder: 'schema' | 'functions' | 'policies'): Promise<SourceFile[]> {
  const entries = await readdir(join(FOLDER, folder), { recursive: true });
  const paths = entries.filter((entry) => entry.endsWith('.sql')).sort();
  return Promise.all(
    paths.map(async (entry) => {
      const path = `${folder}/${entry.replaceAll('\\', '/')}`;
      const sql = await readSource(path);
      return { path, sql, hash: sha256(sql) };
    }),
  );
}

/** Returns the source files of a database, besides its migrations, in the order in which they are applied. The tables are
 *  one entry without SQL, because the baseline creates them. Their hash ignores comments and layout. */
export async function databaseFiles(): Promise<SourceFile[]> {
  const tables = (await sourceFiles('schema')).map(({ sql }) =>
    sql.replaceAll(/^\s*--.*$/gm, '').replaceAll(/\s+/g, ' '),
  );
  return [
    { path: SCHEMA, sql: '', hash: sha256(tables.join('\n')) },
    ...(await sourceFiles('functions')),
    ...(await sourceFiles('policies')),
  ];
}

/** Returns the files that differ from those applied to this database. If one policy file changed, all are returned,
 *  because the first of them revokes all rights. */
export async function changedFiles(client: ClientBase): Promise<SourceFile[]> {
  const { rows } = await client.query<{ path: string; hash: string }>(
    'select path, hash from database_files',
  );
  const applied = new Map(rows.map(({ path, hash }) => [path, hash]));
  const files = await databaseFiles();
  refuseMissing([...applied.keys()], new Set(files.map(({ path }) => path)));
  const changed = new Set(files.filter(({ path, hash }) => applied.get(path) !== hash));
  if (applied.has(SCHEMA) && [...changed].some(({ path }) => path === SCHEMA)) throw otherSchema();
  const policies = [...changed].some(isPolicy);
  return files.filter((file) => changed.has(file) || (policies && isPolicy(file)));
}

const isPolicy = ({ path }: SourceFile) => path.startsWith('policies/');

const otherSchema = () =>
  new StartupError(
    'The files in src/database/schema changed since this database was built. Change tables with a migration, or delete the database with `npm run reset` (on your own PostgreSQL: use an empty database).',
  );

function refuseMissing(applied: string[], present: ReadonlySet<string>): void {
  const missing = applied.filter((path) => !present.has(path));
  if (missing.length === 0) return;
  throw new StartupError(
    `The database was built with ${missing.join(', ')}, which no longer exists. Add a migration that drops the objects of the file and deletes its row from database_files.`,
  );
}

/** Applies the changed files in one transaction and records their hashes. The caller holds the migration lock. */
export async function applyChanged(client: ClientBase): Promise<string[]> {
  const files = await changedFiles(client);
  if (files.length === 0) return [];
  await client.query('begin; set local check_function_bodies = off'); // a body may name an object of a later file
  for (const { path, sql, hash } of files) {
    await client.query(sql).catch((error: Error) => {
      throw new Error(`src/database/${path}: ${error.message}`, { cause: error });
    });
    await client.query(
      `insert into database_files (path, hash) values ($1, $2)
        on conflict (path) do update set hash = excluded.hash, applied_at = now()`,
      [path, hash],
    );
  }
  await client.query('commit');
  return files.map(({ path }) => path);
}
