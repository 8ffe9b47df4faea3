import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config/config.ts';
import { system } from '../../src/kernel/request/actor.ts';
import { contextFor } from '../../src/kernel/request/context.ts';
import { continueRun } from '../../src/modules/payouts/runs/run-payouts.ts';

/** A process that works at a payout run and is killed: inside of its second batch, or after the batch's commit.
 *  Arguments: database URL, `inside` or `after`, the run. */
const [url = '', moment, runId = ''] = process.argv.slice(2);
const app = await createApp(readConfig(process.env), url);
let batches = 0;
const services = {
  ...app.services,
  clock: {
    now() {
      if (batches === 1 && moment === 'inside') process.kill(process.pid, 'SIGKILL');
      return new Date();
    },
  },
  feed: {
    ...app.services.feed,
    publish() {
      batches += 1;
      if (moment === 'after') process.kill(process.pid, 'SIGKILL');
    },
  },
};
await continueRun(contextFor(services, { actor: system, requestId: 'dying' }), runId);
