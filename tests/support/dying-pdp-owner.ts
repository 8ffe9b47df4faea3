import { startEmbeddedCerbos } from '../../src/adapters/cerbos/embedded-cerbos.ts';
import { pidOf } from './pdp.ts';

// A process that has a policy service of its own and waits for its death.
const [, , folder = ''] = process.argv;
const { url } = await startEmbeddedCerbos(folder, { deadlineMs: 500 });
process.stdout.write(`${pidOf(url)}\n`);
setInterval(() => {}, 60_000);
