import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runningUrl, startEmbeddedPostgres } from '../adapters/embedded-postgres/embedded-postgres.ts';
import { createApp } from '../app.ts';
import { readConfig } from '../config/config.ts';
import { system } from '../kernel/request/actor.ts';
import { contextFor } from '../kernel/request/context.ts';
import { type Progress, rotateKeys } from '../modules/foundation/data-keys/public.ts';

const USAGE = `npm run -s rotate-keys -- [--data-keys [--before INSTANT]]
Wraps every data key with the newest key of the key service. --data-keys also creates new data keys and encrypts all values
again with them. --before continues an interrupted run: data keys created at or after that time stay.`;

const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);
const told = ({ step, done, total }: Progress) =>
  say(`${done} of ${total} ${step} (${Math.floor((100 * done) / Math.max(total, 1))} %)`);

/** Rotates the keys while the product may run. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'data-keys': { type: 'boolean', default: false }, before: { type: 'string' } },
  });
  const before = new Date(values.before ?? Date.now());
  if (Number.isNaN(before.getTime()) || (values.before && !values['data-keys'])) throw new Error(USAGE);
  const config = readConfig();
  const database = { folder: config.dataFolder, database: 'partner_portal' };
  const running = config.databaseUrl ?? (await runningUrl(database));
  const own = running ? null : await startEmbeddedPostgres(database);
  const app = await createApp(config, running ?? own?.url ?? '');
  try {
    if (values['data-keys']) say(`Data keys created before ${before.toISOString()} are replaced.`);
    const ctx = contextFor(app.services, { actor: system, requestId: randomUUID() });
    await rotateKeys(ctx, { replaceBefore: values['data-keys'] ? before : null, progress: told });
    say(
      'Done. The worker deletes replaced data keys ten minutes later, when no running request can need them.',
    );
  } finally {
    await app.close();
    await own?.stop();
  }
}

await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
