import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { authenticator } from '../src/http/admission/authenticate.ts';
import { load, type Sample, TENANT } from './data.ts';
import { measureDeploy } from './deploy.ts';
import type { Order, Outcome } from './load.ts';
import type { Helper } from './processes.ts';
import { faultsOf } from './proof.ts';
import type { Kept } from './report.ts';
import { NEW_KEY, scenarios } from './scenarios.ts';
import type { Delay, Usage } from './server.ts';
import { newDatabase, portOf, type Start, serverEnv } from './servers.ts';
import { measureStorm } from './storm.ts';

interface Bed {
  readonly url: string;
  readonly folder: string;
  readonly pool: Pool;
  readonly port: number;
  readonly server: Helper;
  readonly loader: Helper;
  readonly sample: Sample;
  /** The seconds of a full run, or of a quick one. */
  readonly lasts: (full: number, quick: number) => number;
  readonly authorization: (user: string) => Promise<string>;
  readonly start: Start;
  /** The outcome of L1, once it was measured. */
  reads: Outcome | null;
}

const READERS = 50;
const CROWD = 1_000; // connections, twice the requests that a process works on at once
const CONNECTIONS = 32; // of a process to PostgreSQL
/** A second counts as recovered if its p95 is at most this many times the p95 of L1. */
const RECOVERED = 1.25;

/** Puts one process, with its worker, under each kind of load, and reports each promise beside the measured figures. */
export async function measurePromises(
  url: string,
  folder: string,
  { quick, names }: { quick: boolean; names: readonly string[] | null },
  start: Start,
  say: (sentence: string) => void,
): Promise<string[]> {
  const commissions = quick ? 20_000 : 200_000;
  const sample = await load(url, { partners: 1_000, customers: commissions / 5, commissions });
  const pool = new Pool({ connectionString: url, max: 2 });
  const env = { ...serverEnv(url, folder), WORKER: 'on', EVENT_SECRET: `whsec_${randomUUID()}` };
  try {
    const server = start('paying-server.js', env);
    const bed: Bed = {
      ...{ url, folder, pool, server, sample, start, reads: null },
      port: await portOf(server, folder, 'paying-server.js'),
      loader: start('load.js'),
      lasts: (full, short) => (quick ? short : full),
      authorization: async (user) =>
        `Bearer ${await authenticator(env.JWT_SECRET).sign({ user, role: 'PROGRAM_MANAGER', tenantId: TENANT }, '1 day')}`,
    };
    await untilPaid(pool);
    say(`1000 partners, ${commissions} commissions. One process serves requests and runs jobs.`);
    const missed: string[] = [];
    for (const [name, measure] of Object.entries({
      'L1 mixed reads': mixedReads,
      'L2 writes with idempotency keys': writes,
      'L4 overload': overload,
      'L6 soak': soak,
      'L8 webhooks in': (each: Bed) => measureStorm(each, env.EVENT_SECRET, each.lasts(60, 10)),
      'F18 deploy under load': async (each: Bed) => measureDeploy(each, await mixed(each)),
    })) {
      if (names && !names.includes(name.split(' ')[0] as string)) continue;
      const { promised, measured, isKept } = await measure(bed);
      say(`${name}\n  promised  ${promised}\n  measured  ${measured}\n  ${isKept ? 'kept' : 'MISSED'}`);
      if (!isKept) missed.push(`${name}: ${measured}`);
    }
    return missed;
  } finally {
    await pool.end();
  }
}

/** Waits until the worker has finished the payouts that the data left under way. */
async function untilPaid(pool: Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(
      `select exists (select from payouts where status = 'PROCESSING') as waits`,
    );
    if (!rows[0].waits) return;
    await sleep(500);
  }
}

