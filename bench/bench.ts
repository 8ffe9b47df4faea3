import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../src/adapters/embedded-postgres/embedded-postgres.ts';
import { migrate } from '../src/database.ts';
import { measureBusy } from './busy.ts';
import { measureClicks } from './clicks.ts';
import { FULL, QUICK } from './data.ts';
import { measureGrowth } from './growth.ts';
import { measureMetrics } from './metrics.ts';
import { measurePayouts } from './payouts.ts';
import { start } from './processes.ts';
import { measurePromises } from './promises.ts';
import { measureProof } from './proof.ts';
import { table } from './report.ts';
import { measureRequests } from './requests.ts';
import type { Start } from './servers.ts';
import { measureSockets } from './sockets.ts';

/** Each measurement returns one sentence for each mark that is missed. A run that misses a mark ends with 1. */
const measurements = { payouts, sockets, clicks, busy, load, proof, growth, metrics };
type Name = keyof typeof measurements;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false }, // less data and shorter rounds
    only: { type: 'string' }, // names of scenarios or promises, with commas
    payouts: { type: 'boolean', default: false }, // a payout run instead of requests
    sockets: { type: 'boolean', default: false }, // one event to many sockets instead of requests
    clicks: { type: 'boolean', default: false }, // clicks on links, at a rate
    busy: { type: 'boolean', default: false }, // mixed calls on a machine that is busy with other work
    load: { type: 'boolean', default: false }, // the load that the product promises to hold
    proof: { type: 'boolean', default: false }, // the check of the books instead of requests
    growth: { type: 'boolean', default: false }, // lists and counts as the program grows, instead of requests
    metrics: { type: 'boolean', default: false }, // metrics recalculated from all rows instead of requests
  },
});
const started = performance.now();
const say = (sentence: string) => process.stdout.write(`${sentence}\n`);
const seconds = () => `${((performance.now() - started) / 1_000).toFixed(0)} s`;

const closers: (() => Promise<unknown>)[] = [];
let stopping: Promise<void> | null = null;
function stop(): Promise<void> {
  stopping ??= (async () => {
    for (const close of closers) await close().catch((error: unknown) => say(String(error)));
  })();
  return stopping;
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void stop().finally(() => process.exit(130)));
}

async function database(): Promise<{ folder: string; url: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'partner-portal-bench-'));
  await chmod(folder, 0o755); // as root, PostgreSQL runs as another user
  closers.push(() => rm(folder, { recursive: true, force: true }));
  closers.unshift(() => removeEmbeddedPostgres(folder));
  const postgres = await startEmbeddedPostgres({ folder, database: 'bench' });
  closers.unshift(() => postgres.stop());
  await migrate(postgres.url);
  return { folder, url: postgres.url };
}

