import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDocuments, sha256 } from '../../src/documents/read-documents.ts';
import { excessOf } from '../../src/http/documents/limits.ts';
import { textOf } from '../../src/http/documents/trusted-documents.ts';
import { createSchema } from '../../src/schema.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { staffOf } from '../support/make.ts';

const folder = join(import.meta.dirname, '../../src/documents');
const documents = readDocuments(folder);
const [hash, text] = Object.entries(documents).find(([, operation]) =>
  operation.includes('query PartnerList'),
) as [string, string];

const apps: Record<string, TestApp> = {};
const tokens: Record<string, string> = {};
beforeAll(async () => {
  for (const mode of ['off', 'prefer', 'only']) {
    const app = await createTestApp({}, { TRUSTED_DOCUMENTS: mode });
    apps[mode] = app;
    tokens[mode] = (await staffOf(app)).manager;
  }
});
afterAll(() => Promise.all(Object.values(apps).map((app) => app.close())));

async function send(mode: string, payload: object, { token = tokens[mode] as string } = {}) {
  const { statusCode, body } = await (apps[mode] as TestApp).app.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    payload: JSON.stringify({ variables: { first: 1 }, ...payload }),
  });
  const { data, errors } = JSON.parse(body);
  return {
    status: statusCode,
    code: errors?.[0].extensions.code,
    reason: errors?.[0].extensions.reason,
    data,
  };
}

const apollo = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });

let opened: Promise<number> | null = null;
function listening({ app }: TestApp): Promise<number> {
  opened ??= app.listen();
  return opened;
}

test('the manifest is that of the documents: `npm run documents` writes it', () => {
  expect(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))).toEqual(documents);
});

test('each document is valid and within the limits', async () => {
  const schema = await createSchema();
  for (const document of Object.values(documents).map((operation) => parse(operation))) {
    expect(validate(schema, document)).toEqual([]);
    expect(excessOf(document)).toBeNull();
  }
});

describe.each(['prefer', 'only'])('where they are trusted (%s)', (mode) => {
  test.each([
    ['its id', { documentId: `sha256:${hash}` }],
    ["Apollo's extension", { extensions: apollo(hash) }],
    ["Apollo's extension and the text", { query: text, extensions: apollo(hash) }],
    ['its text', { query: text }],
  ])('a document runs by %s', async (_, payload) => {
    expect(await send(mode, payload)).toMatchObject({ status: 200, data: { partners: { totalCount: 0 } } });
  });

  test('by GET too', async () => {
    const { statusCode, body } = await (apps[mode] as TestApp).app.server.inject({
      url: `/graphql?documentId=sha256:${hash}&variables={"first":1}`,
      headers: { authorization: `Bearer ${tokens[mode]}`, 'apollo-require-preflight': '1' },
    });
    expect([statusCode, JSON.parse(body).data]).toMatchObject([200, { partners: { totalCount: 0 } }]);
  });

  test('sending a document does not make it trusted', async () => {
    const query = '{ program { tenantId } }';
    await send(mode, { query, extensions: apollo(sha256(query)) });
    expect(await send(mode, { extensions: apollo(sha256(query)) })).toMatchObject({
      status: 400,
      code: 'PERSISTED_QUERY_NOT_FOUND',
    });
    expect(await send(mode, { query, extensions: apollo(hash) })).toMatchObject({
      status: 400,
      code: 'BAD_USER_INPUT',
    });
  });
});

test('a free document runs where documents are only preferred', async () => {
  expect(await send('prefer', { query: '{ program { tenantId } }' })).toMatchObject({ status: 200 });
});

test('and where only trusted ones run it is refused, but for an API key', async () => {
  const query = '{ program { tenantId } }';
  const refused = { status: 400, code: 'BAD_USER_INPUT', reason: 'TRUSTED_DOCUMENTS_ONLY' };
  expect(await send('only', { query })).toMatchObject(refused);
  expect(textOf('only', { query }, { credential: 'API_KEY' })).toBe(query);
});

test('where they are off an id is nothing', async () => {
  expect(await send('off', { documentId: `sha256:${hash}` })).toMatchObject({
    status: 400,
    code: 'PERSISTED_QUERY_NOT_SUPPORTED',
  });
  expect(await send('off', { query: text })).toMatchObject({ status: 200 });
});

test.each([
  ['behind a hash', `#x?query=${encodeURIComponent('{ partners { totalCount } }')}`],
  [
    'by an escape that two readers read in two ways',
    '?query={partner(id:"%ZZ%22){id}z:partners{totalCount}b:partner(id:%22"){id}}',
  ],
])('no address is read in two ways: a free document %s', async (_, search) => {
  const app = apps['only'] as TestApp;
  const port = await listening(app);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(
        `GET /graphql${search} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokens['only']}\r\nApollo-Require-Preflight: 1\r\nConnection: close\r\n\r\n`,
      ),
    );
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('end', () => resolve(text)).on('error', reject);
  });
  expect(answer).not.toContain('totalCount":');
});
