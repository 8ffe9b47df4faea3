import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeDemoData } from '../../src/demo/demo-data.ts';
import { createDatabase } from '../support/database.ts';

const now = new Date('2026-11-22T10:00:00Z');
const databases: Awaited<ReturnType<typeof createDatabase>>[] = [];
const sentences: string[] = [];
let pool: pg.Pool;
let counts: Awaited<ReturnType<typeof makeDemoData>>;

beforeAll(async () => {
  for (const database of await Promise.all([createDatabase(), createDatabase()])) databases.push(database);
  pool = databases[0]?.pool as pg.Pool;
  counts = await makeDemoData(pool, { now, progress: (sentence) => sentences.push(sentence) });
}, 120_000);

afterAll(async () => {
  await Promise.all(databases.map((database) => database.drop()));
}, 60_000);

const rows = async (query: string, from = pool) => (await from.query(query)).rows;
const TABLES = [
  'partners',
  'partner_history',
  'reseller_configs',
  'affiliate_configs',
  'white_label_configs',
  'customers',
  'referrals',
  'conversions',
  'commissions',
  'payout_runs',
  'payouts',
  'payout_items',
  'payout_attempts',
  'postings',
];
const METRICS = ['partner_metrics', 'partner_metrics_daily'];

/** One digest for each table, without the moment at which the database itself touched a row. */
const fingerprint = (tables: string[], from = pool) =>
  Promise.all(
    tables.map(async (table) => {
      const text = `(to_jsonb(t) - 'updated_at')::text`;
      const [row] = await rows(
        `select md5(string_agg(${text}, ',' order by ${text})) as digest from ${table} t`,
        from,
      );
      return [table, row.digest];
    }),
  );

describe('the demo program', () => {
  test('reports its progress step by step', () => {
    expect(sentences).toContain('200 partners');
    expect(sentences).toContain(`${counts.clicks.toLocaleString('en-US')} clicks`);
    expect(counts.partners).toBe(200);
    expect(counts.clicks).toBeGreaterThan(15_000);
    expect(counts.commissions).toBeGreaterThan(2_500);
    expect(counts.conversions / counts.clicks).toBeGreaterThan(0.03);
    expect(counts.conversions / counts.clicks).toBeLessThan(0.04);
  });

  test('has a touch for every click, for paths and funnels', async () => {
    const [row] = await rows(
      'select count(*)::int as n, count(distinct t.country)::int as countries from touches t join referrals r using (id, clicked_at)',
    );
    expect(row).toEqual({ n: counts.clicks, countries: 6 });
  });

  test('is equal for the same seed', async () => {
    const other = databases[1]?.pool as pg.Pool;
    await makeDemoData(other, { now });
    const all = [...TABLES, ...METRICS];
    expect(await fingerprint(all, other)).toEqual(await fingerprint(all));
  }, 60_000);

  test('shows every type, tier, status and currency', async () => {
    const of = async (column: string, table: string) =>
      (await rows(`select distinct ${column} as value from ${table} order by 1`)).map(({ value }) => value);
    expect(await of('partner_type', 'partners')).toEqual([
      'AFFILIATE',
      'REFERRAL',
      'RESELLER',
      'WHITE_LABEL',
    ]);
    expect(await of('tier', 'partners')).toEqual(['BRONZE', 'DIAMOND', 'GOLD', 'PLATINUM', 'SILVER']);
    expect(await of('status', 'partners')).toEqual(['ACTIVE', 'INACTIVE', 'PENDING', 'SUSPENDED']);
    expect(await of('currency', 'partners')).toEqual(['EUR', 'INR', 'JPY', 'KWD', 'USD']);
    expect(await of('amount_currency', 'payouts')).toEqual(['EUR', 'INR', 'JPY', 'KWD', 'USD']);
    expect(await of('type', 'commissions')).toHaveLength(7);
    expect(await of('method', 'commissions')).toEqual(['FLAT', 'PERCENTAGE']);
    expect(await of('status', 'commissions')).toEqual(['APPROVED', 'PENDING', 'REJECTED', 'REVERSED']);
    expect(await of('status', 'payouts')).toEqual(['CANCELED', 'FAILED', 'PAID', 'PENDING']);
  });

  test("has the product description's example partner", async () => {
    expect(
      await rows(`select p.id, company_name, contact_name, p.email, partner_type, tier, rate_bps from partners p
        join customers k on k.partner_id = p.id where referral_code = 'ACME1234' and k.external_id = 'cust_abc123'`),
    ).toEqual([
      {
        id: '550e8400-e29b-41d4-a716-446655440000',
        company_name: 'Acme Resellers Inc',
        contact_name: 'John Smith',
        email: 'john@acme.com',
        partner_type: 'RESELLER',
        tier: 'SILVER',
        rate_bps: 1_500,
      },
    ]);
  });

  test('has rows in the order of time, and none in the future', async () => {
    for (const table of ['referrals', 'commissions', 'payouts', 'postings']) {
      const [row] = await rows(`
        select count(*) filter (where at <> created_at)::int as misplaced, count(*) filter (where created_at > '${now.toISOString()}')::int as future
        from (select created_at, to_timestamp(('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint / 1000.0)::timestamptz(3) as at
          from ${table}) t`);
      expect([table, row]).toEqual([table, { misplaced: 0, future: 0 }]);
    }
  });
});

