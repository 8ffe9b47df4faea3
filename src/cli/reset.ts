import { rm } from 'node:fs/promises';
import { removeEmbeddedPostgres, runningUrl } from '../adapters/embedded-postgres/embedded-postgres.ts';
import { readConfig } from '../config/config.ts';

const { dataFolder: folder, production } = readConfig();

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

if (production)
  refuse('Reset is for development only. In production the product never deletes your database.');
if (await runningUrl({ folder, database: 'partner_portal' })) {
  refuse('Partner Portal is running on this data. Stop it first.');
}
await removeEmbeddedPostgres(folder);
await rm(folder, { recursive: true, force: true });
process.stdout.write(
  'Deleted the embedded database, its data and the development secret. The next start creates new ones.\n',
);
