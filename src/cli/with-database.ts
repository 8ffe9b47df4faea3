import { runningUrl, startEmbeddedPostgres } from '../adapters/embedded-postgres/embedded-postgres.ts';
import type { Config } from '../config/config.ts';

/** Runs `work` on the database of DATABASE_URL or the embedded database, which is started if it does not run. */
export async function withDatabase(
  { databaseUrl, dataFolder: folder }: Config,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const database = 'partner_portal';
  const running = databaseUrl ?? (await runningUrl({ folder, database }));
  const own = running ? null : await startEmbeddedPostgres({ folder, database });
  try {
    await work(running ?? own?.url ?? '');
  } finally {
    await own?.stop();
  }
}
