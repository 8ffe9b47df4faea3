import { createApp } from './app.ts';
import { ConfigError, readConfig } from './config/config.ts';
import { pendingChanges } from './database.ts';
import type { PolicyDecision } from './ports/policy-decision.ts';
import { runProcess, say } from './process.ts';

const never = async (): Promise<never> => {
  throw new Error('a worker serves no requests');
};

/** A policy service for a worker, which serves no requests and asks for no decisions. */
const askedNothing: PolicyDecision = {
  check: never,
  plan: never,
  probe: never,
  validForMs: 0,
  reads: () => true,
  close: async () => {},
};

/** Runs only the durable jobs, beside API processes that were started with WORKER=off. */
await runProcess(async (closes) => {
  const config = readConfig();
  if (config.databaseUrl === null)
    throw new ConfigError(
      'DATABASE_URL is missing. A separate worker needs the database of the API processes.',
    );
  const pending = await pendingChanges(config.databaseUrl);
  if (pending.length)
    throw new ConfigError(`The database lacks ${pending.length} changes. Run \`npm run migrate\` first.`);
  const app = await createApp(config, config.databaseUrl, { policy: askedNothing });
  closes(() => app.close());
  await app.startWorker();
  say('Worker is ready.');
});
