import { rm } from 'node:fs/promises';
import { removeEmbeddedPostgres } from '../adapters/embedded-postgres/embedded-postgres.ts';
import { environment, readConfig } from '../config.ts';

const { dataFolder } = readConfig(environment());
await removeEmbeddedPostgres(dataFolder);
await rm(dataFolder, { recursive: true, force: true });
process.stdout.write('The embedded database and its data are gone; the next start makes them anew.\n');