describe('its money', () => {
  test('has ledger balances that match its commissions and payouts', async () => {
    const [books] = await rows(`
      with moved as (
        select to_account as account, amount_currency as currency, amount_minor as minor from postings
        union all select from_account, amount_currency, -amount_minor from postings
      ), ledger as (
        select split_part(account, ':', 2)::uuid as partner_id, currency,
          coalesce(sum(minor) filter (where account like '%:payable'), 0) as payable,
          coalesce(sum(minor) filter (where account like '%:in-transit'), 0) as transit,
          coalesce(sum(minor) filter (where account like '%:paid'), 0) as paid
        from moved where account like 'partner:%' group by 1, 2
      ), lines as (
        select c.partner_id, c.amount_currency as currency,
          coalesce(sum(c.amount_minor) filter (where o.status is distinct from 'PAID'), 0) as payable,
          coalesce(sum(c.amount_minor) filter (where o.status = 'PAID'), 0) as paid
        from commissions c
        left join payout_items i on i.commission_id = c.id and i.voided_at is null left join payouts o on o.id = i.payout_id
        where c.status = 'APPROVED' group by 1, 2
      ), paid as (
        select partner_id, amount_currency as currency, sum(amount_minor) as paid from payouts where status = 'PAID' group by 1, 2
      )
      select count(*)::int as pairs, count(*) filter (where coalesce(l.payable, 0) <> coalesce(n.payable, 0))::int as payable,
        count(*) filter (where coalesce(l.transit, 0) <> 0)::int as transit,
        count(*) filter (where coalesce(l.paid, 0) <> coalesce(n.paid, 0) or coalesce(l.paid, 0) <> coalesce(p.paid, 0))::int as paid
      from ledger l full join lines n using (partner_id, currency) full join paid p using (partner_id, currency)`);
    expect(books).toMatchObject({ payable: 0, transit: 0, paid: 0 });
    expect(books.pairs).toBeGreaterThan(100);
  });

  test('has payouts that equal the sum of their commissions', async () => {
    expect(
      await rows(`
        select o.id from payouts o left join payout_items i on i.payout_id = o.id and (i.voided_at is null or o.status = 'CANCELED')
        left join commissions c on c.id = i.commission_id and c.partner_id = o.partner_id and c.amount_currency = o.amount_currency
        group by o.id, o.tenant_id having sum(c.amount_minor) is distinct from o.amount_minor or count(c.id) <> o.commission_count`),
    ).toEqual([]);
    expect(
      await rows(`select o.id from payouts o join payout_items i on i.payout_id = o.id
        where (o.status = 'CANCELED') <> (i.voided_at is not null) or (o.status = 'CANCELED') <> (o.released_at is not null)`),
    ).toEqual([]);
  });

  test('has refunds that never exceed their commission', async () => {
    expect(
      await rows(`select l.id from commissions l join commissions r on r.reverses_id = l.id
        group by l.id, l.tenant_id having sum(r.amount_minor) < -l.amount_minor or sum(r.base_minor) < -l.base_minor
          or (l.status = 'REVERSED') <> (sum(r.amount_minor) = -l.amount_minor)`),
    ).toEqual([]);
  });

  test('has amounts that match the terms of their commissions', async () => {
    expect(
      await rows(`select id from commissions where reverses_id is null and amount_minor <> case method
        when 'FLAT' then per_unit_minor * quantity else round(base_minor * rate_bps / 10000.0) end`),
    ).toEqual([]);
    const smallest =
      await rows(`select amount_currency as currency, min(amount_minor)::int as minor from conversions
      where amount_currency in ('JPY', 'KWD') group by 1 order by 1`);
    expect(smallest).toEqual([
      { currency: 'JPY', minor: expect.toSatisfy((minor: number) => minor > 3_000 && minor < 10_000) },
      { currency: 'KWD', minor: expect.toSatisfy((minor: number) => minor > 7_000 && minor < 20_000) },
    ]);
  });

  test('has no commission that its creator approved', async () => {
    expect(
      await rows(`select id from commissions where created_by = approved_by
        union all select id from payouts where created_by = approved_by`),
    ).toEqual([]);
  });

  test('has only commissions of ACTIVE partners, at their tier of that time', async () => {
    expect(
      await rows(`select c.id from commissions c cross join lateral (
          select status, tier from partner_history where partner_id = c.partner_id and effective_at <= c.occurred_at
          order by effective_at desc, id desc limit 1) h
        where c.reverses_id is null and (h.status <> 'ACTIVE' or h.tier <> c.tier)`),
    ).toEqual([]);
    expect(
      await rows(`select p.id from partners p cross join lateral (
          select status, tier from partner_history where partner_id = p.id order by effective_at desc, id desc limit 1) h
        where (h.status, h.tier) <> (p.status, p.tier)`),
    ).toEqual([]);
  });
});

test('has metrics that equal a recalculation of every partner', async () => {
  const before = await fingerprint(METRICS);
  await pool.query('select recalculate_partner_metrics(array(select id from partners))');
  expect(await fingerprint(METRICS)).toEqual(before);
});
