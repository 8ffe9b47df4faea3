import { StartupError, startEmbeddedPostgres } from './adapters/embedded-postgres/embedded-postgres.ts';
import { type App, createApp, DEVELOPER } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { migrate } from './database.ts';
import { makeDemoData } from './demo/demo-data.ts';

const say = (sentence: string) => process.stdout.write(`${sentence}\n`);
const closers: (() => Promise<void>)[] = [];

/** Brings the product up: database, migrations, demo data on the embedded one, API and worker. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  let databaseUrl = config.databaseUrl;
  if (databaseUrl === null) {
    const postgres = await startEmbeddedPostgres({
      folder: config.dataFolder,
      database: 'partner_portal',
      progress: say,
    });
    closers.unshift(() => postgres.stop());
    databaseUrl = postgres.url;
  }
  const applied = await migrate(databaseUrl);
  if (applied.length) say(`Database: ${applied.length} migrations applied.`);

  const app = await createApp(config, databaseUrl);
  closers.unshift(() => app.close());
  if (config.databaseUrl === null) await fill(app);
  if (config.worker) await app.startWorker();
  const port = await app.listen();
  await welcome(app, config.production, config.playground, port);
}

async function fill({ services: { pool, clock } }: App): Promise<void> {
  const { rows } = await pool.query('select exists (select from programs) as filled');
  if (rows[0].filled) return;
  say('Demo data: a program that looks lived in ...');
  await makeDemoData(pool, { now: clock.now(), progress: (sentence) => say(`  ${sentence}`) });
}

async function welcome(
  { authenticator }: App,
  production: boolean,
  playground: boolean,
  port: number,
): Promise<void> {
  say(`Partner Portal is ready:  http://localhost:${port}/graphql`);
  if (playground) say(`  playground              http://localhost:${port}/playground`);
  if (production) return;
  say(`  health                  http://localhost:${port}/health/ready`);
  say('  a token to try it (platform administrator of the tenant "demo", 30 days):');
  say(await authenticator.sign(DEVELOPER, '30 days'));
}

let stopping = false;
async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  const patience = setTimeout(() => process.exit(1), 30_000);
  for (const close of closers) await close().catch((error: unknown) => say(String(error)));
  clearTimeout(patience);
  process.exit(code);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    say('Stopping ...');
    void stop(0);
  });
}

/** What a person can mend is one sentence; a bug keeps its stack. */
function explain(error: unknown): string {
  const { code, message, port } = error as { code?: string; message?: string; port?: number };
  if (error instanceof ConfigError || error instanceof StartupError) return String(message);
  if (code === 'EADDRINUSE') return `Port ${port} is taken: stop what uses it, or set PORT to another one.`;
  if (code === 'ENOSPC') return 'The disk is full: make room and start again.';
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND')
    return `The database of DATABASE_URL does not answer (${message}).`;
  if (code === '28P01' || code === '28000' || code === '3D000')
    return `The database of DATABASE_URL refuses: ${message}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  await stop(1);
}
