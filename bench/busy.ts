import { type ChildProcess, spawn } from 'node:child_process';
import { authenticator } from '../src/http/admission/authenticate.ts';
import type { Role } from '../src/kernel/request/actor.ts';
import { load, type Sample, TENANT } from './data.ts';
import { quantile } from './quantile.ts';
import { scenarios } from './scenarios.ts';
import { portOf, type Start, serverEnv } from './servers.ts';

const CONNECTIONS = 16;
const PEOPLE = 5; // of each staff role
const APPROVE = 'mutation ($id: ID!) { approveCommission(id: $id) { id status } }';
const OWN = '{ commissions(first: 10) { totalCount edges { node { id status } } } }';

export interface Busy {
  readonly calls: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers that were no success, by status and message. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Sends mixed calls of many callers while other processes keep all cores busy, and counts the refusals. */
export async function measureBusy(
  url: string,
  folder: string,
  { calls, loops }: { calls: number; loops: number },
  start: Start,
): Promise<Busy> {
  const sample = await load(url, { partners: 200, customers: 2_000, commissions: 10_000 });
  const env = serverEnv(url, folder);
  const port = await portOf(start('product-server.js', env), folder, 'product-server.js');
  const others = Array.from({ length: loops }, () => spawn(process.execPath, ['-e', 'for (;;);']));
  try {
    return await send(port, calls, await callersOf(env.JWT_SECRET, sample));
  } finally {
    await Promise.all(others.map(end));
  }
}

const end = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });

interface Call {
  readonly token: string;
  readonly query: string;
  readonly variables: object;
}
/** Returns the `n`th call; `created` are commissions that wait for approval. */
type Caller = (n: number, created: string[]) => Call | null;

async function callersOf(secret: string, sample: Sample): Promise<Caller[]> {
  const { sign } = authenticator(secret);
  const staff = (role: Role) =>
    Promise.all(
      Array.from({ length: PEOPLE }, (_, i) =>
        sign({ user: `${role} ${i}`, role, tenantId: TENANT }, '1 day'),
      ),
    );
  const [managers, finance, analysts] = await Promise.all([
    staff('PROGRAM_MANAGER'),
    staff('FINANCE'),
    staff('ANALYST'),
  ]);
  const partners = await Promise.all(
    sample.partners.map(({ id }) =>
      sign({ user: `owner of ${id}`, role: 'PARTNER', tenantId: TENANT, partnerId: id }, '1 day'),
    ),
  );
  const of = <T>(values: readonly T[], n: number) => values[n % values.length] as T;
  const scenario = (name: string, tokens: readonly string[]): Caller => {
    const { query, variables } = scenarios.find((each) => each.name === name) as (typeof scenarios)[number];
    const all = variables(sample);
    return (n) => ({ token: of(tokens, n), query, variables: of(all, n) });
  };
  return [
    scenario('Q1', managers),
    scenario('W2', managers),
    (n, created) => {
      const id = created.shift();
      return id === undefined ? null : { token: of(finance, n), query: APPROVE, variables: { id } };
    },
    (n) => ({ token: of(partners, n), query: OWN, variables: {} }),
    scenario('Q3', analysts),
    scenario('W1@16', managers),
  ];
}

async function send(port: number, calls: number, callers: readonly Caller[]): Promise<Busy> {
  const times: number[] = [];
  const refused: Record<string, number> = {};
  const created: string[] = [];
  let sent = 0;
  async function connection(): Promise<void> {
    while (sent < calls) {
      const n = sent++;
      const call = callers[n % callers.length]?.(n, created) ?? callers[0]?.(n, created);
      const { token, query, variables } = call as Call;
      const began = performance.now();
      const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = await answer.json();
      times.push(performance.now() - began);
      if (data?.createCommission) created.push(data.createCommission.id);
      if (errors) {
        const reason = `${answer.status} ${errors[0].extensions.code}: ${errors[0].message}`;
        refused[reason] = (refused[reason] ?? 0) + 1;
      }
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return { calls: times.length, p50: quantile(times, 0.5), p99: quantile(times, 0.99), refused };
}
