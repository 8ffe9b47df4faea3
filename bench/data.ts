import { Pool } from 'pg';
import { INSERT_SALE_ITEMS } from '../src/demo/sale-items.ts';
import { BoundPool } from '../src/kernel/data/bound-pool.ts';
import { ensureProgram } from '../src/modules/programs/program/public.ts';

export const TENANT = 'bench';

export interface Size {
  readonly partners: number;
  readonly customers: number;
  readonly commissions: number;
}

export const FULL: Size = { partners: 1_000, customers: 200_000, commissions: 1_000_000 };
export const QUICK: Size = { partners: 1_000, customers: 10_000, commissions: 50_000 };

/** The ids for requests: partners, each with its own customer. */
export interface Sample {
  readonly partners: readonly { id: string; referralCode: string; customerId: string }[];
}

const DAY_MS = 86_400_000;
const PAYOUTS = 20; // for each partner; the newest PENDING and PROCESSING ones are the last of them
const CHUNK = 100; // partners whose metrics one statement adds up

/** Fills the empty database with set-based inserts. All values of a row, including its id, follow from its number. */
export async function load(url: string, size: Size): Promise<Sample> {
  const pool = new Pool({ connectionString: url, max: 1 });
  try {
    await ensureProgram(new BoundPool(pool), TENANT);
    const client = await pool.connect();
    try {
      await client.query('set session_replication_role = replica'); // no triggers: they would count each row
      for (const statement of inserts(size, Date.now())) await client.query(statement);
      await client.query('set session_replication_role = origin');
      for (let first = 0; first < size.partners; first += CHUNK) {
        await client.query(
          `select recalculate_partner_metrics(array(select id from partners order by id limit ${CHUNK} offset ${first}))`,
        );
      }
      await client.query('vacuum analyze');
      await client.query('checkpoint');
      const { rows } = await client.query(`
        select distinct on (p.id) p.id, p.referral_code as "referralCode", k.external_id as "customerId"
        from partners p join customers k on k.partner_id = p.id order by p.id, k.id`);
      return { partners: shuffled(rows) };
    } finally {
      client.release();
    }
  } finally {
    await pool.end();
  }
}

/** Shuffled, but in the same order at every run. */
function shuffled<T>(rows: T[]): T[] {
  return rows
    .map((row, index) => ({ row, at: Math.imul(index + 1, 2_654_435_761) >>> 0 }))
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row);
}

