import { Pool } from 'pg';
import type { Crush, Taken } from './clicker.ts';
import { load, TENANT } from './data.ts';
import { quantile } from './quantile.ts';
import { portOf, type Start, serverEnv } from './servers.ts';

/** Milliseconds to insert and commit one row, as every click must before its answer: medians of the rounds. */
export interface Commit {
  readonly p50: number;
  readonly p99: number;
}

export interface Order extends Pick<Crush, 'rate' | 'seconds' | 'connections'> {
  /** Clicks for `seconds`, then bare commits at the same rate for as long, so many times. */
  readonly rounds: number;
}

/** The sums of the rounds; p50 and p99 are their medians. */
export interface Stored extends Omit<Taken, 'ids'> {
  readonly rate: number;
  /** Seconds with clicks. */
  readonly seconds: number;
  /** The highest p99 of a round. */
  readonly worst: number;
  readonly commit: Commit;
  /** Rows stored at the end. */
  readonly stored: number;
  /** Number of the last acknowledged clicks that are not stored. */
  readonly lost: number;
}

/** Offers clicks to one process at several rates, and counts the stored clicks. */
export async function measureClicks(
  url: string,
  folder: string,
  orders: readonly Order[],
  start: Start,
): Promise<Stored[]> {
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
    await pool.query('create table bare (id bigserial primary key, at timestamptz not null default now())');
    await clicker.ask<Taken>({ port, codes, rate: 200, seconds: 3, connections: 8 }); // warm
    const results: Stored[] = [];
    for (const { rounds, ...order } of orders) {
      const taken: Taken[] = [];
      const commits: Commit[] = [];
      let [stored, lost] = [0, 0];
      for (let round = 0; round < rounds; round++) {
        const before = await count();
        const { ids, ...answers } = await clicker.ask<Taken>({ port, codes, ...order });
        const { rows } = await pool.query<{ n: number }>(
          'select count(*)::int as n from touches where id = any($1)',
          [ids],
        );
        stored += (await count()) - before;
        lost += ids.length - (rows[0]?.n ?? 0);
        taken.push({ ids: [], ...answers });
        commits.push(await bareCommits(pool, order));
      }
      results.push({
        ...{ rate: order.rate, seconds: order.seconds * rounds, stored, lost },
        ...{ ...summed(taken), worst: Math.max(...taken.map(({ p99 }) => p99)) },
        commit: mediansOf(commits),
      });
    }
    return results;
  } finally {
    await pool.end();
  }
}

const MAX_SECONDS = 5;

/** Commits rows one after the other, at the rate of the clicks or as fast as PostgreSQL answers. */
async function bareCommits(pool: Pool, { rate, seconds }: Pick<Order, 'rate' | 'seconds'>): Promise<Commit> {
  const times: number[] = [];
  const started = performance.now();
  const until = started + Math.min(seconds, MAX_SECONDS) * 1_000;
  for (let sent = performance.now(); sent < until; sent = performance.now()) {
    await pool.query('insert into bare default values');
    times.push(performance.now() - sent);
    const early = started + (times.length * 1_000) / rate - performance.now();
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
  }
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

const mediansOf = (rounds: readonly Commit[]): Commit => ({
  p50: quantile(
    rounds.map(({ p50 }) => p50),
    0.5,
  ),
  p99: quantile(
    rounds.map(({ p99 }) => p99),
    0.5,
  ),
});

function summed(rounds: readonly Taken[]): Omit<Taken, 'ids'> {
  const sum = (of: (one: Taken) => number) => rounds.reduce((total, one) => total + of(one), 0);
  const refused: Record<string, number> = {};
  for (const round of rounds)
    for (const [status, n] of Object.entries(round.refused)) refused[status] = (refused[status] ?? 0) + n;
  return {
    ...{ offered: sum((one) => one.offered), acknowledged: sum((one) => one.acknowledged) },
    ...{ refused, waiting: sum((one) => one.waiting), ...mediansOf(rounds) },
  };
}
