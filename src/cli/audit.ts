import { sealFile } from '../adapters/seal-file/seal-file.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { readConfig } from '../config/config.ts';
import { openDatabase } from '../database.ts';
import { system } from '../kernel/request/actor.ts';
import { logger } from '../log.ts';
import {
  auditedTenants,
  sealAudit,
  type Verification,
  verifyAudit,
} from '../modules/foundation/audit/public.ts';

import { withDatabase } from './with-database.ts';

const say = (sentence: string) => void process.stdout.write(`${sentence}\n`);

/** `npm run audit:verify` checks the audit log and the seals of every tenant, and ends with 1 if a log was changed.
 *  `npm run audit:seal` seals the head of every log now. */
async function main(): Promise<void> {
  const config = readConfig();
  await withDatabase(config, async (url) => {
    const { pool, close } = await openDatabase(url, { connections: 2 });
    const seals = sealFile(config.auditSealFile, config.auditSealKey);
    const ctx = { pool, seals, actor: system, clock: systemClock, log: logger(config.logLevel) };
    try {
      if (process.argv[2] === 'seal') {
        const sealed = await sealAudit(ctx);
        for (const { tenantId, seq, hash } of sealed) say(`${tenantId}: sealed at ${seq}, ${hash}`);
        say(`${sealed.length} sealed in ${config.auditSealFile}`);
        return;
      }
      for (const tenantId of await auditedTenants(ctx)) {
        const started = performance.now();
        const found = await verifyAudit(ctx, tenantId, (checked) => {
          if (process.stdout.isTTY) process.stdout.write(`\r${tenantId}: ${checked} ...`);
        });
        if (process.stdout.isTTY) process.stdout.write('\r');
        say(`${tenantId}: ${sentenceOf(found)} (${((performance.now() - started) / 1_000).toFixed(1)} s)`);
        if (found.firstFault) process.exitCode = 1;
      }
    } finally {
      await close();
    }
  });
}

function sentenceOf({ checked, firstFault, sealedThrough }: Verification): string {
  const sealed = sealedThrough === null ? 'not sealed yet' : `sealed through ${sealedThrough}`;
  if (!firstFault) return `${checked} entries, all unchanged, ${sealed}`;
  const { kind, seq, eventId } = firstFault;
  const place = [seq === null ? '' : ` at ${seq}`, eventId === null ? '' : `, entry ${eventId}`].join('');
  return `${kind}${place}; ${checked} entries before it are unchanged, ${sealed}`;
}

await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
