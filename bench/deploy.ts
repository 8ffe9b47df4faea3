import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import WebSocket from 'ws';
import type { Order, Outcome } from './load.ts';
import type { Helper } from './processes.ts';
import type { Kept } from './report.ts';

const SOCKETS = 20;
const LOAD_MS = 3_000;
const LONGEST_MS = 60_000;
/** Approves payouts, as a second person would. Their jobs died with another process, so the worker starts them. */
const APPROVED = `
  update payouts set status = 'APPROVED', approved_by = 'approver', approved_at = now(), updated_at = now() - interval '1 minute'
  where status = 'PENDING'`;

/** Sends SIGTERM to the server while it answers reads, holds sockets and pays. */
export async function measureDeploy(
  { pool, port, server, loader }: { pool: Pool; port: number; server: Helper; loader: Helper },
  order: Order,
): Promise<Kept> {
  const closes = await Promise.all(Array.from({ length: SOCKETS }, () => closeOf(port, order.authorization)));
  const paidBefore = await paid(pool);
  await pool.query(APPROVED);
  const reads = loader.ask<Outcome>({ ...order, ms: LONGEST_MS }); // ends when nothing listens any more
  await sleep(LOAD_MS);
  let paidByThen = 0;
  while (paidByThen === 0) {
    await sleep(50);
    paidByThen = (await paid(pool)) - paidBefore;
  }
  const asked = performance.now();
  const code = await server.end();
  const took = (performance.now() - asked) / 1_000;
  const [{ requests, refused }, codes] = await Promise.all([
    reads,
    Promise.all(closes.map(({ code }) => code)),
  ]);
  const { rows } = await pool.query(
    `select (select count(*)::int from graphile_worker._private_jobs where locked_at is not null) as locked,
       (select count(*)::int from payouts where status in ('APPROVED', 'PROCESSING')) as waiting,
       (select count(*)::int from payout_attempts where lease_until > now()) as leased`,
  );
  const { locked, waiting, leased } = rows[0];
  const paidAfter = (await paid(pool)) - paidBefore;
  const failed = Object.keys(refused).filter((reason) => /^\d/.test(reason)); // a connection that was not accepted has no status
  const closed = [...new Set(codes)];
  return {
    promised:
      'SIGTERM: no 5xx, sockets closed with 1001 or 1012, jobs finished or released, ended within 30 s',
    measured: `${requests} reads answered, others ${JSON.stringify(refused)}; ${SOCKETS} sockets closed with ${closed.join(', ')}; ended with ${code} after ${took.toFixed(1)} s; ${paidByThen} payouts paid before the signal, ${paidAfter - paidByThen} after, ${waiting} wait for the next process; ${locked} jobs locked, ${leased} payouts leased`,
    isKept:
      failed.length === 0 &&
      closed.every((each) => each === 1001 || each === 1012) &&
      code === 0 &&
      took <= 30 &&
      locked === 0 &&
      leased === 0,
  };
}

async function paid(pool: Pool): Promise<number> {
  const { rows } = await pool.query(`select count(*)::int as n from payouts where status = 'PAID'`);
  return rows[0].n;
}

/** Opens a socket that is let in. `code` is the one with which the server closes it. */
async function closeOf(port: number, authorization: string): Promise<{ code: Promise<number> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
  const code = new Promise<number>((resolve) => {
    socket.on('close', resolve);
  });
  await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', resolve);
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })),
    );
  });
  return { code };
}
