import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { createTestApp, type TestApp } from '../support/app.ts';
import { newPartner } from '../support/earn.ts';
import { staffOf } from '../support/make.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

let app: TestApp;
let port: number;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  app = await createTestApp();
  port = await app.app.listen();
  staff = await staffOf(app);
  await app.ask(staff.analyst, '{ program { tenantId } }'); // the tenant has its program from here on
});
afterAll(() => app.close());

const nested = (levels: number, first: number): string =>
  levels === 0
    ? '{ id }'
    : `{ edges { node { partner { commissions(first: ${first}) ${nested(levels - 1, first)} } } } }`;

const abusive: [string, string, string][] = [
  [
    'pages within pages',
    `{ commissions(first: 100) ${nested(2, 100).replace('{ id }', '{ edges { node { id } } }')} }`,
    'values',
  ],
  [
    'fields within fields',
    `{ commissions(first: 1) ${nested(5, 1).replace('{ id }', '{ edges { node { id } } }')} }`,
    'deep',
  ],
  [
    'pages that fragments ask for',
    `{ commissions(first: 100) { edges { node { partner { ...P } } } } }
     fragment P on Partner { payouts { ...O } a: commissions(first: 100) { ...C } b: commissions(first: 100) { ...C } c: commissions(first: 100) { ...C } }
     fragment O on PayoutConnection { edges { node { id } } }
     fragment C on CommissionConnection { edges { node { id } } }`,
    'rows',
  ],
  [
    'fragments within fragments',
    `{ ...F0 } ${Array.from({ length: 8 }, (_, i) => `fragment F${i} on Query { ${`...F${i + 1} `.repeat(50)} }`).join(' ')} fragment F8 on Query { program { tenantId } }`,
    'fields',
  ],
  [
    'hundreds of root fields',
    `{ ${Array.from({ length: 101 }, (_, i) => `a${i}: program { tenantId }`).join(' ')} }`,
    'root fields',
  ],
];

describe('an operation', () => {
  test.each(abusive)(
    'of %s is refused before it runs, over HTTP and WebSocket alike',
    async (_, query, fault) => {
      app.statements.length = 0;
      expect(await app.refusal(staff.analyst, query)).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringContaining(fault),
      });
      const live = listen(port, staff.analyst, query, {});
      expect(await until(async () => live.errors[0])).toMatchObject({
        extensions: { code: 'BAD_USER_INPUT' },
      });
      await live.client.dispose();
      expect(app.statements).toEqual([]);
    },
  );

  test('whose name is not in the document does not run, by POST or GET', async () => {
    const { id } = await newPartner(app, staff.manager);
    const query = `mutation M { updatePartner(id: "${id}", input: { contactName: "nobody" }) { id } }`;
    const { errors } = await app.send(staff.manager, query, {}, 'Other');
    expect(errors?.[0]?.extensions.code).toBeDefined();
    await app.app.server.inject({
      method: 'GET',
      url: `/graphql?operationName=Other&query=${encodeURIComponent(query)}`,
      headers: { authorization: `Bearer ${staff.manager}`, 'apollo-require-preflight': '1' },
    });
    expect(
      (await app.ask(staff.manager, `{ partner(id: "${id}") { contactName } }`)).partner.contactName,
    ).toBeNull();
  });

  test('that subscribes is sent to the WebSocket', async () => {
    const query = 'subscription { partnerMetricsUpdated(partnerId: "x") { clicks } }';
    expect(await app.refusal(staff.analyst, query)).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('a socket', () => {
  test.each([
    [
      'a null variable',
      'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }',
      { id: null },
      'BAD_USER_INPUT',
    ],
    [
      'an unknown field',
      'subscription { partnerMetricsUpdated(partnerId: "x") { clickz } }',
      {},
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['no syntax', 'subscription {', {}, 'GRAPHQL_PARSE_FAILED'],
  ])('answers %s as HTTP does, and goes on', async (_, query, variables, code) => {
    const live = listen(port, staff.analyst, query, variables);
    expect(await until(async () => live.errors[0])).toMatchObject({ extensions: { code } });
    await live.client.dispose();
  });

  test('ends with its token', async () => {
    const token = await app.app.authenticator.sign(
      { user: 'brief', role: 'ANALYST', tenantId: 'acme' },
      '2 seconds',
    );
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
    expect(await closed).toBe(4403);
  });
});