/** Reads of the screens, mixed: of five, two of one partner, two of a page of commissions and one of the dashboard. */
async function mixed({ port, sample, authorization }: Bed): Promise<Order> {
  const bodies = Array.from({ length: 600 }, (_, n) => {
    const name = ['Q1', 'Q3', 'Q2', 'Q1', 'Q3'][n % 5];
    const { query, variables } = scenarios.find((each) => each.name === name) as (typeof scenarios)[number];
    const all = variables(sample);
    return JSON.stringify({ query, variables: all[Math.floor(n / 5) % all.length] });
  });
  return {
    ...{ port, path: '/graphql', authorization: await authorization(randomUUID()) },
    bodies,
    ...{ connections: READERS, ms: 0, countsRefusals: true },
  };
}

const ms = (value: number) => `${value.toFixed(0)} ms`;
const errorsOf = ({ refused }: Outcome) =>
  Object.keys(refused).length ? `errors ${JSON.stringify(refused)}` : '0 errors';

/** What mixed reads reach, measured once. */
async function readsOf(bed: Bed): Promise<Outcome> {
  if (bed.reads) return bed.reads;
  const order = await mixed(bed);
  await bed.loader.ask<Outcome>({ ...order, ms: 5_000 }); // warm
  bed.reads = await bed.loader.ask<Outcome>({ ...order, ms: bed.lasts(300, 10) * 1_000 });
  return bed.reads;
}

async function mixedReads(bed: Bed): Promise<Kept> {
  const reads = await readsOf(bed);
  const perSecond = reads.requests / reads.seconds;
  return {
    promised: `${READERS} clients: at least 300 requests/s, p95 at most 150 ms, p99 at most 400 ms, 0 errors`,
    measured: `${reads.seconds.toFixed(0)} s: ${perSecond.toFixed(0)} requests/s, p95 ${ms(reads.p95)}, p99 ${ms(reads.p99)}, ${errorsOf(reads)}`,
    isKept:
      perSecond >= 300 && reads.p95 <= 150 && reads.p99 <= 400 && Object.keys(reads.refused).length === 0,
  };
}

/** Creates commissions in a database of its own, whose books are true before: the other data was not made by the product. */
async function writes({ url, folder, loader, lasts, start }: Bed): Promise<Kept> {
  const own = await newDatabase(url, 'writes');
  const sample = await load(own, { partners: 1_000, customers: 10_000, commissions: 0 });
  const env = { ...serverEnv(own, folder), WORKER: 'on', EVENT_SECRET: `whsec_${randomUUID()}` };
  const server = start('paying-server.js', env); // with the worker, which links the audit entries
  const port = await portOf(server, folder, 'paying-server.js');
  const token = await authenticator(env.JWT_SECRET).sign(
    { user: 'bench', role: 'PROGRAM_MANAGER', tenantId: TENANT },
    '1 day',
  );
  const { query, variables } = scenarios.find(({ name }) => name === 'W2') as (typeof scenarios)[number];
  const order: Order = {
    ...{ port, path: '/graphql', authorization: `Bearer ${token}` },
    bodies: variables(sample).map((each) => {
      const { input } = each as { input: object };
      return JSON.stringify({ query, variables: { input: { ...input, idempotencyKey: NEW_KEY } } });
    }),
    ...{ connections: 20, ms: 3_000, countsRefusals: true },
  };
  await loader.ask<Outcome>(order); // warm
  const seconds = lasts(180, 10);
  const made = await loader.ask<Outcome>({ ...order, ms: seconds * 1_000 });
  await server.stop();
  const faults = await faultsOf(own, folder);
  const perSecond = made.requests / made.seconds;
  return {
    promised: '20 clients: at least 100 writes/s, p99 at most 300 ms, the books balanced at the end',
    measured: `${seconds} s: ${perSecond.toFixed(0)} writes/s, p99 ${ms(made.p99)}, ${errorsOf(made)}, ${faults.length ? `faults: ${faults[0]}` : 'every check of the books passes'}`,
    isKept:
      perSecond >= 100 && made.p99 <= 300 && faults.length === 0 && Object.keys(made.refused).length === 0,
  };
}

