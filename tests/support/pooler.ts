import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Client } from 'pg';

export interface Pooler {
  readonly url: string;
  close(): Promise<void>;
}

interface Backend {
  readonly socket: Socket;
  readonly client: Client;
}

/** A pooler as PgBouncer is one: the messages of a client go to a server connection that is its own for a transaction, or
 *  for its whole session. It greets clients itself, with a process id of its own. */
export async function startPooler(url: string, mode: 'transaction' | 'session'): Promise<Pooler> {
  const idle: Backend[] = [];
  const all: Backend[] = [];
  async function backend(): Promise<Backend> {
    const used = idle.pop();
    if (used) return used;
    const client = new Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    stream.removeAllListeners('data');
    const made = { socket: stream, client };
    all.push(made);
    return made;
  }
  const server = createServer((socket) => {
    let started = false;
    let own: Promise<Backend> | null = null;
    socket.on('error', () => {});
    socket.on('data', async (chunk: Buffer) => {
      if (!started) {
        started = true;
        socket.write(GREETING);
        return;
      }
      if (chunk[0] === END) {
        socket.end();
        return;
      }
      own ??= backend().then((taken) => {
        taken.socket.removeAllListeners('data');
        taken.socket.on('data', (answer: Buffer) => {
          socket.write(answer);
          // An answer ends with ReadyForQuery and the state of the transaction: I is outside of any.
          if (mode === 'transaction' && answer.at(-6) === READY && answer.at(-1) === OUTSIDE) {
            own = null;
            idle.push(taken);
          }
        });
        return taken;
      });
      (await own).socket.write(chunk);
    });
    socket.on('close', async () => {
      if (own) idle.push(await own);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = `${(server.address() as AddressInfo).port}`;
  through.searchParams.delete('host');
  return {
    url: through.href,
    async close() {
      for (const { socket } of all) socket.destroy();
      server.close();
    },
  };
}

const code = (letter: string): number => letter.charCodeAt(0);
const END = code('X');
const READY = code('Z');
const OUTSIDE = code('I');

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const GREETING = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('K', Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])),
  message('Z', Buffer.from('I')),
]);
