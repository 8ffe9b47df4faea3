import { deepStrictEqual } from 'node:assert/strict';
import { Pool } from 'pg';
import { load, type Size, TENANT } from './data.ts';

const ROUNDS = 3;
const CHUNK = 500; // partners per transaction, as in the job

const FIGURES = [
  'clicks',
  'conversions',
  'orders',
  'customers',
  'revenue_minor',
  'earned_minor',
  'paid_minor',
].join(', ');
const SUMS = FIGURES.replaceAll(/\w+/g, 'sum($&)::bigint as $&');

/** The minimum: only the sums by partner, day, source and currency, without links, totals and days of rates, kept nowhere. */
const SUMS_ALONE = `
  create temp table sums on commit drop as
  select partner_id, day, source, currency, sum(clicks) as clicks, sum(conversions) as conversions, sum(orders) as orders, sum(customers) as customers,
    sum(revenue) as revenue, sum(earned) as earned, sum(paid) as paid
  from (
    select partner_id, (clicked_at at time zone 'UTC')::date as day, source, 'XXX' as currency, 1 as clicks, 0 as conversions, 0 as orders, 0 as customers,
      0::bigint as revenue, 0::bigint as earned, 0::bigint as paid from referrals where origin = 'CLICK' and not bot
    union all select partner_id, (occurred_at at time zone 'UTC')::date, source, amount_currency, 0, 1, 1, 0, amount_minor, 0, 0 from conversions
    union all select partner_id, (bound_at at time zone 'UTC')::date, '(none)', 'XXX', 0, 0, 0, 1, 0, 0, 0 from customers where partner_id is not null
    union all select partner_id, (occurred_at at time zone 'UTC')::date, source, amount_currency, 0, 0, case when revenue_minor > 0 and status <> 'REJECTED' then 1 else 0 end, 0,
      case when status = 'REJECTED' and conversion_id is null then 0 else revenue_minor end, case when status = 'REJECTED' then 0 else amount_minor end, 0 from commissions
    union all select partner_id, (paid_at at time zone 'UTC')::date, '(none)', amount_currency, 0, 0, 0, 0, 0, 0, amount_minor from payouts where status = 'PAID') d
  group by partner_id, day, source, currency`;

/** All figures of the product, in hand-written SQL. */
const CALCULATED = `
  with delta as materialized (
    select partner_id, (clicked_at at time zone 'UTC')::date as day, (clicked_at at time zone 'UTC')::date as rate_day, source, 'XXX' as currency,
      1 as clicks, 0 as conversions, 0 as orders, 0 as customers, 0::bigint as revenue_minor, 0::bigint as earned_minor, 0::bigint as paid_minor,
      link_id, campaign
    from referrals where origin = 'CLICK' and not bot
    union all
    select v.partner_id, (v.occurred_at at time zone 'UTC')::date, (v.occurred_at at time zone 'UTC')::date, v.source, v.amount_currency,
      0, v.counted::int, (v.counted and not v.is_trial)::int, 0, v.amount_minor, 0, 0, r.link_id, r.campaign
    from conversions v left join referrals r on r.id = v.referral_id where v.refused is null
    union all
    select partner_id, (bound_at at time zone 'UTC')::date, (bound_at at time zone 'UTC')::date, '(none)', 'XXX', 0, 0, 0, 1, 0, 0, 0, null, null
    from customers where partner_id is not null
    union all
    select c.partner_id, (c.occurred_at at time zone 'UTC')::date, (coalesce(i.occurred_at, c.occurred_at) at time zone 'UTC')::date, c.source,
      c.amount_currency, 0, 0,
      case when c.revenue_minor > 0 and c.line_number = 0 and c.type <> 'ADJUSTMENT' and c.status <> 'REJECTED' then 1 else 0 end, 0,
      case when c.status = 'REJECTED' and c.conversion_id is null then 0 else c.revenue_minor end,
      case when c.status = 'REJECTED' then 0 else c.amount_minor end, 0, r.link_id, r.campaign
    from commissions c left join referrals r on r.id = c.referral_id left join commissions i on i.id = c.item_id
    union all
    select partner_id, (paid_at at time zone 'UTC')::date, (paid_at at time zone 'UTC')::date, '(none)', amount_currency, 0, 0, 0, 0, 0, 0,
      amount_minor, null, null
    from payouts where status = 'PAID'
  ),
  daily as materialized (
    select partner_id, day, rate_day, source, currency, ${SUMS} from delta group by partner_id, day, rate_day, source, currency
  ),
  named as materialized (
    select partner_id, kind, day, rate_day, name, currency, ${SUMS}
    from delta cross join lateral (values ('LINK', link_id::text), ('CAMPAIGN', campaign)) n (kind, name)
    where name is not null group by partner_id, kind, day, rate_day, name, currency
  ),
  totals as materialized (
    select partner_id, currency, ${SUMS} from daily group by partner_id, currency
  )`;

