import { deepStrictEqual } from 'node:assert/strict';
import { authenticator } from '../src/http/admission/authenticate.ts';
import { load, type Sample, type Size, TENANT } from './data.ts';
import type { Order, Outcome } from './load.ts';
import { postgresCpu } from './postgres-cpu.ts';
import type { Helper } from './processes.ts';
import { type Result, type Round, resultOf, type Side, standsStill } from './report.ts';
import { type Scenario, scenarios } from './scenarios.ts';
import type { Usage } from './server.ts';
import { portOf, type Start, serverEnv } from './servers.ts';

/** The rounds of each scenario. A warm-up ends when the figures stand still, or after `longest` rounds. */
export interface Timing {
  readonly warmUp: { readonly ms: number; readonly longest: number };
  readonly rounds: number;
  readonly ms: number;
}

interface Bench {
  readonly raw: Server;
  readonly product: Server;
  readonly loader: Helper;
  readonly postgres: (() => Promise<number>) | null;
}
interface Server {
  readonly helper: Helper;
  readonly order: (scenario: Scenario) => Pick<Order, 'port' | 'path' | 'authorization' | 'bodies'>;
}

/** Sends the same requests to the product and to hand-written SQL, in turn, and compares them. A scenario that fails is reported
 *  as missed, and the others still run. */
export async function measureRequests(
  url: string,
  folder: string,
  { size, timing, names }: { size: Size; timing: Timing; names: readonly string[] | null },
  start: Start,
  say: (sentence: string) => void,
): Promise<Result[]> {
  const sample = await load(url, size);
  say('Data made.');
  const bench = await servers(url, folder, sample, start);
  const results: Result[] = [];
  for (const scenario of scenarios.filter(({ name }) => names?.includes(name) ?? true)) {
    const result = await measure(bench, scenario, timing).catch((error: Error) => {
      const sentence = `${scenario.name} failed: ${error.message}`;
      return { missed: [sentence], cells: [scenario.name, 'failed'] };
    });
    results.push(result);
    say(`${scenario.name} done.`);
  }
  return results;
}

async function servers(url: string, folder: string, sample: Sample, start: Start): Promise<Bench> {
  const env = serverEnv(url, folder);
  const token = await authenticator(env.JWT_SECRET).sign(
    { user: 'bench', role: 'PROGRAM_MANAGER', tenantId: TENANT },
    '1 day',
  );
  const authorization = `Bearer ${token}`;
  const server = async (
    file: string,
    order: (scenario: Scenario) => Pick<Order, 'path' | 'bodies'>,
  ): Promise<Server> => {
    const helper = start(file, env);
    const port = await portOf(helper, folder, file);
    return { helper, order: (scenario) => ({ port, authorization, ...order(scenario) }) };
  };
  return {
    raw: await server('raw-server.js', ({ path, variables }) => ({
      path,
      bodies: variables(sample).map((each) => JSON.stringify(each)),
    })),
    product: await server('product-server.js', ({ query, variables }) => ({
      path: '/graphql',
      bodies: variables(sample).map((each) => JSON.stringify({ query, variables: each })),
    })),
    loader: start('load.js'),
    postgres: await postgresCpu(url),
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

async function measure(bench: Bench, scenario: Scenario, timing: Timing): Promise<Result> {
  await agree(bench, scenario);
  const round = async (ms: number): Promise<Round> => ({
    raw: await turn(bench, bench.raw, scenario, ms),
    product: await turn(bench, bench.product, scenario, ms),
  });
  const warmUps: Round[] = [];
  const still = new Set<keyof Round>();
  while (still.size < 2 && warmUps.length < timing.warmUp.longest) {
    warmUps.push(await round(timing.warmUp.ms));
    for (const side of ['raw', 'product'] as const) {
      if (standsStill(warmUps.map((each) => each[side]))) still.add(side);
    }
  }
  const rounds: Round[] = [];
  while (rounds.length < timing.rounds) rounds.push(await round(timing.ms));
  return resultOf(scenario, rounds, still.size === 2);
}

async function turn(
  { loader, postgres }: Bench,
  { helper, order }: Server,
  scenario: Scenario,
  ms: number,
): Promise<Side> {
  const usage = async () => ({
    server: (await helper.ask<Usage>({ ask: 'usage' })).cpu,
    postgres: (await postgres?.()) ?? Number.NaN,
  });
  const before = await usage();
  const { requests, seconds, p50, p99 } = await loader.ask<Outcome>({
    ...{ ...order(scenario), connections: scenario.connections, ms },
  });
  const after = await usage();
  return {
    ...{ perSecond: requests / seconds, p50, p99 },
    cpu: (after.server - before.server) / requests,
    postgres: postgres && (after.postgres - before.postgres) / requests,
  };
}
