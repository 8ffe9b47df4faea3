import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { makeKeyFile } from '../../src/config/key-file.ts';
import { callerAddress, trusting } from '../../src/http/admission/caller-address.ts';
import { tuning } from '../../src/kernel/request/tuning.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { aPartner, staffOf } from '../support/make.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://given-by-the-test/x',
  CORS_ORIGINS: 'https://portal.example.com',
  PORTAL_URL: 'https://portal.example.com',
  SHUTDOWN_DRAIN_MS: '0',
};
let app: TestApp;
let port: number;
let url: string;
beforeAll(async () => {
  const keys = join(mkdtempSync(join(tmpdir(), 'portal-edge-')), 'keys.json');
  makeKeyFile(keys);
  app = await createTestApp({}, { ...PRODUCTION, KMS_KEY_FILE: keys });
  port = await app.app.listen();
  url = `http://127.0.0.1:${port}/graphql`;
});
afterAll(() => app.close());

const json = { 'content-type': 'application/json' };
const QUERY = '{"query":"{ __typename }"}';
const post = (headers: Record<string, string>, body: string | Buffer = QUERY) =>
  fetch(url, { method: 'POST', headers, body: body as string });

/** What the server says to these bytes, until it closes. */
async function raw(bytes: string | Buffer, seconds = 5, at = port): Promise<string> {
  const socket = connect(at, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk));
  socket.on('error', () => {});
  socket.write(bytes);
  socket.setTimeout(seconds * 1_000, () => socket.destroy());
  await once(socket, 'close');
  return answer;
}

test('an invalid address is refused like any other error', async () => {
  const answer = await raw('GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual({
    errors: [{ message: 'the address is not valid', extensions: { code: 'BAD_REQUEST' } }],
  });
});

describe('a request that a foreign page can send without asking', () => {
  test.each([
    ['a GET', () => fetch(`${url}?query={__typename}`)],
    ['a form', () => post({ 'content-type': 'application/x-www-form-urlencoded' }, 'query={__typename}')],
    ['a text', () => post({ 'content-type': 'text/plain' })],
    ['a file upload', () => post({ 'content-type': 'multipart/form-data; boundary=x' }, '--x--')],
    ['no content type', () => post({}, Buffer.from(QUERY))],
  ])('is refused: %s', async (_, send) => {
    const { status } = await send();
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  test('a GET never changes anything', async () => {
    const response = await fetch(`${url}?query=mutation{__typename}`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    expect(response.status).toBe(405);
  });
});

describe('pages of other origins', () => {
  const preflight = (origin: string) =>
    fetch(url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });

  test('listed origins may call, without cookies', async () => {
    const { headers } = await preflight('https://portal.example.com');
    expect(headers.get('access-control-allow-origin')).toBe('https://portal.example.com');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('vary')).toContain('Origin');
  });

  test.each([
    'https://evil.example',
    'https://portal.example.com.evil.example',
    'null',
    'http://localhost:5173',
  ])('other origins may not call: %s', async (origin) => {
    for (const { headers } of [await preflight(origin), await post({ ...json, origin })])
      expect(headers.get('access-control-allow-origin')).toBeNull();
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { origin });
    const [error] = await once(socket, 'error');
    expect(String(error)).toContain('403');
  });

  test('a list of any origin never comes with credentials; development allows localhost', async () => {
    const open = await createTestApp({}, { CORS_ORIGINS: '*' });
    const { headers } = await open.app.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { ...json, origin: 'http://localhost:5173' },
      payload: QUERY,
    });
    expect(headers['access-control-allow-origin']).toBeTruthy();
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    await open.close();
  });
});

test('every answer forbids framing, sniffing and caching', async () => {
  const answers = [
    await post(json),
    await post(json, '{"query":"{"}'),
    await post({ ...json, authorization: 'Bearer x' }),
  ];
  for (const { headers } of answers) {
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('strict-transport-security')).toContain('max-age=31536000');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('server')).toBeNull();
  }
});

describe('a body', () => {
  test.each([
    [413, 'of 200 kB', json, JSON.stringify({ query: `{ __typename # ${'x'.repeat(200_000)}\n}` })],
    [415, 'in UTF-16', { 'content-type': 'application/json; charset=utf-16' }, QUERY],
    [415, 'in Latin 1', { 'content-type': 'application/json; charset=iso-8859-1' }, QUERY],
    [415, 'that is compressed', { ...json, 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(1_000_000))],
    [415, 'in XML', { 'content-type': 'application/xml' }, '<x/>'],
    [400, 'that is no JSON', json, '{"query":'],
    [400, 'of nothing', json, ''],
    [400, 'that is a batch', json, `[${QUERY},${QUERY}]`],
    [400, 'that would change prototypes', json, '{"__proto__":{"x":1},"query":"{ __typename }"}'],
    [400, 'that is a number', json, '7'],
  ])('is refused with %i: %s', async (status, _, headers, body) => {
    const response = await post(headers, body);
    expect(response.status).toBe(status);
    const text = await response.text();
    expect(text.length).toBeLessThan(4_096);
    expect(JSON.parse(text).errors[0].extensions.code).toMatch(/^BAD_REQUEST$/);
  });

  test('a body in UTF-8 is accepted', async () => {
    for (const charset of ['utf-8', 'UTF8', '"utf-8"'])
      expect((await post({ 'content-type': `application/json; charset=${charset}` })).status).toBe(200);
  });
});

