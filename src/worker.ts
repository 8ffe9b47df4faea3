import { createApp } from './app.ts';
import { ConfigError, readConfig } from './config/config.ts';
import { pendingChanges } from './database.ts';
import type { PolicyDecision } from './ports/policy-decision.ts';
import { runProcess, say } from './process.ts';

const never = async (): Promise<never> => {
  throw new Error('a worker serves nobody');
};

/** A worker serves nobody, so it needs no policy point. */
const askedNothing: PolicyDecision = { check: never, plan: never, probe: never, close: async () => {} };

/** Runs the durable jobs alone, beside API processes that were started with WORKER=off. */
await runProcess(async (closes) => {
  const config = readConfig();
  if (config.databaseUrl === null)
    throw new ConfigError('DATABASE_URL is missing: a worker of its own needs a database to share.');
  const pending = await pendingChanges(config.databaseUrl);
  if (pending.length)
    throw new ConfigError(`The database lacks ${pending.length} changes: run \`npm run migrate\` first.`);
  const app = await createApp(config, config.databaseUrl, { policy: askedNothing });
  closes(() => app.close());
  await app.startWorker();
  say('Worker is ready.');
});