function* inserts({ partners, customers, commissions }: Size, now: number): Generator<string> {
  const start = now - 90 * DAY_MS;
  const each = Math.floor(customers / partners); // customers of one partner
  const lines = Math.floor(commissions / partners); // commissions of one partner
  const id = (kind: number, n: string, ms: string) => `pg_temp.row_id(${kind}, (${n})::bigint, ${ms})`;
  const at = (ms: string) => `to_timestamp((${ms}) / 1000.0)`;

  const partnerMs = (n: string) => `(${now - 400 * DAY_MS} + (${n}) * 60000::bigint)`;
  const customerMs = (n: string) => `(${start - 10 * DAY_MS} + (${n}) * ${step(10, customers)}::bigint)`;
  const lineMs = `(${start} + n * ${step(90, commissions)}::bigint)`;
  const partnerId = (n: string) => id(1, n, partnerMs(n));
  const customerId = (n: string) => id(2, n, customerMs(n));
  const referralId = (n: string) => id(3, n, customerMs(n));
  const conversionId = (n: string) => id(5, n, customerMs(n));
  const payoutId = (n: string, k: string) => id(6, `${n} * ${PAYOUTS} + ${k}`, `(${start} + (${k}) * 1000)`);
  const currency = (n: string) => `(array['USD', 'USD', 'USD', 'EUR', 'JPY'])[1 + (${n}) % 5]`;
  const source = (c: string) => `(array['google', 'newsletter', 'direct'])[1 + (${c}) % 3]`;
  const tier = `(array['BRONZE', 'SILVER', 'GOLD', 'PLATINUM', 'DIAMOND'])[1 + n / 4 % 5]`;

  yield `create function pg_temp.row_id(kind int, n bigint, ms bigint) returns uuid language sql immutable as $$
    select (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid $$`;

  yield `insert into partners (id, tenant_id, created_at, partner_type, status, tier, company_name, contact_name, email,
      referral_code, rate_bps, currency, payout_frequency, payout_method, contract_start_date, metadata)
    select ${partnerId('n')}, '${TENANT}', ${at(partnerMs('n'))},
      (array['RESELLER', 'AFFILIATE', 'REFERRAL', 'WHITE_LABEL'])[1 + n % 4], 'ACTIVE', ${tier}, 'Northwind Partners ' || n,
      'Ada Contact ' || n, 'partner-' || n || '@example.com', 'CODE' || n, case when n % 3 = 0 then 1250 end, ${currency('n')},
      'MONTHLY', 'BANK_TRANSFER', date '2026-01-16', '{}'
    from generate_series(0, ${partners - 1}) n`;
  yield `insert into partner_history (id, tenant_id, partner_id, status, tier, effective_at)
    select new_id(), tenant_id, id, status, tier, to_timestamp(0) from partners`;
  yield `insert into affiliate_configs (partner_id, tenant_id)
    select id, tenant_id from partners where partner_type = 'AFFILIATE'`;

  const everyCustomer = `generate_series(0, ${each * partners - 1}) n`;
  yield `insert into customers (id, tenant_id, created_at, external_id, email, partner_id, bound_at)
    select ${customerId('n')}, '${TENANT}', ${at(customerMs('n'))}, 'cust_' || n, 'buyer-' || n || '@example.com',
      ${partnerId(`n % ${partners}`)}, ${at(customerMs('n'))}
    from ${everyCustomer}`;
  // One click of the customer, and one that led to no purchase.
  yield `insert into referrals (id, tenant_id, created_at, partner_id, referral_code, visitor_id, landing_url, referrer_url,
      source, clicked_at, expires_at, converted_at, customer_id, metadata)
    select case converted when 1 then ${referralId('n')} else ${id(4, 'n', customerMs('n'))} end, '${TENANT}', ${at(customerMs('n'))},
      ${partnerId(`n % ${partners}`)}, 'CODE' || n % ${partners}, gen_random_uuid(), 'https://finaceverse.com/pricing?visit=' || n,
      'https://blog.example.com/', ${source('n')}, ${at(customerMs('n'))}, ${at(customerMs('n'))} + interval '30 days',
      case converted when 1 then ${at(customerMs('n'))} end, case converted when 1 then ${customerId('n')} end, '{}'
    from ${everyCustomer}, generate_series(0, 1) converted`;
  yield `insert into conversions (id, tenant_id, created_at, partner_id, referral_id, customer_id, order_id, source,
      amount_minor, amount_currency, occurred_at)
    select ${conversionId('n')}, '${TENANT}', ${at(customerMs('n'))}, ${partnerId(`n % ${partners}`)}, ${referralId('n')},
      ${customerId('n')}, 'order_' || n, ${source('n')}, 1000 + n % 90000, ${currency(`n % ${partners}`)}, ${at(customerMs('n'))}
    from ${everyCustomer}`;

  // The mix of a book of some age, in percent: 40 paid, 10 allocated, 18 approved, 20 pending, 5 rejected, 7 reversed.
  yield `insert into commissions (id, tenant_id, created_at, partner_id, customer_id, referral_id, conversion_id, type, method,
      status, base_minor, base_currency, rate_bps, rate_source, tier, rounding_mode, amount_minor, amount_currency,
      revenue_minor, source, occurred_at, hold_until, approved_at, approved_by)
    select ${id(7, 'n', lineMs)}, '${TENANT}', ${at(lineMs)}, ${partnerId('p')}, ${customerId('c')}, ${referralId('c')},
      case when o < ${each} then ${conversionId('c')} end,
      (array['SIGNUP', 'RECURRING', 'RENEWAL', 'UPGRADE', 'ONE_TIME', 'BONUS'])[1 + h / 100 % 6], 'PERCENTAGE',
      case when h % 100 < 68 then 'APPROVED' when h % 100 < 88 then 'PENDING' when h % 100 < 93 then 'REJECTED' else 'REVERSED' end,
      base, ${currency('p')}, 2000, 'TIER', 'GOLD', 'HALF_UP', (base + 2) / 5, ${currency('p')},
      case when o < ${each} then 0 else base end, ${source('c')}, ${at(lineMs)}, ${at(lineMs)} + interval '30 days',
      case when h % 100 < 68 then ${at(lineMs)} end, case when h % 100 < 68 then 'approver' end
    from (
      select n, n % ${partners} as p, n / ${partners} as o, (hashint4(n) & 2147483647) as h,
        n % ${partners} + ${partners} * (n / ${partners} % ${each}) as c, 1000 + n::bigint * 7919 % 99000 as base
      from generate_series(0, ${lines * partners - 1}) n) line`;
  // A reversed commission has its reversal beside it.
  yield `insert into commissions (id, tenant_id, created_at, partner_id, customer_id, referral_id, reverses_id, type, method,
      status, base_minor, base_currency, rate_bps, rate_source, tier, rounding_mode, amount_minor, amount_currency,
      revenue_minor, source, occurred_at)
    select overlay(id::text placing '008' from 16 for 3)::uuid, tenant_id, created_at, partner_id, customer_id, referral_id, id,
      'REVERSAL', method, status, -base_minor, base_currency, rate_bps, rate_source, tier, rounding_mode, -amount_minor,
      amount_currency, -revenue_minor, source, occurred_at
    from commissions where status = 'REVERSED'`;
  yield 'analyze commissions'; // without statistics, the next insert would read all lines for each line
  yield INSERT_SALE_ITEMS;
  yield `create temp table claim as
    select ${payoutId('p', 'k')} as payout_id, ${id(7, 'n', lineMs)} as commission_id, ${partnerId('p')} as partner_id, k
    from (
      select n, n % ${partners} as p, n / ${partners}::bigint * ${PAYOUTS} / ${lines} as k
      from generate_series(0, ${lines * partners - 1}) n where (hashint4(n) & 2147483647) % 100 < 50) line`;
  yield `insert into payouts (id, tenant_id, partner_id, status, method, period_start, period_end, amount_minor,
      amount_currency, commission_count, attempts, created_by, initiated_by, approved_by, approved_at, paid_at, metadata)
    select i.payout_id, '${TENANT}', i.partner_id, case when i.k < 16 then 'PAID' when i.k < 18 then 'PROCESSING' else 'PENDING' end, 'BANK_TRANSFER',
      date '2026-01-01', date '2026-01-31', sum(c.amount_minor), c.amount_currency, count(*),
      case when i.k < 18 then 1 else 0 end, 'finance', 'finance',
      case when i.k < 18 then 'approver' end, case when i.k < 18 then now() end, case when i.k < 16 then now() end, '{}'
    from claim i join commissions c on c.id = i.commission_id group by i.payout_id, i.partner_id, i.k, c.amount_currency`;
  yield `insert into payout_items (id, tenant_id, payout_id, commission_id)
    select new_id(), '${TENANT}', payout_id, commission_id from claim`;
  yield `insert into paid_lines (tenant_id, commission_id)
    select i.tenant_id, i.commission_id from payout_items i join payouts o on o.id = i.payout_id where o.status = 'PAID'`;
  yield `insert into payout_attempts (id, tenant_id, payout_id, number, status, key)
    select new_id(), tenant_id, id, 1, 'SENT', replace(id::text, '-', '') from payouts where status = 'PROCESSING'`;
  yield `drop table claim`;
}

/** Milliseconds between `rows` rows over some days. */
const step = (days: number, rows: number) => Math.max(1, Math.floor((days * DAY_MS) / Math.max(1, rows)));