const differing = (calculated: string, table: string, key: string) =>
  `(select count(*) from ${calculated} c full join ${table} s using (${key})
    where (${FIGURES.replaceAll(/\w+/g, 'c.$&')}) is distinct from (${FIGURES.replaceAll(/\w+/g, 's.$&')}))`;

/** Counts the stored rows that differ. */
const COMPARED = `${CALCULATED}
  select ${differing('daily', 'partner_metrics_daily', 'partner_id, day, rate_day, source, currency')}
    + ${differing('named', 'partner_metrics_by', 'partner_id, kind, day, rate_day, name, currency')}
    + ${differing('totals', 'partner_metrics', 'partner_id, currency')} as differing`;

/** Stores all rows in empty tables. */
const STORED = `${CALCULATED},
  daily_put as (
    insert into partner_metrics_daily (tenant_id, partner_id, day, rate_day, source, currency, ${FIGURES})
    select '${TENANT}', * from daily
  ),
  named_put as (
    insert into partner_metrics_by (tenant_id, partner_id, kind, day, rate_day, name, currency, ${FIGURES})
    select '${TENANT}', * from named
  ),
  totals_put as (
    insert into partner_metrics (tenant_id, partner_id, currency, ${FIGURES})
    select '${TENANT}', * from totals
  )
  insert into program_metric_changes (tenant_id, day, rate_day, currency, ${FIGURES})
  select '${TENANT}', day, rate_day, currency, ${SUMS} from daily group by day, rate_day, currency`;

const EMPTY =
  'truncate partner_metrics, partner_metrics_daily, partner_metrics_by, program_metrics_daily, program_metric_changes';

/** All stored figures in one row, to compare. Those of the program come in several rows, one for each transaction. */
const FINGERPRINT = `
  select (select sum(hashtextextended((to_jsonb(m) - 'updated_at')::text, 0)::numeric) from partner_metrics m) as totals,
    (select sum(hashtextextended((m.*)::text, 0)::numeric) from partner_metrics_daily m) as daily,
    (select sum(hashtextextended((m.*)::text, 0)::numeric) from partner_metrics_by m) as named,
    (select sum(hashtextextended((m.*)::text, 0)::numeric) from (
      select day, rate_day, currency, ${SUMS} from program_metric_changes group by day, rate_day, currency) m) as program`;

/** Returns the seconds of each round in which the metrics of all partners are calculated and stored: by one statement, and by
 *  the product. Says the same for figures that stand and are only compared, and how long the sums alone take. */
export async function measureMetrics(
  url: string,
  size: Size,
  say: (sentence: string) => void,
): Promise<{ plain: number[]; product: number[] }> {
  await load(url, size);
  say(`${size.partners} partners, ${size.commissions} commissions, ${size.customers * 2} clicks`);
  const pool = new Pool({ connectionString: url, max: 1 });
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const started = performance.now();
    await work();
    return (performance.now() - started) / 1_000;
  };
  const inOne = async (statement: string) => {
    await pool.query("begin; set local work_mem = '64MB'"); // as the product
    const { rows } = await pool.query(statement);
    await pool.query('commit');
    return rows;
  };
  const recalculate = async () => {
    for (let last = '00000000-0000-0000-0000-000000000000'; ; ) {
      const { rows } = await pool.query(
        'select id from partners where tenant_id = $1 and id > $2 order by id limit $3',
        [TENANT, last, CHUNK],
      );
      if (rows.length === 0) return;
      await pool.query('select recalculate_partner_metrics($1)', [rows.map(({ id }) => id)]);
      last = rows.at(-1).id;
    }
  };
  const standing = { sums: [] as number[], plain: [] as number[], product: [] as number[] };
  const stored = { plain: [] as number[], product: [] as number[] };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      standing.sums.push(await timed(() => inOne(SUMS_ALONE)));
      standing.plain.push(
        await timed(async () => deepStrictEqual(await inOne(COMPARED), [{ differing: '0' }])),
      );
      standing.product.push(await timed(recalculate));
    }
    for (let round = 0; round < ROUNDS; round++) {
      await pool.query(EMPTY);
      stored.plain.push(await timed(() => inOne(STORED)));
      const { rows: plain } = await pool.query(FINGERPRINT);
      await pool.query(EMPTY);
      stored.product.push(await timed(recalculate));
      const { rows: product } = await pool.query(FINGERPRINT);
      deepStrictEqual(product, plain, 'the figures differ');
    }
  } finally {
    await pool.end();
  }
  const shown = (times: readonly number[]) => times.map((time) => `${time.toFixed(1)} s`).join(', ');
  const ratio = (plain: readonly number[]) => (Math.min(...plain) / Math.min(...standing.product)).toFixed(2);
  say(
    `figures that stand: recalculated ${shown(standing.product)}; plain SQL that compares the same figures ${shown(standing.plain)}, ratio ${ratio(standing.plain)}; sums alone, without links, totals and comparison ${shown(standing.sums)}, ratio ${ratio(standing.sums)}`,
  );
  say('all figures stored:');
  return stored;
}
