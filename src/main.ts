import { startEmbeddedPostgres } from './adapters/embedded-postgres/embedded-postgres.ts';
import { type App, createApp, DEVELOPER } from './app.ts';
import { readConfig } from './config/config.ts';
import { migrate } from './database.ts';
import { makeDemoData } from './demo/demo-data.ts';
import { runProcess, say } from './process.ts';

/** The port of the embedded database, or the next free one. It is not PostgreSQL's own, which the machine may use. */
const POSTGRES_PORT = 5_435;

/** Starts the product: database, migrations, demo data on the embedded database, API and worker. */
await runProcess(async (closes) => {
  const config = readConfig();
  let databaseUrl = config.databaseUrl;
  let postgresPort: number | null = null;
  if (databaseUrl === null) {
    const postgres = await startEmbeddedPostgres({
      folder: config.dataFolder,
      database: 'partner_portal',
      port: POSTGRES_PORT,
      restarts: true,
      progress: say,
    });
    postgresPort = postgres.port;
    closes(() => postgres.stop());
    databaseUrl = postgres.url;
  }
  const applied = await migrate(databaseUrl);
  if (applied.length) say(`Database: ${applied.length} changes applied.`);

  const app = await createApp(config, databaseUrl);
  closes(() => app.close());
  if (config.databaseUrl === null) await fill(app);
  if (config.worker) await app.startWorker();
  const port = await app.listen();

  say(`Partner Portal is ready:  http://localhost:${port}/graphql`);
  say(`  documents               http://localhost:${port}/docs`);
  if (config.playground) say(`  playground              http://localhost:${port}/playground`);
  if (config.production) return;
  say(`  health                  http://localhost:${port}/health/ready`);
  if (postgresPort) say(`  database                127.0.0.1:${postgresPort}; \`npm run -s psql\` opens it`);
  say(`  a token to try it (platform administrator of the tenant "${DEVELOPER.tenantId}", 30 days):`);
  say(await app.authenticator.sign(DEVELOPER, '30 days'));
});

async function fill({ owner, services: { clock } }: App): Promise<void> {
  const { rows } = await owner.query('select exists (select from programs) as filled');
  if (rows[0].filled) return;
  say('Demo data: a program with a year of history ...');
  await makeDemoData(owner, { now: clock.now(), progress: (sentence) => say(`  ${sentence}`) });
}