describe('a client that plays with the framing', () => {
  const head = (lines: string) =>
    `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lines}`;
  test.each([
    ['two lengths', head(`Content-Length: 26\r\nContent-Length: 5\r\n\r\n${QUERY}`)],
    ['a length and chunks', head(`Content-Length: 26\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)],
    ['chunks in disguise', head(`Transfer-Encoding: xchunked\r\n\r\n${QUERY}`)],
    ['a negative length', head(`Content-Length: -1\r\n\r\n${QUERY}`)],
    ['a bare LF in a header', head(`X: a\nTransfer-Encoding: chunked\r\n\r\n`)],
    ['a header of 20 kB', head(`X: ${'a'.repeat(20_000)}\r\n\r\n`)],
    ['no host', 'GET /health/live HTTP/1.1\r\n\r\n'],
    ['no HTTP', '\x16\x03\x01\x00\x00\r\n\r\n'],
  ])('is refused: %s', async (_, bytes) => {
    expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  test('a client that sends its headers slowly is disconnected', async () => {
    expect(tuning.headersTimeoutMs + tuning.slowClientCheckMs).toBeLessThan(15_000);
    const impatient = await createTestApp({
      tuning: { ...tuning, headersTimeoutMs: 500, slowClientCheckMs: 100 },
    });
    const started = Date.now();
    const answer = await raw('POST /graphql HTTP/1.1\r\nHost: x\r\n', 30, await impatient.app.listen());
    await impatient.close();
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(Date.now() - started).toBeGreaterThanOrEqual(500);
  });
});

describe('a missing path', () => {
  test.each([
    '/',
    '/metrics',
    '/.env',
    '/.git/config',
    '/graphql/',
    '/graphql/schema',
    '/graphiql',
    '/playground',
    '/playground/',
    '/playground/settings.json',
    '/api',
    '/v1/graphql',
    '/voyager',
    '/debug',
    '/main.js.map',
    '/dist/src/main.js.map',
    '/package.json',
    '/server-status',
    '//graphql',
    '/graphql%2f..%2f.env',
    '/../.env',
    '/health',
    '/actuator/env',
    '/swagger.json',
  ])('is 404: %s', async (path) => {
    const { statusCode, body } = await app.app.server.inject({ url: path });
    expect([statusCode, JSON.parse(body).errors[0].extensions.code]).toEqual([404, 'NOT_FOUND']);
  });

  test('in production: introspection, suggestions and stack traces, over HTTP and WebSocket', async () => {
    const { analyst } = await staffOf(app);
    for (const [caller, query] of [
      [null, '{ __schema { types { name } } }'],
      [null, '{ __type(name: "Partner") { name } }'],
      [analyst, '{ __schema { types { name } } }'],
      [analyst, '{ partnerz { id } }'],
    ] as const) {
      const answer = JSON.stringify(await app.send(caller, query));
      expect(answer).toMatch(/"code":"GRAPHQL_VALIDATION_FAILED"/);
      expect(answer).not.toMatch(/Did you mean|stack|node_modules/);
      const { errors, client } = listen(port, caller, query, {});
      expect(JSON.stringify(await until(async () => errors[0] && errors))).toMatch(
        /^(?!.*(Did you mean|stack|node_modules)).*GRAPHQL_VALIDATION_FAILED/,
      );
      await client.dispose();
    }
  });
});

test('texts of callers reach no header and no extra line of the log', async () => {
  const { manager } = await staffOf(app);
  const evil = 'a\r\nSet-Cookie: x=1\r\n\u2028\u202e\u0007';
  const response = await fetch(`${url}?x=${encodeURIComponent(evil)}`, {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${manager}`, 'x-request-id': 'a'.repeat(500) },
    body: JSON.stringify({
      query: 'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id } }',
      operationName: null,
      variables: { input: aPartner({ companyName: evil, [evil]: 1 }) },
    }),
  });
  expect(response.status).toBe(400);
  expect(response.headers.get('set-cookie')).toBeNull();
  expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(app.logged).toEqual([]);
});

describe('the address of a caller', () => {
  const from = (remoteAddress: string, forwarded?: string) =>
    ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as never;

  test.each([
    ['no proxy is known, so it is the socket', 0, '10.0.0.1', '6.6.6.6', '10.0.0.1'],
    ['one proxy: what it saw, not what the caller claims', 1, '10.0.0.1', '6.6.6.6, 9.9.9.9', '9.9.9.9'],
    ['two proxies', 2, '10.0.0.1', '6.6.6.6, 9.9.9.9, 10.0.0.2', '9.9.9.9'],
    ['more proxies than hops', 5, '10.0.0.1', '9.9.9.9', '9.9.9.9'],
    ['a proxy that says nonsense', 1, '10.0.0.1', '6.6.6.6, <script>', '10.0.0.1'],
    ['a network of proxies', ['10.0.0.0/8'], '::ffff:10.0.0.1', '6.6.6.6, 9.9.9.9, 10.2.3.4', '9.9.9.9'],
    ['a stranger that poses as one', ['10.0.0.1'], '6.6.6.6', '10.0.0.1', '6.6.6.6'],
    ['IPv6', ['fd00::/8', '::1'], '::1', '2001:db8::1, fd12::3', '2001:db8::1'],
  ])('%s', (_, proxies, socket, forwarded, address) => {
    expect(callerAddress(from(socket, forwarded), trusting(proxies))).toBe(address);
  });
});
