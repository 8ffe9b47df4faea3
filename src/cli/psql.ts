import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readConfig } from '../config/config.ts';
import { withDatabase } from './with-database.ts';

/** Opens psql on the database of the product, with its user and password. Arguments go to psql: `npm run -s psql -- -c '...'`. */
await withDatabase(readConfig(), async (url) => {
  process.on('SIGINT', () => {}); // Ctrl-C cancels a query of psql
  const psql = spawn('psql', [url, ...process.argv.slice(2)], { stdio: 'inherit' });
  try {
    const [code] = await once(psql, 'exit');
    process.exitCode = (code as number | null) ?? 1;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    process.stderr.write(
      `psql is not installed. Give this address to another client of PostgreSQL:\n${url}\n`,
    );
    process.exitCode = 1;
  }
});
