import { Agent, request } from 'node:http';
import { answer } from './processes.ts';
import { quantile } from './quantile.ts';

export interface Order {
  readonly port: number;
  readonly path: string;
  readonly authorization: string;
  /** Requests, sent in turn. */
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly ms: number;
}

export interface Outcome {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** The complete last answer. */
  readonly last: string;
}

/** Runs a closed loop: each connection sends its next request after the answer to the previous one. */
async function run(order: Order): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: order.connections });
  const bodies = order.bodies.map((body) => Buffer.from(body));
  const latencies: number[] = [];
  const started = performance.now();
  const ends = started + order.ms;
  let next = Math.floor(Math.random() * bodies.length);
  let last = '';

  async function connection(): Promise<void> {
    do {
      const sent = performance.now();
      last = await send(agent, order, bodies[next++ % bodies.length] as Buffer);
      latencies.push(performance.now() - sent);
    } while (performance.now() < ends);
  }
  try {
    await Promise.all(Array.from({ length: order.connections }, connection));
  } finally {
    agent.destroy();
  }
  const seconds = (performance.now() - started) / 1_000;
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  return { requests: latencies.length, seconds, p50, p99, last };
}

function send(agent: Agent, { port, path, authorization }: Order, body: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length, authorization };
    const outgoing = request(
      { agent, host: '127.0.0.1', port, path, method: 'POST', headers },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (incoming.statusCode === 200 && text.startsWith('{"data":{')) resolve(text);
          else reject(new Error(`${path} answered ${incoming.statusCode}: ${text.slice(0, 500)}`));
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

answer<Order>(run, async () => {});