async function overload(bed: Bed): Promise<Kept> {
  const reads = await readsOf(bed);
  const order = await mixed(bed);
  const perSecond = Math.round((5 * reads.requests) / reads.seconds);
  const lasts = bed.lasts(60, 10);
  const crowd = await bed.loader.ask<Outcome>({
    ...{ ...order, connections: CROWD, ms: lasts * 1_000, perSecond },
  });
  let p95 = Number.POSITIVE_INFINITY;
  let recovery = 0;
  for (; p95 > RECOVERED * reads.p95 && recovery < 30; recovery++)
    p95 = (await bed.loader.ask<Outcome>({ ...order, ms: 1_000 })).p95;
  const reasons = Object.keys(crowd.refused);
  const isShed = reasons.length > 0 && reasons.every((reason) => /^(429|503)$/.test(reason));
  return {
    promised:
      'five times the rate of L1: refuses with 429 or 503 and Retry-After, does not end, p95 as in L1 again within 10 s',
    measured: `${lasts} s at ${perSecond} requests/s: ${(crowd.requests / crowd.seconds).toFixed(0)}/s answered, p95 ${ms(crowd.p95)}; refused ${JSON.stringify(crowd.refused)}, ${crowd.withoutRetryAfter} without Retry-After; ${crowd.unsent} not sent, because all ${CROWD} connections waited; p95 ${ms(p95)} in second ${recovery} after the overload`,
    isKept: isShed && crowd.withoutRetryAfter === 0 && recovery <= 10,
  };
}

/** A third of the rate of L1 for a long time. The memory is sampled from the first third on, when the process is warm. */
async function soak(bed: Bed): Promise<Kept> {
  const { pool, server, loader, lasts } = bed;
  const order = await mixed(bed);
  const { requests, seconds } = await readsOf(bed);
  const perSecond = Math.round((0.3 * requests) / seconds);
  const lastsMs = lasts(1_800, 45) * 1_000;
  const started = performance.now();
  const run = loader.ask<Outcome>({ ...order, ms: lastsMs, perSecond });
  const memory: { minute: number; mb: number }[] = [];
  let [busy, all] = [0, 0];
  await server.ask<Delay>({ ask: 'delay' });
  for (let elapsed = 0; elapsed < lastsMs; elapsed = performance.now() - started) {
    await sleep(1_000);
    const { rows } = await pool.query(
      `select count(*)::int as all, count(*) filter (where state <> 'idle')::int as busy from pg_stat_activity
       where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    busy = Math.max(busy, rows[0].busy);
    all = Math.max(all, rows[0].all);
    const { rssMb } = await server.ask<Usage>({ ask: 'usage' });
    if (elapsed > lastsMs / 3) memory.push({ minute: elapsed / 60_000, mb: rssMb });
  }
  const outcome = await run;
  const slope = slopeOf(memory.map(({ minute, mb }) => [minute, mb]));
  const { delayMs } = await server.ask<Delay>({ ask: 'delay' });
  return {
    promised:
      '30 % of the rate of L1: memory grows by less than 1 MB/min, connections are never exhausted, delay of the event loop p99 below 100 ms',
    measured: `${lastsMs / 1_000} s at ${perSecond} requests/s: memory ${slope.toFixed(2)} MB/min at ${memory.at(-1)?.mb.toFixed(0)} MB, at most ${busy} of ${all} open connections at work (limit ${CONNECTIONS}), delay p99 ${ms(delayMs)}, ${errorsOf(outcome)}`,
    isKept: slope < 1 && busy < CONNECTIONS && delayMs < 100 && Object.keys(outcome.refused).length === 0,
  };
}

/** The slope of the line that fits best. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([each]) => each)), mean(points.map(([, each]) => each))];
  const above = points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0);
  return above / points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
}
