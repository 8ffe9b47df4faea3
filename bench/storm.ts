import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { quantile } from './quantile.ts';
import type { Kept } from './report.ts';

const PER_SECOND = 200;
const TICK_MS = 5;
const PATIENCE_S = 120;
/** Sends the events of a rail after an outage: each event twice, and several for each payout. */
export async function measureStorm(
  { pool, port }: { readonly pool: Pool; readonly port: number },
  secret: string,
  seconds: number,
): Promise<Kept> {
  const payouts = await interrupted(pool);
  const distinct = (PER_SECOND * seconds) / 2;
  const event = (n: number) =>
    JSON.stringify({
      ...{ object: 'event', id: `evt_${n}`, type: 'transfer.updated' },
      data: {
        object: {
          ...{ object: 'transfer', id: `tr_${payouts[n % payouts.length]?.key}` },
          metadata: { key: payouts[n % payouts.length]?.key },
        },
      },
    });
  const times: number[] = [];
  const refused: Record<string, number> = {};
  const acknowledged = new Set<string>();
  async function send(n: number): Promise<void> {
    const [body, at] = [event(n), Math.floor(Date.now() / 1_000)];
    const sent = performance.now();
    const { status } = await fetch(`http://127.0.0.1:${port}/webhooks/stripe`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': signature(secret, at, body) },
      body,
    });
    times.push(performance.now() - sent);
    if (status === 200) acknowledged.add(`evt_${n}`);
    else refused[status] = (refused[status] ?? 0) + 1;
  }
  const started = performance.now();
  const elapsed = () => performance.now() - started;
  const calls: Promise<void>[] = [];
  for (let sent = 0; sent < 2 * distinct; await sleep(TICK_MS)) {
    for (const due = Math.min(2 * distinct, (elapsed() * PER_SECOND) / 1_000); sent < due; sent++)
      calls.push(send(sent % distinct)); // the second time, long after the first
  }
  await Promise.all(calls);
  const handled = await untilHandled(pool);
  const { rows } = await pool.query(
    `select (select count(*)::int from rail_events where event_id = any($1)) as stored,
       (select count(*)::int from rail_events where event_id = any($1) and state = 'PARKED') as parked,
       (select count(*)::int from payouts where id = any($2) and status = 'PAID') as paid,
       (select count(*)::int from postings where reference like any(select 'payout:' || id || ':%:settled%' from unnest($2::uuid[]) id)) as posted,
       (select count(distinct split_part(reference, ':', 2))::int from postings where reference like any(select 'payout:' || id || ':%:settled%' from unnest($2::uuid[]) id)) as facts`,
    [[...acknowledged], payouts.map(({ id }) => id)],
  );
  const { stored, parked, paid, posted, facts } = rows[0];
  const lost = acknowledged.size - stored;
  const once = paid === payouts.length && facts === payouts.length && posted === facts;
  const p99 = quantile(times, 0.99);
  return {
    promised: `${PER_SECOND} events/s: acknowledged p99 below 1 s, none lost, each payout settled once`,
    measured: `${seconds} s, ${times.length} events: acknowledged p50 ${quantile(times, 0.5).toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, refused ${JSON.stringify(refused)}, ${lost} lost, ${parked} parked; ${paid} of ${payouts.length} payouts paid by ${posted} postings; all events handled ${handled === null ? 'NOT' : `${handled.toFixed(0)} s`} after the last`,
    isKept:
      p99 < 1_000 && lost === 0 && parked === 0 && once && handled !== null && !Object.keys(refused).length,
  };
}

/** Makes the state of an outage: payouts with an attempt whose outcome is unknown. */
async function interrupted(pool: Pool): Promise<{ id: string; key: string }[]> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query<{ id: string }>(
      `update payouts set status = 'APPROVED', approved_by = 'approver', approved_at = now(), updated_at = now()
       where id in (select (array_agg(id order by id))[1] from payouts where status = 'PENDING' group by partner_id) returning id`,
    );
    const ids = rows.map(({ id }) => id);
    await client.query(`update payouts set status = 'PROCESSING', attempts = 1 where id = any($1)`, [ids]);
    const { rows: attempts } = await client.query<{ id: string; key: string }>(
      `insert into payout_attempts (id, tenant_id, payout_id, number, status, key)
       select new_id(), tenant_id, id, 1, 'UNKNOWN', replace(id::text, '-', '') from payouts where id = any($1)
       returning payout_id as id, key`,
      [ids],
    );
    await client.query('commit');
    return attempts;
  } finally {
    client.release();
  }
}

const signature = (secret: string, at: number, body: string) =>
  `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`;

/** Returns the seconds until no event waits; null if one still waits at the end. */
async function untilHandled(pool: Pool): Promise<number | null> {
  const started = performance.now();
  for (let seconds = 0; seconds < PATIENCE_S; seconds = (performance.now() - started) / 1_000) {
    const { rows } = await pool.query(
      `select exists (select from rail_events where state = 'RECEIVED') as waits`,
    );
    if (!rows[0].waits) return seconds;
    await sleep(200);
  }
  return null;
}
