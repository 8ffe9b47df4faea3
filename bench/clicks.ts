import { Pool } from 'pg';
import type { Crush, Taken } from './clicker.ts';
import { load, TENANT } from './data.ts';
import { quantile } from './quantile.ts';
import { portOf, type Start, serverEnv } from './servers.ts';

/** Milliseconds to insert and commit one row, as every click must before its answer. */
export interface Commit {
  readonly p50: number;
  readonly p99: number;
}

export interface Stored extends Taken {
  readonly rate: number;
  readonly seconds: number;
  /** Rows stored at the end. */
  readonly stored: number;
  /** Number of the last acknowledged clicks that are not stored. */
  readonly lost: number;
}

/** Offers clicks to one process at several rates, and counts the stored clicks. */
export async function measureClicks(
  url: string,
  folder: string,
  orders: readonly Pick<Crush, 'rate' | 'seconds' | 'connections'>[],
  start: Start,
): Promise<{ commit: Commit; results: Stored[] }> {
  const { partners } = await load(url, { partners: 100, customers: 200, commissions: 200 });
  const server = start('product-server.js', { ...serverEnv(url, folder), TRUST_PROXY: '1' });
  const port = await portOf(server, folder, 'product-server.js');
  const clicker = start('clicker.js');
  const pool = new Pool({ connectionString: url, max: 1 });
  const codes = partners.map(({ referralCode }) => referralCode);
  const count = async () =>
    (await pool.query<{ n: number }>('select count(*)::int as n from touches')).rows[0]?.n ?? 0;
  try {
    await pool.query(
      `update programs set landing_hosts = '{shop.example}', landing_url = 'https://shop.example/' where tenant_id = $1`,
      [TENANT],
    );
    await clicker.ask<Taken>({ port, codes, rate: 200, seconds: 3, connections: 8 }); // warm
    const results: Stored[] = [];
    for (const order of orders) {
      const before = await count();
      const taken = await clicker.ask<Taken>({ port, codes, ...order });
      const { rows } = await pool.query<{ n: number }>(
        'select count(*)::int as n from touches where id = any($1)',
        [taken.ids],
      );
      results.push({
        ...{ ...taken, ...order },
        stored: (await count()) - before,
        lost: taken.ids.length - (rows[0]?.n ?? 0),
      });
    }
    return { commit: await commits(pool), results };
  } finally {
    await pool.end();
  }
}

async function commits(pool: Pool): Promise<Commit> {
  await pool.query('create table bare (id int primary key, at timestamptz not null default now())');
  const times: number[] = [];
  for (let id = 0; id < 500; id++) {
    const sent = performance.now();
    await pool.query('insert into bare (id) values ($1)', [id]);
    times.push(performance.now() - sent);
  }
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}
