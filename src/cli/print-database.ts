import 'reflect-metadata';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Migration } from '@mikro-orm/migrations';
import { databaseFiles } from '../database/source-files.ts';

/** `npm run -s schema:sql` prints one script for psql that builds an empty database. The result equals that of a start
 *  without data, except the tables of the job runner, which the next start creates. */
const MIGRATIONS = join(import.meta.dirname, '../../migrations');

const MIGRATIONS_TABLE = `create table mikro_orm_migrations (
  id serial primary key,
  name varchar(255) not null,
  executed_at timestamptz(6) not null default current_timestamp(6)
);`;

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const statement = (sql: string): string => sql.trim().replace(/;?$/, ';');

async function statementsOf(file: string): Promise<string[]> {
  const exported: Record<string, new () => Migration> = await import(join(MIGRATIONS, file));
  const [Class] = Object.values(exported);
  if (!Class) throw new Error(`migrations/${file} exports no migration`);
  const migration = new Class();
  await migration.up();
  return migration.getQueries().map((query) => statement(String(query)));
}

const migrations = (await readdir(MIGRATIONS)).filter((file) => /^\d{4}_\w+\.(ts|js)$/.test(file)).sort();
const files = await databaseFiles();
const parts = [
  '-- Partner Portal: builds an empty database (PostgreSQL 15 or later). Run it with psql -f as the owner of the database.',
  '\\set ON_ERROR_STOP on\n\\o /dev/null\nbegin;\nset local client_min_messages = warning;\nset local check_function_bodies = off;',
  MIGRATIONS_TABLE,
];
for (const file of migrations) {
  const name = file.replace(/\.\w+$/, '');
  parts.push(`-- migrations/${name}`, ...(await statementsOf(file)));
  parts.push(`insert into mikro_orm_migrations (name) values (${literal(name)});`);
}
for (const { path, sql } of files) if (sql) parts.push(`-- src/database/${path}`, statement(sql));
const hashes = files.map(({ path, hash }) => `  (${literal(path)}, ${literal(hash)})`).join(',\n');
parts.push(`insert into database_files (path, hash) values\n${hashes};`, 'commit;');
process.stdout.write(`${parts.join('\n\n')}\n`);
