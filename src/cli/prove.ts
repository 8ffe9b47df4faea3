import { sealFile } from '../adapters/seal-file/seal-file.ts';
import { readConfig } from '../config/config.ts';
import { openDatabase } from '../database.ts';
import { system } from '../kernel/request/actor.ts';
import { proveAll, type Running } from '../proof.ts';
import { withDatabase } from './with-database.ts';

const REPORT_MS = 5_000;

/** Writes the running check to the error output from time to time. */
function reporter(): { report: (running: Running) => void; end: () => void } {
  let running: Running | undefined;
  const timer = setInterval(() => {
    if (!running) return;
    const { name, position, checks, rows } = running;
    const read = rows
      ? `: ${rows.done.toLocaleString('en-US')} of ${rows.all.toLocaleString('en-US')} rows`
      : '';
    process.stderr.write(`       check ${position} of ${checks}, ${name}${read}\n`);
  }, REPORT_MS);
  return { report: (now) => (running = now), end: () => clearInterval(timer) };
}

const say = (sentence: string) => void process.stdout.write(`${sentence}\n`);

/** `npm run prove` checks the books: every invariant on the whole database. It ends with 1 and names the first violations. */
async function main(): Promise<void> {
  const config = readConfig();
  await withDatabase(config, async (url) => {
    const { pool, close } = await openDatabase(url, { connections: 2 });
    const seals = sealFile(config.auditSealFile, config.auditSealKey);
    const started = performance.now();
    const { report, end } = reporter();
    try {
      for await (const { name, faults, more, seconds } of proveAll({ pool, seals, actor: system }, report)) {
        say(`${faults.length ? 'BROKEN' : 'ok    '} ${name} (${seconds.toFixed(1)} s)`);
        for (const fault of faults) say(`         ${fault}`);
        if (more) say('         and more');
        if (faults.length) process.exitCode = 1;
      }
      const verdict = process.exitCode ? 'Some invariants are broken' : 'All invariants hold';
      say(`${verdict} (${((performance.now() - started) / 1_000).toFixed(1)} s).`);
    } finally {
      end();
      await close();
    }
  });
}

await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
