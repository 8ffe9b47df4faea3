import { Pool } from 'pg';
import { load, type Size, TENANT } from './data.ts';

const ROUNDS = 3;
const CHUNK = 500; // partners per transaction, as in the job

/** The minimum cost of the metrics: the same sums by partner, day, source and currency, without storing them. */
const PLAIN = `
  create temp table plain on commit drop as
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

/** Returns the seconds of each round: of one plain query over all rows, and of the recalculation of every partner. */
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
  const plain = async () => {
    for (const statement of ['begin', PLAIN, 'commit']) await pool.query(statement);
  };
  const product = async () => {
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
  const times = { plain: [] as number[], product: [] as number[] };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      times.plain.push(await timed(plain));
      times.product.push(await timed(product));
    }
  } finally {
    await pool.end();
  }
  return times;
}
