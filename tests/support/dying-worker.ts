import { Pool } from 'pg';
import { sandboxRail } from '../../src/adapters/sandbox/sandbox-rail.ts';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config/config.ts';
import { quick } from './tuning.ts';

/** A worker process that is killed in the middle of a payout, before or after the rail has the money.
 *  Arguments: database URL, `before` or `after`, the payout. Others that it takes up,
 *  left by a worker that died before it, hang until then. */
const [url = '', moment, payoutId] = process.argv.slice(2);
const rail = await sandboxRail(new Pool({ connectionString: url }));
const dying = {
  ...rail,
  async send(instruction: Parameters<typeof rail.send>[0]) {
    if (instruction.payoutId !== payoutId) return new Promise<never>(() => {});
    if (moment === 'after') await rail.send(instruction);
    process.kill(process.pid, 'SIGKILL');
    return new Promise<never>(() => {});
  },
};
const app = await createApp(readConfig(process.env), url, { rail: () => dying, tuning: quick });
await app.startWorker();
