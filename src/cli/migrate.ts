import { readConfig } from '../config/config.ts';
import { migrate, pendingChanges } from '../database.ts';
import { withDatabase } from './with-database.ts';

/** `npm run migrate` updates the database. `-- --pending` only lists the missing changes, and ends with 1 if there are any. */
const main = () =>
  withDatabase(readConfig(), async (url) => {
    const pending = process.argv.includes('--pending');
    const names = pending ? await pendingChanges(url) : await migrate(url);
    for (const name of names) process.stdout.write(`${name}\n`);
    process.stdout.write(`${names.length} ${pending ? 'pending' : 'applied'}\n`);
    if (pending && names.length) process.exitCode = 1;
  });

await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
