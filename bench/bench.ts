import { deepStrictEqual } from 'node:assert/strict';
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
import { authenticator } from '../src/http/admission/authenticate.ts';
import { measureBusy } from './busy.ts';
import { measureClicks } from './clicks.ts';
import { FULL, load, QUICK, type Sample, TENANT } from './data.ts';
import { measureGrowth } from './growth.ts';
import type { Order, Outcome } from './load.ts';
import { measureMetrics } from './metrics.ts';
import { measurePayouts } from './payouts.ts';
import { type Helper, start } from './processes.ts';
import { measureProof } from './proof.ts';
import { type Result, type Round, resultOf, type Side, table } from './report.ts';
import { type Scenario, scenarios } from './scenarios.ts';
import type { Cpu } from './server.ts';
import { portOf, type Start, serverEnv } from './servers.ts';
import { measureSockets } from './sockets.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false }, // ends with 1 if a target is missed
    only: { type: 'string' }, // names of scenarios, with commas
    payouts: { type: 'boolean', default: false }, // a payout run instead of requests
    sockets: { type: 'boolean', default: false }, // one event to many sockets instead of requests
    clicks: { type: 'boolean', default: false }, // clicks on links, at a rate
    busy: { type: 'boolean', default: false }, // mixed calls on a machine that is busy with other work
    proof: { type: 'boolean', default: false }, // the check of the books instead of requests
    growth: { type: 'boolean', default: false }, // lists and counts as the program grows, instead of requests
    metrics: { type: 'boolean', default: false }, // metrics recalculated from all rows instead of requests
  },
});
const timing = options.quick ? { warmUp: 700, rounds: 3, ms: 550 } : { warmUp: 4_000, rounds: 5, ms: 5_000 };
const started = performance.now();
const say = (sentence: string) => process.stdout.write(`${sentence}\n`);
const seconds = () => `${((performance.now() - started) / 1_000).toFixed(0)} s`;

interface Bench {
  readonly raw: Server;
  readonly product: Server;
  readonly loader: Helper;
}
interface Server {
  readonly helper: Helper;
  readonly order: (scenario: Scenario) => Pick<Order, 'port' | 'path' | 'authorization' | 'bodies'>;
}

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

async function prepare(): Promise<Bench> {
  compile();
  const { folder, url } = await database();
  const size = options.quick ? QUICK : FULL;
  say(`${size.partners} partners, ${size.customers} customers, ${size.commissions} commissions ...`);
  const sample = await load(url, size);
  say(`Data made (${seconds()}).`);
  return servers(folder, url, sample);
}

async function servers(folder: string, url: string, sample: Sample): Promise<Bench> {
  const env = serverEnv(url, folder);
  const token = await authenticator(env.JWT_SECRET).sign(
    { user: 'bench', role: 'PROGRAM_MANAGER', tenantId: TENANT },
    '1 day',
  );
  const begin = startIn(folder);
  const server = async (
    file: string,
    order: (scenario: Scenario) => Omit<Order, 'port' | 'connections' | 'ms'>,
  ) => {
    const helper = begin(file, env);
    const port = await portOf(helper, folder, file);
    return { helper, order: (scenario: Scenario) => ({ port, ...order(scenario) }) };
  };
  const authorization = `Bearer ${token}`;
  return {
    raw: await server('raw-server.js', ({ path, variables }) => ({
      path,
      authorization,
      bodies: variables(sample).map((each) => JSON.stringify(each)),
    })),
    product: await server('product-server.js', ({ query, variables }) => ({
      path: '/graphql',
      authorization,
      bodies: variables(sample).map((each) => JSON.stringify({ query, variables: each })),
    })),
    loader: begin('load.js'),
  };
}

/** Starts processes that log into `folder` and end with the benchmark. */
function startIn(folder: string): Start {
  return (file, env = {}) => {
    const made = start(file, join(folder, `${file}.log`), env);
    closers.unshift(() => made.stop());
    return made;
  };
}

/** Checks that both servers give the same answer; otherwise the comparison means nothing. New ids and times are compared by
 *  their form. */
async function agree({ raw, product, loader }: Bench, scenario: Scenario): Promise<void> {
  const [ours, theirs] = [product.order(scenario), raw.order(scenario)];
  for (let index = 0; index < Math.min(ours.bodies.length, 6); index++) {
    const answerTo = async (order: typeof ours): Promise<unknown> => {
      const body = order.bodies[index] as string;
      const { last } = await loader.ask<Outcome>({ ...order, bodies: [body], connections: 1, ms: 0 });
      return JSON.parse(scenario.path.startsWith('/W') ? anonymous(last) : last);
    };
    deepStrictEqual(
      await answerTo(ours),
      await answerTo(theirs),
      `${scenario.name}: the answer of raw differs`,
    );
  }
}

const anonymous = (text: string) =>
  text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<instant>');

async function turn({ loader }: Bench, server: Server, scenario: Scenario, ms: number): Promise<Side> {
  const before = await server.helper.ask<Cpu>({ ask: 'cpu' });
  const order: Order = { ...server.order(scenario), connections: scenario.connections, ms };
  const { requests, seconds, p50, p99 } = await loader.ask<Outcome>(order);
  const after = await server.helper.ask<Cpu>({ ask: 'cpu' });
  return { perSecond: requests / seconds, p50, p99, cpu: (after.cpu - before.cpu) / requests };
}