function compile(): void {
  if (spawnSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' }).status !== 0)
    throw new Error('it does not compile');
}

/** Starts processes that log into `folder` and end with the benchmark. */
function startIn(folder: string): Start {
  return (file, env = {}) => {
    const made = start(file, join(folder, `${file}.log`), env);
    closers.unshift(() => made.stop());
    return made;
  };
}

/** Sends the same requests to the product and to hand-written SQL. */
async function requests(): Promise<readonly string[]> {
  compile();
  const { folder, url } = await database();
  const size = options.quick ? QUICK : FULL;
  const timing = options.quick
    ? { warmUp: { ms: 500, longest: 10 }, rounds: 3, ms: 600 }
    : { warmUp: { ms: 1_500, longest: 10 }, rounds: 5, ms: 3_000 };
  say(`${size.partners} partners, ${size.customers} customers, ${size.commissions} commissions ...`);
  const order = { size, timing, names: options.only?.split(',') ?? null };
  const results = await measureRequests(url, folder, order, startIn(folder), (sentence) =>
    say(`${sentence.replace(/\.$/, '')} (${seconds()}).`),
  );
  say(`\n${table(results)}\n`);
  say(
    `Medians of ${timing.rounds} rounds, and the lowest and highest ratio; p50, p99 and CPU a request in ms; ${cpus().length} cores for the server, PostgreSQL and the load.`,
  );
  return results.flatMap(({ missed }) => missed);
}

/** Compares a payout run with plain SQL. */
async function payouts(): Promise<readonly string[]> {
  const { folder, url } = await database();
  const size = options.quick ? { partners: 1_000, lines: 50_000 } : { partners: 10_000, lines: 1_000_000 };
  const { plain, product } = await measurePayouts(url, folder, size, say);
  const shown = (times: readonly number[]) => times.map((time) => `${time.toFixed(1)} s`).join(', ');
  const ratio = Math.min(...plain) / Math.min(...product);
  say(`plain SQL ${shown(plain)}; a run ${shown(product)}; ratio ${ratio.toFixed(2)}`);
  return ratio < 0.7
    ? [`A payout run has ${ratio.toFixed(2)} of the speed of plain SQL; the mark is 0.7.`]
    : [];
}

/** Sends one event to many sockets of one process. */
async function sockets(): Promise<readonly string[]> {
  compile();
  const { folder, url } = await database();
  const crowd = options.quick ? { sockets: 1_000, events: 5 } : { sockets: 5_000, events: 20 };
  const heard = await measureSockets(url, folder, crowd, startIn(folder));
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  say(
    `${crowd.sockets} sockets, ${crowd.events} events: p50 ${ms(heard.p50)}, p99 ${ms(heard.p99)} from the click to its delivery; to the last socket ${ms(heard.last)}, at worst ${ms(heard.worst)}`,
  );
  return heard.p99 >= 300 ? [`An event is delivered in p99 ${ms(heard.p99)}; the mark is 300 ms.`] : [];
}

/** Offers clicks on links at a rate. Every acknowledged click must be stored, and at a moderate rate a click takes little longer
 *  than a commit. */
async function clicks(): Promise<readonly string[]> {
  compile();
  const { folder, url } = await database();
  const orders = [
    { rate: 500, seconds: options.quick ? 4 : 20, connections: 16 },
    { rate: 10_000, seconds: options.quick ? 5 : 60, connections: 256 },
  ];
  const { commit, results } = await measureClicks(url, folder, orders, startIn(folder));
  for (const { rate, seconds: lasted, acknowledged, stored, lost, refused, waiting, p50, p99 } of results)
    say(
      `${rate} clicks/s offered for ${lasted} s: ${(acknowledged / lasted).toFixed(0)}/s acknowledged, ${stored} stored, ${acknowledged} acknowledged, ${lost} of the last ones lost, refused ${JSON.stringify(refused)}, ${waiting} not sent; p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    );
  say(`one bare row is committed in p50 ${commit.p50.toFixed(1)} ms, p99 ${commit.p99.toFixed(1)} ms`);
  const isLost = results.some(({ lost, stored, acknowledged }) => lost > 0 || stored < acknowledged);
  const more = (results[0]?.p99 ?? 0) - commit.p99;
  return [
    ...(isLost ? ['An acknowledged click is not stored.'] : []),
    ...(more >= 5
      ? [`A click takes ${more.toFixed(1)} ms more than a commit at p99; the mark is 5 ms.`]
      : []),
  ];
}

/** Sends mixed calls while a busy loop for each core runs beside the server. */
async function busy(): Promise<readonly string[]> {
  compile();
  const { folder, url } = await database();
  const order = { calls: options.quick ? 2_000 : 10_000, loops: cpus().length };
  const { calls, p50, p99, refused } = await measureBusy(url, folder, order, startIn(folder));
  say(
    `${calls} mixed calls beside ${order.loops} busy loops: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, refused ${JSON.stringify(refused)}`,
  );
  return Object.keys(refused).length > 0 ? ['Calls are refused on a busy machine; the mark is none.'] : [];
}

/** Compares the recalculation of the metrics of every partner with one plain query over the same rows. */
async function metrics(): Promise<readonly string[]> {
  const { url } = await database();
  const size = options.quick
    ? { partners: 1_000, customers: 10_000, commissions: 50_000 }
    : { partners: 10_000, customers: 100_000, commissions: 500_000 };
  const { plain, product } = await measureMetrics(url, size, say);
  const shown = (times: readonly number[]) => times.map((time) => `${time.toFixed(1)} s`).join(', ');
  const ratio = Math.min(...plain) / Math.min(...product);
  say(`plain SQL ${shown(plain)}; recalculated ${shown(product)}; ratio ${ratio.toFixed(2)}`);
  return ratio < 0.7
    ? [`Recalculation has ${ratio.toFixed(2)} of the speed of plain SQL; the mark is 0.7.`]
    : [];
}

/** Asks for lists and counts as the program grows. */
async function growth(): Promise<readonly string[]> {
  compile();
  const { folder, url } = await database();
  const sizes = options.quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000];
  const times = await measureGrowth(url, folder, sizes, startIn(folder), say);
  say(`ms at ${sizes.join(', ')} commissions`);
  for (const [name, each] of times)
    say(`${name.padEnd(32)}${each.map((ms) => ms.toFixed(1).padStart(9)).join('')}`);
  return [...times]
    .filter(([, each]) => (each.at(-1) ?? 0) > 2 * (each[0] ?? 0))
    .map(([name]) => `"${name}" takes more than twice the time of the smallest program.`);
}

/** Checks the books of a large program, and reports the seconds of each check. */
async function proof(): Promise<readonly string[]> {
  await measureProof(await database(), options.quick ? QUICK : FULL, say);
  return [];
}

/** Puts the product under each kind of load that it promises to hold. */
async function load(): Promise<readonly string[]> {
  compile();
  const { folder, url } = await database();
  const order = { quick: options.quick, names: options.only?.split(',') ?? null };
  return measurePromises(url, folder, order, startIn(folder), say);
}

async function main(): Promise<boolean> {
  const name = Object.keys(measurements).find((each) => options[each as Name]) as Name | undefined;
  const missed = await (name ? measurements[name] : requests)();
  for (const sentence of missed) say(`MISSED: ${sentence}`);
  return missed.length > 0;
}

let code = 1;
try {
  code = (await main()) ? 1 : 0;
} catch (error) {
  if (!stopping) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
} finally {
  await stop();
}
process.exit(code);
