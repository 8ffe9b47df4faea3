import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { answer } from './processes.ts';
import { quantile } from './quantile.ts';
import { NEW_KEY } from './scenarios.ts';

export interface Order {
  readonly port: number;
  readonly path: string;
  readonly authorization: string;
  /** Requests, sent in turn. `NEW_KEY` in a request becomes another id each time. */
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly ms: number;
  /** Requests offered per second, independent of the answers. Without it, each connection sends its next request after the answer
   *  to the previous one. */
  readonly perSecond?: number;
  /** True to count refusals and lost connections. Otherwise each of them ends the run. */
  readonly countsRefusals?: boolean;
}

export interface Outcome {
  /** Requests with data in the response. */
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** The complete last response with data. */
  readonly last: string;
  /** Other answers, by status, or by the code of the fault. */
  readonly refused: Readonly<Record<string, number>>;
  /** Answers of 429 and 503 without `Retry-After`. */
  readonly withoutRetryAfter: number;
  /** Requests that were offered while every connection waited for an answer. */
  readonly unsent: number;
}

const TICK_MS = 5;

class Refused extends Error {
  constructor(
    readonly reason: string,
    readonly retries: boolean,
    sentence: string,
  ) {
    super(sentence);
  }
}

async function run(order: Order): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: order.connections });
  const latencies: number[] = [];
  const refused: Record<string, number> = {};
  let [withoutRetryAfter, unsent, open] = [0, 0, 0];
  let next = Math.floor(Math.random() * order.bodies.length);
  let last = '';
  const started = performance.now();
  const elapsed = () => performance.now() - started;

  /** Returns false if nothing listens at the port any more. */
  async function once(): Promise<boolean> {
    const sent = performance.now();
    const body = order.bodies[next++ % order.bodies.length] as string;
    try {
      last = await send(
        agent,
        order,
        body.replace(NEW_KEY, () => randomUUID()),
      );
      latencies.push(performance.now() - sent);
    } catch (error) {
      if (!order.countsRefusals) throw error;
      const { reason, retries } = error instanceof Refused ? error : lost(error);
      refused[reason] = (refused[reason] ?? 0) + 1;
      if (!retries && /^(429|503)$/.test(reason)) withoutRetryAfter++;
      return reason !== 'ECONNREFUSED';
    }
    return true;
  }
  /** A closed loop. */
  async function connection(): Promise<void> {
    while ((await once()) && elapsed() < order.ms);
  }
  async function atRate(perSecond: number): Promise<void> {
    const calls: Promise<unknown>[] = [];
    for (
      let offered = 0;
      elapsed() < order.ms;
      await new Promise((resolve) => setTimeout(resolve, TICK_MS))
    ) {
      for (const due = Math.floor((elapsed() * perSecond) / 1_000); offered < due; offered++) {
        if (open >= order.connections) {
          unsent++;
          continue;
        }
        open++;
        calls.push(once().finally(() => void open--));
      }
    }
    await Promise.all(calls);
  }
  try {
    if (order.perSecond) await atRate(order.perSecond);
    else await Promise.all(Array.from({ length: order.connections }, connection));
  } finally {
    agent.destroy();
  }
  return {
    ...{ requests: latencies.length, seconds: elapsed() / 1_000, last, refused, withoutRetryAfter, unsent },
    ...{ p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95), p99: quantile(latencies, 0.99) },
  };
}

const lost = (error: unknown) => ({
  reason: (error as { code?: string }).code ?? String(error),
  retries: false,
});

function send(agent: Agent, { port, path, authorization }: Order, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...{ 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), authorization },
    };
    const outgoing = request(
      { agent, host: '127.0.0.1', port, path, method: 'POST', headers },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const { statusCode, headers: answered } = incoming;
          if (statusCode === 200 && text.startsWith('{"data":{')) return resolve(text);
          const sentence = `${path} answered ${statusCode}: ${text.slice(0, 500)}`;
          reject(new Refused(String(statusCode), answered['retry-after'] !== undefined, sentence));
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

answer<Order>(run, async () => {});
