import { rm } from 'node:fs/promises';
import { removeEmbeddedPostgres, runningUrl } from '../adapters/embedded-postgres/embedded-postgres.ts';
import { readConfig } from '../config/config.ts';

const { dataFolder: folder, production } = readConfig();

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

if (production) refuse('Reset is for development: in production the database is your own.');
if (await runningUrl({ folder, database: 'partner_portal' })) {
  refuse('Partner Portal is running on this data: stop it first.');
}
await removeEmbeddedPostgres(folder);
await rm(folder, { recursive: true, force: true });
process.stdout.write(
  'The embedded database, its data and the development secret are gone; the next start makes them anew.\n',
);
