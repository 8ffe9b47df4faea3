import { connect, type Socket } from 'node:net';
import { answer } from './processes.ts';
import { quantile } from './quantile.ts';

export interface Crush {
  readonly port: number;
  readonly codes: readonly string[];
  /** Offered clicks per second, and the duration. */
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface Taken {
  readonly offered: number;
  /** Clicks answered with a redirect that names the click, so they must be stored. */
  readonly acknowledged: number;
  /** Clicks with other answers, by status. */
  readonly refused: Record<string, number>;
  /** Clicks that were not sent, because every connection was waiting. */
  readonly waiting: number;
  /** Milliseconds from the request to the redirect. */
  readonly p50: number;
  readonly p99: number;
  /** Ids of the last acknowledged clicks. */
  readonly ids: readonly string[];
}

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const KEPT_IDS = 10_000;
const TICK_MS = 5;

/** Sends clicks at a fixed rate, independent of the answers. Each is from a new visitor at a new address. */
async function run({ port, codes, rate, seconds, connections }: Crush): Promise<Taken> {
  const latencies: number[] = [];
  const ids: string[] = [];
  const refused: Record<string, number> = {};
  const idle: Socket[] = [];
  const sentAt = new Map<Socket, number>();
  const hear = (socket: Socket, head: string) => {
    const sent = sentAt.get(socket) ?? 0;
    const id = /pp_click=([0-9a-f-]{36})/.exec(head)?.[1];
    if (id) {
      latencies.push(performance.now() - sent);
      ids.push(id);
    } else {
      const status = head.slice(9, 12);
      refused[status] = (refused[status] ?? 0) + 1;
    }
    idle.push(socket);
  };
  await Promise.all(
    Array.from({ length: connections }, () => opened(port, hear).then((one) => idle.push(one))),
  );
  const all = [...idle];
  let [offered, waiting] = [0, 0];
  const click = () => {
    const socket = idle.shift(); // in turn: the server closes a connection that sends no request for 10 s
    if (!socket) {
      waiting++;
      return;
    }
    const n = offered;
    const address = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
    sentAt.set(socket, performance.now());
    socket.write(
      `GET /r/${codes[n % codes.length]} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: ${CHROME}\r\nX-Forwarded-For: ${address}\r\n\r\n`,
    );
  };
  const started = performance.now();
  for (let elapsed = 0; elapsed < seconds * 1_000; elapsed = performance.now() - started) {
    for (const due = Math.floor((elapsed * rate) / 1_000); offered < due; offered++) click();
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  for (let tries = 0; idle.length < all.length && tries < 200; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  for (const socket of all) socket.destroy();
  return {
    ...{ offered, acknowledged: ids.length, refused, waiting },
    ...{ p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
    ids: ids.slice(-KEPT_IDS),
  };
}

/** A connection with at most one open request; `hear` gets the head of each answer. */
function opened(port: number, hear: (socket: Socket, head: string) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    let text = '';
    socket.setNoDelay(true);
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      const head = text.slice(0, end);
      text = '';
      hear(socket, head);
    });
  });
}

answer<Crush>(run, async () => {});
