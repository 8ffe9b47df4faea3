import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Fault, type Movement, seeded } from './rail-faults.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export interface RailServer {
  readonly url: string;
  readonly asked: Asked[];
  /** In place of an answer; undefined: the answer itself. Text goes out as it is. */
  mangle: ((reply: Reply, asked: Asked) => unknown) | null;
  close(): Promise<void>;
}

/** An API on this machine. `faultOf` is asked before each call that moves money. */
export async function railServer(
  handle: (asked: Asked) => Reply,
  faultOf: (asked: Asked) => Fault,
): Promise<RailServer> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url as string, 'http://localhost');
    const asked: Asked = {
      method: request.method as string,
      path: pathname,
      query: searchParams,
      headers: request.headers,
      text: Buffer.concat(chunks).toString('utf8'),
    };
    rail.asked.push(asked);
    const fault = faultOf(asked);
    switch (fault) {
      case 'timeout-before':
        return; // the caller gives up
      case 'reset-before':
        return void request.socket.destroy();
      case '500-before':
        return say(response, 500, '{"error":{"code":"SERVER_ERROR"}}');
      case '503-before':
        return say(response, 503, 'Service Unavailable');
      case '429':
        response.setHeader('retry-after', '2');
        return say(response, 429, '{}');
    }
    const reply = handle(asked);
    switch (fault) {
      case 'timeout-after':
        return;
      case 'reset-after':
        return void request.socket.destroy();
      case '500-after':
        return say(response, 500, '{"error":{"code":"SERVER_ERROR"}}');
      case 'garbage-after':
        return say(response, 200, '<html><body>not what you think</body></html>');
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const mangled = rail.mangle?.(reply, asked);
    const body = mangled === undefined ? reply.body : mangled;
    say(response, reply.status, typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const rail: RailServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    mangle: null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return rail;
}

function say(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

/** A webhook as it is sent. */
export interface SignedEvent {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** What arrives of `events`: some of them not, some of them twice, in another order; the same for the same seed. */
export function asTheyArrive<T>(events: readonly T[], seed: number, { drop = 0, twice = 0.2 } = {}): T[] {
  const random = seeded(seed);
  return events
    .flatMap((event) => (random() < drop ? [] : random() < twice ? [event, event] : [event]))
    .map((event) => ({ event, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ event }) => event);
}

/** Sends them one after another; answers with the statuses. */
export async function deliver(url: string, events: readonly SignedEvent[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const { headers, body } of events) {
    const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
    await answer.arrayBuffer();
    statuses.push(answer.status);
  }
  return statuses;
}

/** Keys whose money went out more than once and is not back. */
export function keysPaidTwice(movements: readonly Movement[]): string[] {
  const out = movements.filter(({ returned }) => !returned);
  return [...Map.groupBy(out, ({ key }) => key)].flatMap(([key, all]) => (all.length > 1 ? [key] : []));
}
