import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Node accepts one connection of each listener in a turn of its event loop. When turns are long, new callers of a process with
 *  one listener would wait for seconds, and could not even be refused. */
const LISTENERS = 16;
/** Connections of a listener that wait to be accepted. Beyond them, the system drops the attempt to connect. */
const BACKLOG = 4_096;
const SWEEP_MS = 50;
/** Other systems do not distribute connections among the listeners of a port. */
const CAN_SHARE = process.platform === 'linux';

/** Listens and returns the port. Throws if another process listens there. */
export async function listenAt(
  server: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  if (CAN_SHARE && port !== 0) await close(await listening(createServer(), { host, port }));
  await server.listen({ host, port, backlog: BACKLOG, ...(CAN_SHARE && { reusePort: true }) });
  return (server.server.address() as AddressInfo).port;
}

/** Adds listeners to a server as soon as it listens, and closes them before it. */
export function shareAccepting(server: FastifyInstance): void {
  const others: Server[] = [];
  let closes = false;
  server.addHook('onListen', async () => {
    const { address: host, port } = server.server.address() as AddressInfo;
    for (let n = 1; CAN_SHARE && n < LISTENERS && !closes; n++) {
      const other = createServer((socket) => server.server.emit('connection', socket));
      others.push(other);
      await listening(other, { host, port, backlog: BACKLOG, reusePort: true });
    }
  });
  server.addHook('preClose', async () => {
    closes = true;
    const closed = others.map(close); // each waits until its connections have ended
    const sweep = setInterval(() => server.server.closeIdleConnections(), SWEEP_MS);
    await Promise.all(closed).finally(() => clearInterval(sweep));
  });
}

async function listening(server: Server, options: ListenOptions): Promise<Server> {
  server.listen(options);
  await once(server, 'listening'); // rejects on an error
  return server;
}

const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));
