import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import { aPartner, makePartner, staffOf, TRACK } from '../support/make.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

let app: TestApp;
let port: number;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: Awaited<ReturnType<typeof makePartner>>;
beforeAll(async () => {
  app = await createTestApp({}, { ANONYMOUS_CALLS_PER_MINUTE: '1000000' });
  staff = await staffOf(app);
  partner = await makePartner(app, staff.manager);
  port = await app.app.listen();
});
afterAll(async () => {
  expect(app.logged.filter(({ msg }) => msg === 'unexpected error')).toEqual([]);
  await app.close();
});

const CREATE = 'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id } }';

describe.each([
  ['a NUL character', 'a\0b', 'a\\u0000b', '%00'],
  ['half a surrogate pair', 'a\ud800b', 'a\\ud800b', '%ED%A0%80'],
])('%s', (_, text, literal, percent) => {
  test.each([
    ['a text', { companyName: text }, 'input.companyName'],
    ['a value of metadata', { metadata: { deep: [{ er: text }] } }, 'input.metadata'],
    ['a key of metadata', { metadata: { [text]: 1 } }, 'input.metadata'],
    ['an idempotency key', { idempotencyKey: text }, 'input.idempotencyKey'],
  ])('in a variable is refused by the name of the field: %s', async (_, more, field) => {
    const refusal = await app.refusal(staff.manager, CREATE, { input: aPartner(more) });
    expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT', field: expect.stringContaining(field) });
  });

  test('in a literal is refused', async () => {
    for (const query of [
      `{ partners(filter: { search: "${literal}" }) { totalCount } }`,
      `mutation { acceptInvitation(token: "${literal}") { __typename } }`,
    ])
      expect((await app.refusal(staff.manager, query)).code).toMatch(
        /^(BAD_USER_INPUT|GRAPHQL_PARSE_FAILED)$/,
      );
  });

  test('in a message of a socket is refused', async () => {
    const query = 'query ($search: String) { partners(filter: { search: $search }) { totalCount } }';
    const { errors, client } = listen(port, staff.manager, query, { search: text });
    expect(await until(async () => errors[0])).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    await client.dispose();
  });

  test('in a subscription is refused', async () => {
    const query = 'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }';
    const { errors, client } = listen(port, staff.manager, query, { id: text });
    expect(await until(async () => errors[0])).toMatchObject({
      extensions: { code: expect.stringMatching(/BAD_USER_INPUT|NOT_FOUND/) },
    });
    await client.dispose();
  });

  test('in a query string is refused', async () => {
    const query = 'query ($search: String) { partners(filter: { search: $search }) { totalCount } }';
    const params = new URLSearchParams({ query, variables: `{"search":"${literal}"}` });
    const { statusCode, body } = await app.app.server.inject({
      url: `/graphql?${params}`,
      headers: { authorization: `Bearer ${staff.manager}`, 'apollo-require-preflight': '1' },
    });
    expect([statusCode, JSON.parse(body).errors[0].extensions]).toMatchObject([
      expect.any(Number),
      { code: 'BAD_USER_INPUT', field: 'search' },
    ]);
  });

  test.each(['utm_source', 'utm_medium', 'utm_campaign', 's1', 's5', 'to', 'consent'])(
    'in the parameter %s of a link does not stop the visitor',
    async (name) => {
      for (const url of [
        `/r/${partner.referralCode}?${name}=x${percent}y`,
        `/r/${partner.referralCode}?${name}${percent}=x`,
        `/r/${partner.referralCode}${percent}?a=1`,
      ])
        expect((await app.app.server.inject({ url })).statusCode).toBeOneOf([302, 400]);
    },
  );

  test.each(['user-agent', 'referer', 'x-request-id', 'cookie', 'authorization', 'x-country'])(
    'in the header %s causes no error of ours',
    async (name) => {
      const headers = { [name]: `x${text}y` };
      const link = await app.app.server.inject({ url: `/r/${partner.referralCode}`, headers });
      expect(link.statusCode).toBe(302);
      const { statusCode } = await app.app.server.inject({
        method: 'POST',
        url: '/graphql',
        headers: { 'content-type': 'application/json', ...headers },
        payload: JSON.stringify({ query: '{ __typename }' }),
      });
      expect(statusCode).toBeOneOf([200, 401]);
    },
  );

  test('in a URL of a click is refused or kept in another form', async () => {
    for (const url of [
      `https://shop.example/?utm_source=${text}`,
      `https://shop.example/?utm_source=${percent}`,
    ]) {
      const input = { referralCode: partner.referralCode, landingUrl: url, referrerUrl: url, userAgent: 'x' };
      const { errors } = await app.send(null, TRACK, { input });
      expect(errors?.[0]?.extensions.code ?? 'ok').toMatch(/^(ok|BAD_USER_INPUT)$/);
    }
  });

  test.each(['program', 'click', 'order', 'amount', 'currency', 'coupon'])(
    'in the field %s of a reported purchase changes nothing',
    async (name) => {
      const fields = { program: 'acme', click: 'x', order: 'o1', amount: '1', currency: 'USD', coupon: 'C' };
      const encoded = Object.entries({ ...fields, [name]: `x${percent}y` }).map((pair) => pair.join('='));
      const { statusCode } = await app.app.server.inject({
        method: 'POST',
        url: '/t/conversion',
        headers: { origin: 'https://shop.example', 'content-type': 'application/x-www-form-urlencoded' },
        payload: encoded.join('&'),
      });
      expect(statusCode).toBe(204);
    },
  );

  test('in a cursor is refused', async () => {
    for (const list of [['after'], ['x', text], [1, 2, text], text].map((value) => JSON.stringify(value))) {
      const after = Buffer.from(list).toString('base64url');
      for (const field of ['partners', 'commissions', 'payouts'])
        expect(
          await app.refusal(
            staff.manager,
            `query ($after: String) { ${field}(first: 1, after: $after) { totalCount } }`,
            {
              after,
            },
          ),
        ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'after' });
    }
  });
});

test('a NUL in a status file of a bank is refused by name, over both ways', async () => {
  const content = '101 \0 094101';
  const { statusCode, body } = await app.app.server.inject({
    method: 'POST',
    url: '/bank-status',
    headers: { authorization: `Bearer ${staff.maria}`, 'content-type': 'text/plain' },
    payload: content,
  });
  expect([statusCode, JSON.parse(body).errors[0].extensions]).toEqual([
    400,
    { code: 'BAD_USER_INPUT', field: 'content' },
  ]);
  const query = 'mutation ($content: String!) { importBankStatus(content: $content) { id } }';
  expect(await app.refusal(staff.maria, query, { content })).toMatchObject({ code: 'BAD_USER_INPUT' });
});
