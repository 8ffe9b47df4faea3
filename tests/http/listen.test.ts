import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { listenAt, shareAccepting } from '../../src/http/listen.ts';

async function started() {
  const server = fastify({ forceCloseConnections: 'idle' });
  shareAccepting(server);
  server.get('/', async () => 'ok');
  const port = await listenAt(server, { host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  return { server, port };
}

test('a process does not listen at a port where another listens', async () => {
  const { port } = await started();
  const second = fastify();
  onTestFinished(() => second.close());
  await expect(listenAt(second, { host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test.skipIf(process.platform !== 'linux')(
  'new connections are accepted soon, also when each turn of the event loop takes 20 ms',
  async () => {
    const { server, port } = await started();
    await sleep(200); // the further listeners are opened one by one
    let [accepted, turns] = [0, 0];
    server.server.on('connection', () => accepted++);
    const sockets = Array.from({ length: 160 }, () => connect(port, '127.0.0.1'));
    for (; accepted < sockets.length; turns++) {
      const until = performance.now() + 20;
      while (performance.now() < until);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(turns).toBeLessThan(80); // with one listener: 160
    for (const socket of sockets) socket.destroy();
  },
);

test('a server that closes answers the request under way and then listens no more', async () => {
  const server = fastify({ forceCloseConnections: 'idle' });
  shareAccepting(server);
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  server.get('/', async () => {
    begin();
    await sleep(200);
    return 'ok';
  });
  const port = await listenAt(server, { host: '127.0.0.1', port: 0 });
  const asked = fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text());
  await began;
  await server.close();
  expect(await asked).toBe('ok');
  for (let n = 0; n < 20; n++) await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});
