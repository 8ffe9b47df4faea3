import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../src/documents/manifest.json' with { type: 'json' };
import { createTestApp, type TestApp } from '../support/app.ts';
import { makeWorld, operations, type Who, type World } from '../support/operations.ts';

let app: TestApp;
let world: World;
beforeAll(async () => {
  app = await createTestApp();
  world = await makeWorld(app);
});
afterAll(() => app.close());

let unseen = 0;
/** A value of `accept` that no request had. Apollo chooses its content type, so Apollo answers the request. */
const throughApollo = () => `application/json, text/html;q=0.${++unseen}`;

async function send(token: string | null, body: unknown, accept: string): Promise<LightMyRequestResponse> {
  const request: InjectOptions = {
    ...{ method: 'POST', url: '/graphql', payload: JSON.stringify(body) },
    headers: {
      'content-type': 'application/json',
      accept,
      ...(token && { authorization: `Bearer ${token}` }),
    },
  };
  return app.app.server.inject(request);
}

/** What a client can compare. The request's own id and the rest of the caller's budget differ each time. */
const seen = ({ statusCode, headers, body }: LightMyRequestResponse) => {
  const {
    date: _,
    'x-request-id': id,
    'ratelimit-remaining': left,
    'ratelimit-reset': reset,
    ...same
  } = headers;
  const [requestId] = /"requestId":"[^"]*"/.exec(body) ?? [''];
  return {
    ...{ statusCode, same, body: body.replace(requestId, '') },
    own: [id, left, reset].map((value) => value !== undefined),
  };
};

async function bothWays(token: string | null, body: unknown): Promise<LightMyRequestResponse> {
  await send(token, { query: '{ __typename }' }, 'application/json');
  const apollos = await send(token, body, throughApollo());
  const own = await send(token, body, 'application/json');
  expect(seen(own)).toEqual(seen(apollos));
  return own;
}

describe('an admitted operation is answered as Apollo answers it', () => {
  const queries = Object.entries(operations).filter(([, { document }]) => !document.startsWith('mutation'));
  const people: Who[] = ['admin', 'partner', 'another partner', 'nobody'];

  test.each(queries)('%s', async (_, { document: query, subject, variables }) => {
    const id = subject ? await subject(world) : '';
    for (const person of people)
      await bothWays(world.as[person], { query, variables: variables?.(id) ?? {} });
  });

  test('documents of the server by their hash', async () => {
    for (const hash of Object.keys(manifest)) {
      await bothWays(world.as.admin, { documentId: `sha256:${hash}`, variables: { id: world.partner.id } });
      await bothWays(world.as.admin, { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } });
    }
  });

  test('mutations that are refused', async () => {
    for (const { document: query, spends } of Object.values(operations)) {
      if (query.startsWith('mutation') && !spends) await bothWays(world.as.analyst, { query });
    }
  });

  const PARTNER =
    'query P($id: ID!) { partner(id: $id) { id } } query Q { partners(first: 1) { totalCount } }';
  test.each<[string, object]>([
    ['a variable that is missing', { query: PARTNER, operationName: 'P' }],
    ['a variable of another type', { query: PARTNER, operationName: 'P', variables: { id: { a: 1 } } }],
    ['variables that are a list', { query: PARTNER, operationName: 'Q', variables: [] }],
    ['variables that are text', { query: PARTNER, operationName: 'Q', variables: '{}' }],
    ['no variables', { query: PARTNER, operationName: 'Q', variables: null, extensions: null }],
    ['extensions of no use', { query: PARTNER, operationName: 'Q', extensions: { a: 1 } }],
    ['extensions that are a list', { query: PARTNER, operationName: 'Q', extensions: [] }],
    ['a name of no operation', { query: PARTNER, operationName: 'R' }],
    ['a name that is a number', { query: PARTNER, operationName: 1 }],
    ['no name among two', { query: PARTNER }],
    ['a document that is not valid', { query: '{ nothing }' }],
    ['a document that cannot be read', { query: '{' }],
    ['an empty document', { query: '' }],
    ['no document', { variables: {} }],
    ['a subscription', { query: 'subscription { programMetricsUpdated { clicks } }' }],
    [
      'a failing field among others',
      { query: '{ partners(first: 1) { totalCount } commissions(first: 1000) { totalCount } }' },
    ],
    ['parameters that do not exist', { query: PARTNER, operationName: 'Q', other: 1 }],
  ])('%s', async (_, body) => {
    await bothWays(world.as.admin, body);
    await bothWays(null, body);
  });
});

test('a value of accept that allows no JSON is refused each time', async () => {
  for (let time = 0; time < 2; time++)
    expect(await send(world.as.admin, { query: '{ __typename }' }, 'text/html')).toMatchObject({
      statusCode: 406,
    });
});
