import { runningUrl, startEmbeddedPostgres } from '../adapters/embedded-postgres/embedded-postgres.ts';
import { environment, readConfig } from '../config.ts';
import { migrate, pendingMigrations } from '../database.ts';

/** `npm run migrate` brings the database up to date; `-- --pending` only lists what it lacks, and then ends with 1. */
async function main(): Promise<void> {
  const { databaseUrl, dataFolder: folder } = readConfig(environment());
  const database = 'partner_portal';
  const running = databaseUrl ?? (await runningUrl({ folder, database }));
  const own = running ? null : await startEmbeddedPostgres({ folder, database });
  const url = running ?? own?.url ?? '';
  try {
    const pending = process.argv.includes('--pending');
    const names = pending ? await pendingMigrations(url) : await migrate(url);
    for (const name of names) process.stdout.write(`${name}\n`);
    process.stdout.write(`${names.length} ${pending ? 'pending' : 'applied'}\n`);
    if (pending && names.length) process.exitCode = 1;
  } finally {
    await own?.stop();
  }
}

await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
