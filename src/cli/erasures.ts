import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { runningUrl } from '../adapters/embedded-postgres/embedded-postgres.ts';
import { createApp } from '../app.ts';
import { ConfigError, readConfig } from '../config/config.ts';
import { system } from '../kernel/request/actor.ts';
import { contextFor } from '../kernel/request/context.ts';
import { erasureLog, replayErasure } from '../modules/privacy/privacy/public.ts';
import { runProcess } from '../process.ts';

/** Prints the erase log, to be kept beside the backups. `replay [FILE]` repeats the erasures of the file or, without a
 *  file, of the database's own log. */
await runProcess(async (closes) => {
  const [command, file] = process.argv.slice(2);
  const config = readConfig();
  const url =
    config.databaseUrl ?? (await runningUrl({ folder: config.dataFolder, database: 'partner_portal' }));
  if (!url)
    throw new ConfigError(
      'DATABASE_URL is missing and no embedded database is running. Set DATABASE_URL, or start the product first.',
    );
  const app = await createApp(config, url);
  closes(() => app.close());
  const ctx = contextFor(app.services, { actor: system, requestId: randomUUID() });
  const log = file ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : await erasureLog(ctx);
  if (command === 'replay') {
    for (const line of log) await replayErasure(ctx, line);
    process.stdout.write(`${log.length} erasures repeated.\n`);
  } else {
    for (const line of log) process.stdout.write(`${line}\n`);
  }
  await app.close();
  process.exit(0);
});
