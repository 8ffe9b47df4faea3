import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Pool } from 'pg';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config/config.ts';
import { BoundPool } from '../src/kernel/data/bound-pool.ts';
import { system } from '../src/kernel/request/actor.ts';
import { contextFor } from '../src/kernel/request/context.ts';
import { continueRun } from '../src/modules/payouts/runs/public.ts';
import { ensureProgram } from '../src/modules/programs/program/public.ts';

const TENANT = 'bench-payouts';

/** Runs a payout run over many approved commissions. Then inserts the same rows with plain `insert ... select` into tables
 *  with the same indexes, but without triggers, foreign keys and policies. Returns the seconds of both. */
export async function measurePayouts(
  url: string,
  folder: string,
  { partners, lines }: { partners: number; lines: number },
  say: (sentence: string) => void,
): Promise<{ plain: number[]; product: number[] }> {
  const pool = new Pool({ connectionString: url, max: 2 });
  const bound = new BoundPool(pool);
  const none = async (): Promise<never> => {
    throw new Error('not called');
  };
  const config = readConfig({
    NODE_ENV: 'test',
    JWT_SECRET: randomBytes(48).toString('base64url'),
    AUDIT_SEAL_FILE: join(folder, 'seals'),
  });
  const app = await createApp(config, url, {
    policy: { check: none, plan: none, probe: none, validForMs: 0, reads: () => true, close: async () => {} },
  });
  try {
    await ensureProgram(bound, TENANT);
    const client = await pool.connect();
    await client.query('set session_replication_role = replica');
    await client.query(
      `insert into partners (id, tenant_id, partner_type, status, tier, company_name, email, referral_code, currency, payout_frequency, payout_method, metadata)
       select new_id(), $1, 'REFERRAL', 'ACTIVE', 'BRONZE', 'Northwind ' || n, 'p@example.com', 'PAY' || n, 'USD', 'MONTHLY', 'STRIPE', '{}' from generate_series(1, $2::int) n`,
      [TENANT, partners],
    );
    await client.query(
      `insert into commissions (id, tenant_id, partner_id, type, method, status, base_minor, base_currency, rate_bps, tier, rounding_mode, amount_minor,
         amount_currency, revenue_minor, occurred_at, approved_at, approved_by)
       select new_id(), $1, p.id, 'ONE_TIME', 'PERCENTAGE', 'APPROVED', 10000 + n, 'USD', 2000, 'BRONZE', 'HALF_UP', 2000 + n, 'USD', 10000,
         '2026-01-15'::timestamptz + n * interval '1 minute', now(), 'approver'
       from generate_series(1, $2::int) n cross join partners p where p.tenant_id = $1`,
      [TENANT, Math.floor(lines / partners)],
    );
    await client.query('set session_replication_role = origin');
    await client.query(
      'create table plain_payouts (like payouts including defaults including indexes); create table plain_items (like payout_items including defaults including indexes)',
    );
    await client.query('vacuum analyze');
    await client.query('checkpoint');
    say(`${lines} commissions of ${partners} partners created.`);
    const timed = async (work: () => Promise<unknown>) => {
      const started = performance.now();
      await work();
      return (performance.now() - started) / 1_000;
    };
    const plainly = () =>
      timed(() =>
        client.query(`begin;
          insert into plain_payouts (id, tenant_id, partner_id, method, period_start, period_end, amount_minor, amount_currency, commission_count,
            created_by, initiated_by, metadata)
          select new_id(), '${TENANT}', c.partner_id, 'STRIPE', '2026-01-01', '2026-01-31', sum(c.amount_minor), c.amount_currency, count(*), 'maria', 'maria', '{}'
          from commissions c where c.tenant_id = '${TENANT}' and c.status = 'APPROVED' group by c.partner_id, c.amount_currency;
          insert into plain_items (id, tenant_id, payout_id, commission_id)
          select new_id(), '${TENANT}', p.id, c.id from plain_payouts p
          join commissions c on c.partner_id = p.partner_id and c.amount_currency = p.amount_currency and c.status = 'APPROVED';
          commit`),
      );
    const plain = [await plainly()];
    say(`plain SQL once: ${plain[0]?.toFixed(1)} s.`);
    const { rows } = await client.query(
      `insert into payout_runs (id, tenant_id, as_of, created_by, partner_count) values (new_id(), $1, '2026-03-01', 'maria', $2) returning id`,
      [TENANT, partners],
    );
    const ctx = contextFor(app.services, { actor: system, requestId: randomUUID() });
    const product = [await timed(() => continueRun(ctx, rows[0].id))];
    await client.query('truncate plain_payouts, plain_items');
    plain.push(await plainly());
    const { rows: made } = await client.query(
      'select count(*)::int as items, count(distinct payout_id)::int as payouts from payout_items',
    );
    say(`${made[0].payouts} payouts pay ${made[0].items} commissions.`);
    client.release();
    return { plain, product };
  } finally {
    await app.close();
    await bound.end();
  }
}
