import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config/config.ts';
import type { PayoutRail } from '../../src/ports/payout-rail.ts';
import { seeded } from './rail-faults.ts';
import { simulatedRail } from './rail-simulator.ts';
import { quick } from './tuning.ts';

/** A worker process that is killed at a seeded moment: before a claim, after it, after the rail has the money, or while the answer
 *  is being stored. Arguments: database URL, address of the simulator, seed. */
const [url = '', simulator = '', seed = '0'] = process.argv.slice(2);
const random = seeded(Number(seed));
const SHARE = 0.03;

function perhapsDie(): void {
  if (random() < SHARE) process.kill(process.pid, 'SIGKILL');
}

const real = simulatedRail(simulator);
const dying: PayoutRail = {
  ...real,
  async send(instruction) {
    perhapsDie();
    const answer = await real.send(instruction);
    perhapsDie();
    if (random() < SHARE) setTimeout(() => process.kill(process.pid, 'SIGKILL'), random() * 10);
    return answer;
  },
  async lookup(instruction) {
    const answer = await real.lookup(instruction);
    perhapsDie();
    return answer;
  },
};
const app = await createApp(readConfig(process.env), url, {
  rail: () => {
    perhapsDie();
    return dying;
  },
  random: () => 0,
  tuning: quick,
});
await app.startWorker();
