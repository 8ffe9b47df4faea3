import { join } from 'node:path';
import { Pool } from 'pg';
import { sealFile } from '../src/adapters/seal-file/seal-file.ts';
import { BoundPool } from '../src/kernel/data/bound-pool.ts';
import { system } from '../src/kernel/request/actor.ts';
import { proveAll, type Running } from '../src/proof.ts';
import { load, type Size } from './data.ts';

/** Half of the partners sell under a capped rule, so that each of their sales depends on the ones before. */
const CAPPED = [
  `update sale_items i set rule_key = i.partner_id, is_counting = true,
     terms = i.terms || jsonb_build_object(
       'rule', jsonb_build_object('id', i.partner_id, 'key', i.partner_id, 'name', 'capped', 'version', 1),
       'cap', jsonb_build_object('limit', '900000000000', 'per', 'PARTNER', 'period', 'QUARTER'))
   from partners p where p.id = i.partner_id and p.company_name ~ '[02468]$'`,
  `insert into rule_usage (tenant_id, partner_id, rule_key, period, period_start, rule_id, base_minor, owed_minor)
   select tenant_id, partner_id, rule_key, 'QUARTER', date_trunc('quarter', day)::date, rule_key,
     coalesce(sum(base_minor) filter (where not is_out), 0), sum(owed_minor)
   from sale_items where is_counting group by tenant_id, partner_id, rule_key, date_trunc('quarter', day)`,
  'analyze sale_items',
  'analyze rule_usage',
];

/** Checks all invariants on a database of this size, and reports the seconds of each. */
export async function measureProof(
  { url, folder }: { readonly url: string; readonly folder: string },
  size: Size,
  say: (sentence: string) => void,
): Promise<void> {
  await load(url, size);
  const pool = new Pool({ connectionString: url, max: 2 });
  for (const statement of CAPPED) await pool.query(statement);
  say(`${size.partners} partners, ${size.commissions} commissions`);
  const started = performance.now();
  let last = started;
  const report = ({ position, checks, rows }: Running) => {
    if (!rows || performance.now() - last < 5_000) return;
    last = performance.now();
    say(`       check ${position} of ${checks}: ${rows.done} of ${rows.all} rows`);
  };
  try {
    for await (const { name, seconds, faults } of proveAll(
      {
        pool: new BoundPool(pool),
        actor: system,
        seals: sealFile(join(folder, 'seals'), new Uint8Array(32)),
      },
      report,
    ))
      say(`${seconds.toFixed(1).padStart(6)} s  ${name}${faults.length ? `: ${faults[0]}` : ''}`);
    const { heapUsed, rss } = process.memoryUsage();
    const mb = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;
    say(
      `${((performance.now() - started) / 1_000).toFixed(1)} s in all; heap ${mb(heapUsed)}, process ${mb(rss)}`,
    );
  } finally {
    await pool.end();
  }
}

/** Returns the faults of all checks of the books. */
export async function faultsOf(url: string, folder: string): Promise<string[]> {
  const pool = new Pool({ connectionString: url, max: 2 });
  const ctx = {
    pool: new BoundPool(pool),
    actor: system,
    seals: sealFile(join(folder, 'seals'), new Uint8Array(32)),
  };
  const found: string[] = [];
  try {
    for await (const { name, faults } of proveAll(ctx))
      found.push(...faults.map((fault) => `${name}: ${fault}`));
    return found;
  } finally {
    await pool.end();
  }
}