async function measure(bench: Bench, scenario: Scenario): Promise<Result> {
  await agree(bench, scenario);
  const { raw, product } = bench;
  for (const server of [raw, product]) await turn(bench, server, scenario, timing.warmUp);
  const rounds: Round[] = [];
  while (rounds.length < timing.rounds) {
    rounds.push({
      raw: await turn(bench, raw, scenario, timing.ms),
      product: await turn(bench, product, scenario, timing.ms),
    });
  }
  return resultOf(scenario, rounds);
}

/** Compares a payout run with plain SQL; the target is half the speed of plain SQL. */
async function payouts(): Promise<boolean> {
  const { folder, url } = await database();
  const size = options.quick ? { partners: 1_000, lines: 50_000 } : { partners: 10_000, lines: 1_000_000 };
  const { plain, product } = await measurePayouts(url, folder, size, say);
  const shown = (times: readonly number[]) => times.map((time) => `${time.toFixed(1)} s`).join(', ');
  const ratio = Math.min(...plain) / Math.min(...product);
  say(`plain SQL ${shown(plain)}; a run ${shown(product)}; ratio ${ratio.toFixed(2)}`);
  return ratio < 0.5;
}

/** Sends one event to many sockets of one process; the target is one second at the 99th percentile. */
async function sockets(): Promise<boolean> {
  compile();
  const { folder, url } = await database();
  const crowd = options.quick ? { sockets: 1_000, events: 5 } : { sockets: 5_000, events: 20 };
  const heard = await measureSockets(url, folder, crowd, startIn(folder));
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  say(
    `${crowd.sockets} sockets, ${crowd.events} events: p50 ${ms(heard.p50)}, p99 ${ms(heard.p99)} from the click to its delivery; to the last socket ${ms(heard.last)}, at worst ${ms(heard.worst)}`,
  );
  return heard.p99 >= 1_000;
}

/** Offers clicks on links at a rate. The targets: every acknowledged click is stored, and at a moderate rate a click takes at
 *  most 5 ms more than a commit. */
async function clicks(): Promise<boolean> {
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
  const unkept = results.some(({ lost, stored, acknowledged }) => lost > 0 || stored < acknowledged);
  return unkept || (results[0]?.p99 ?? 0) - commit.p99 >= 5;
}

/** Sends mixed calls while a busy loop for each core runs beside the server; the target is that no call is refused. */
async function busy(): Promise<boolean> {
  compile();
  const { folder, url } = await database();
  const order = { calls: options.quick ? 2_000 : 10_000, loops: cpus().length };
  const { calls, p50, p99, refused } = await measureBusy(url, folder, order, startIn(folder));
  say(
    `${calls} mixed calls beside ${order.loops} busy loops: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, refused ${JSON.stringify(refused)}`,
  );
  return Object.keys(refused).length > 0;
}

/** Compares the recalculation of the metrics of every partner with one plain query over the same rows. */
async function metrics(): Promise<boolean> {
  const { url } = await database();
  const size = options.quick
    ? { partners: 1_000, customers: 10_000, commissions: 50_000 }
    : { partners: 10_000, customers: 100_000, commissions: 500_000 };
  const { plain, product } = await measureMetrics(url, size, say);
  const shown = (times: readonly number[]) => times.map((time) => `${time.toFixed(1)} s`).join(', ');
  const ratio = Math.min(...plain) / Math.min(...product);
  say(`plain SQL ${shown(plain)}; recalculated ${shown(product)}; ratio ${ratio.toFixed(2)}`);
  return false;
}

/** Asks for lists and counts as the program grows; the target is at most twice the time of the smallest program. */
async function growth(): Promise<boolean> {
  compile();
  const { folder, url } = await database();
  const sizes = options.quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000];
  const times = await measureGrowth(url, folder, sizes, startIn(folder), say);
  say(`ms at ${sizes.join(', ')} commissions`);
  for (const [name, each] of times)
    say(`${name.padEnd(32)}${each.map((ms) => ms.toFixed(1).padStart(9)).join('')}`);
  return [...times.values()].some((each) => (each.at(-1) ?? 0) > 2 * (each[0] ?? 0));
}

/** Checks the books of a large program, and reports the seconds of each check. */
async function proof(): Promise<boolean> {
  await measureProof(await database(), options.quick ? QUICK : FULL, say);
  return false;
}

async function main(): Promise<boolean> {
  if (options.proof) return proof();
  if (options.payouts) return payouts();
  if (options.sockets) return sockets();
  if (options.metrics) return metrics();
  if (options.growth) return growth();
  if (options.clicks) return clicks();
  if (options.busy) return busy();
  const bench = await prepare();
  const names = options.only?.split(',');
  const results: Result[] = [];
  let failed = false;
  for (const scenario of scenarios) {
    if (names && !names.includes(scenario.name)) continue;
    try {
      results.push(await measure(bench, scenario));
      say(`${scenario.name} done (${seconds()}).`);
    } catch (error) {
      if (stopping !== null) throw error;
      failed = true; // the other scenarios still run
      say(`${scenario.name} FAILED: ${(error as Error).message}`);
    }
  }
  say(`\n${table(results)}\n`);
  say(
    `Medians of ${timing.rounds} rounds; p50, p99 and CPU a request in ms; ${cpus().length} cores for the server, PostgreSQL and the load.`,
  );
  return failed || results.some(({ below }) => below);
}

let code = 1;
try {
  code = (await main()) && options.gate ? 1 : 0;
} catch (error) {
  if (!stopping) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
} finally {
  await stop();
}
process.exit(code);
