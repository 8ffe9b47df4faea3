import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { runningUrl } from '../adapters/embedded-postgres/embedded-postgres.ts';
import { createApp } from '../app.ts';
import { ConfigError, environment, readConfig } from '../config.ts';
import { system } from '../kernel/actor.ts';
import { contextFor } from '../kernel/context.ts';
import { erasureLog, replayErasure } from '../modules/privacy/erase-person.ts';
import { runProcess } from '../process.ts';

/** Without a file: prints the erase log, to be kept beside the backups. With one: erases again whom it names. */
await runProcess(async (closes) => {
  const [file] = process.argv.slice(2);
  const config = readConfig(environment());
  const url =
    config.databaseUrl ?? (await runningUrl({ folder: config.dataFolder, database: 'partner_portal' }));
  if (!url) throw new ConfigError('DATABASE_URL is missing, and no embedded database is running.');
  const app = await createApp(config, url);
  closes(() => app.close());
  const ctx = contextFor(app.services, { actor: system, requestId: randomUUID() });
  if (file) {
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    for (const line of lines) await replayErasure(ctx, line);
    process.stdout.write(`${lines.length} erasures are done again.\n`);
  } else {
    for (const line of await erasureLog(ctx)) process.stdout.write(`${line}\n`);
  }
  await app.close();
  process.exit(0);
});
