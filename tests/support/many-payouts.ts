import { INSERT_SALE_ITEMS } from '../../src/demo/sale-items.ts';
import type { TestApp } from './app.ts';
import { earned, newPartner } from './earn.ts';
import type { staffOf } from './make.ts';

/** Payouts of one line of 20.00 each that wait for approval, made at once as a run would make them; answers with their ids. */
export async function pendingPayouts(
  app: TestApp,
  who: Awaited<ReturnType<typeof staffOf>>,
  count: number,
  { method = 'STRIPE', currency = 'USD' } = {},
): Promise<{ partnerId: string; ids: string[] }> {
  const { id: partnerId } = await newPartner(app, who.manager, { payoutMethod: method, currency });
  const line = await earned(app, who, partnerId);
  const client = await app.database.pool.connect();
  try {
    await client.query('begin');
    await client.query(
      `create temporary table paying on commit drop as
       select new_id() as payout_id, new_id() as line_id, c.tenant_id, c.partner_id, c.amount_minor as minor, c.amount_currency as currency
       from commissions c cross join generate_series(1, $2::int) g where c.id = $1`,
      [line, count],
    );
    await client.query(
      `insert into commissions select r.* from commissions c cross join paying
       cross join lateral jsonb_populate_record(c, jsonb_build_object('id', line_id)) r where c.id = $1`,
      [line],
    );
    await client.query(INSERT_SALE_ITEMS);
    await client.query(`
      insert into postings (id, tenant_id, partner_id, reference, from_account, to_account, amount_minor, amount_currency, occurred_at)
      select new_id(), tenant_id, partner_id, 'commission:' || line_id || ':accrued', 'program:commission-expense',
        'partner:' || partner_id || ':payable', minor, currency, now() from paying`);
    await client.query(`
      insert into payouts (id, tenant_id, partner_id, status, method, period_start, period_end, amount_minor, amount_currency,
        commission_count, created_by, initiated_by, metadata)
      select payout_id, tenant_id, partner_id, 'PENDING', '${method}', '2026-01-01', '2026-01-31', minor, currency,
        1, 'maria', 'maria', '{}' from paying`);
    await client.query(`
      insert into payout_items (id, tenant_id, payout_id, commission_id) select new_id(), tenant_id, payout_id, line_id from paying`);
    const { rows } = await client.query<{ id: string }>('select payout_id as id from paying');
    await client.query('commit');
    return { partnerId, ids: rows.map(({ id }) => id) };
  } finally {
    client.release();
  }
}

/** The same, approved. Nothing sends them yet: `send` enqueues their jobs. */
export async function manyPayouts(
  app: TestApp,
  who: Awaited<ReturnType<typeof staffOf>>,
  count: number,
): Promise<{ partnerId: string; ids: string[] }> {
  const made = await pendingPayouts(app, who, count);
  await app.database.pool.query(
    `update payouts set status = 'APPROVED', approved_by = 'tom', approved_at = now() where id = any($1)`,
    [made.ids],
  );
  return made;
}

export async function send({ database }: TestApp, ids: readonly string[]): Promise<void> {
  await database.pool.query(
    `select graphile_worker.add_job('send_payout', json_build_object('payoutId', id), job_key := 'send_payout:' || id)
     from unnest($1::text[]) id`,
    [ids],
  );
}
