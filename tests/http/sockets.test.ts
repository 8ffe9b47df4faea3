import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { createTestApp, type TestApp } from '../support/app.ts';
import { makePartner, staffOf } from '../support/make.ts';
import { quick } from '../support/tuning.ts';

let app: TestApp;
let url: string;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  app = await createTestApp();
  url = `ws://127.0.0.1:${await app.app.listen()}/graphql`;
  staff = await staffOf(app);
});
afterAll(() => app.close());

interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: { extensions: { code: string } }[];
}

/** A socket of a client that keeps to no library's manners. */
function connect(token: string | null) {
  const socket = new WebSocket(url, 'graphql-transport-ws');
  const messages: Message[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  socket.on('error', () => {});
  const closed = once(socket, 'close').then(([code]) => code as number);
  const send = (message: object) => socket.send(JSON.stringify(message));
  const opened = once(socket, 'open').then(() =>
    send({ type: 'connection_init', payload: token ? { authorization: `Bearer ${token}` } : {} }),
  );
  return { socket, messages, closed, opened, send };
}

const WATCH = 'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }';

describe('a socket', () => {
  test('takes twenty operations at a time', async () => {
    const { id } = await makePartner(app, staff.manager);
    const client = connect(staff.manager);
    await client.opened;
    await expect.poll(() => client.messages[0]?.type).toBe('connection_ack');
    for (let i = 1; i <= 21; i++)
      client.send({ id: `${i}`, type: 'subscribe', payload: { query: WATCH, variables: { id } } });
    await expect
      .poll(() => client.messages.find(({ type }) => type === 'error'))
      .toMatchObject({
        id: '21',
        payload: [{ extensions: { code: 'RATE_LIMITED' } }],
      });
    client.socket.terminate();
  });

  test('without a credential is one of ten of its address; one that closes makes room', async () => {
    const clients = Array.from({ length: 10 }, () => connect(null));
    await Promise.all(clients.map(({ opened }) => opened));
    await expect
      .poll(() => clients.every(({ messages }) => messages[0]?.type === 'connection_ack'))
      .toBe(true);
    expect(await connect(null).closed).toBe(4429);
    clients[0]?.socket.close();
    await clients[0]?.closed;
    const next = connect(null);
    await next.opened;
    await expect.poll(() => next.messages[0]?.type).toBe('connection_ack');
    for (const { socket } of [...clients, next]) socket.terminate();
  });

  test.each([
    ['says hello twice', 4429, [{ type: 'connection_init' }, { type: 'connection_init' }]],
    [
      'asks before it says who it is',
      4401,
      [{ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } }],
    ],
    ['sends no JSON', 4400, ['{']],
    ['sends a message of no type', 4400, [{ type: 'nonsense' }]],
    ['sends 100 kB', 1009, [{ type: 'ping', payload: { x: 'x'.repeat(100_000) } }]],
  ])('that %s is closed with %i', async (_, code, messages) => {
    const socket = new WebSocket(url, 'graphql-transport-ws');
    socket.on('error', () => {});
    await once(socket, 'open');
    for (const message of messages)
      socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    const [closed] = await once(socket, 'close');
    expect(closed).toBe(code);
  });

  test('of another protocol, or at another address, is not opened', async () => {
    const [refused] = await once(new WebSocket(url, 'graphql-ws'), 'error');
    expect(String(refused)).toContain('no subprotocol');
    const [error] = await once(new WebSocket(`${url}/x`, 'graphql-transport-ws'), 'error');
    expect(String(error)).toContain('404');
  });
});

describe('sockets that do not say who they are', () => {
  let own: TestApp;
  let at: string;
  beforeAll(async () => {
    own = await createTestApp({ tuning: { ...quick, socketInitTimeoutMs: 1_500 } }, { TRUST_PROXY: '1' });
    at = `ws://127.0.0.1:${await own.app.listen()}/graphql`;
  });
  afterAll(() => own.close());

  const from = (address: string) =>
    new WebSocket(at, 'graphql-transport-ws', { headers: { 'x-forwarded-for': address } }).on(
      'error',
      () => {},
    );
  const answerTo = (socket: WebSocket): Promise<string> => once(socket, 'open').then(() => 'open', String);
  const closing = (socket: WebSocket) => new Promise<number>((resolve) => socket.once('close', resolve));
  const greet = async (socket: WebSocket): Promise<string> => {
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init' }));
    const [message] = await once(socket, 'message');
    return JSON.parse(String(message)).type;
  };

  test('have a limit for each network, do not keep others out, and are closed soon', async () => {
    const silent = Array.from({ length: 100 }, () => from('198.51.100.1'));
    const closed = silent.map(closing);
    expect(new Set(await Promise.all(silent.map(answerTo)))).toEqual(new Set(['open']));
    expect(await answerTo(from('198.51.100.1'))).toContain('429');
    const other = from('198.51.100.2');
    expect(await greet(other)).toBe('connection_ack');
    expect(new Set(await Promise.all(closed))).toEqual(new Set([4408]));
    const next = from('198.51.100.1');
    expect(await greet(next)).toBe('connection_ack');
    for (const socket of [other, next]) socket.terminate();
  });

  test('are counted for all addresses of one IPv6 network together', async () => {
    const silent = Array.from({ length: 100 }, (_, i) => from(`2001:db8:1:2::${i.toString(16)}`));
    await Promise.all(silent.map(answerTo));
    expect(await answerTo(from('2001:db8:1:2:ffff::1'))).toContain('429');
    const other = from('2001:db8:1:3::1');
    expect(await greet(other)).toBe('connection_ack');
    for (const socket of [...silent, other]) socket.terminate();
  });

  test('are counted no longer when their credential is known or refused, or their handshake fails', async () => {
    const address = '198.51.100.3';
    for (let i = 0; i < 3; i++) {
      const sockets = Array.from({ length: 60 }, () => from(address));
      await Promise.all(sockets.map(answerTo));
      for (const socket of sockets)
        socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: 'Bearer no' } }));
      await Promise.all(sockets.map(closing));
      const wrong = Array.from({ length: 60 }, () =>
        new WebSocket(at, 'graphql-ws', { headers: { 'x-forwarded-for': address } }).on('error', () => {}),
      );
      await Promise.all(wrong.map(closing));
    }
    expect(await answerTo(from(address))).toBe('open');
  });
});

test('a process with enough to do says so at once, and is well again after', async () => {
  const busy = await createTestApp({}, { REQUESTS_AT_ONCE: '5' });
  const { analyst } = await staffOf(busy);
  await busy.ask(analyst, '{ program { tenantId } }');
  const ask = () =>
    busy.app.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { authorization: `Bearer ${analyst}` },
      payload: { query: '{ partners { totalCount } }' },
    });
  const replies = await Promise.all(Array.from({ length: 40 }, ask));
  const shed = replies.filter(({ statusCode }) => statusCode === 503);
  expect(replies.filter(({ statusCode }) => statusCode === 200).length).toBe(40 - shed.length);
  expect(shed.length).toBeGreaterThan(10);
  for (const { headers, body } of shed) {
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(JSON.parse(body).errors[0].extensions).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      retryAfter: 2,
    });
  }
  expect((await busy.app.server.inject({ url: '/health/live' })).statusCode).toBe(200);
  expect((await ask()).statusCode).toBe(200);
  await busy.close();
});
