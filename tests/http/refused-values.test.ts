import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import { staffOf } from '../support/make.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

let app: TestApp;
let port: number;
let manager: string;
beforeAll(async () => {
  app = await createTestApp();
  port = await app.app.listen();
  ({ manager } = await staffOf(app));
});
afterAll(() => app.close());

const SECRET = 'my secret';
const LONG = `${SECRET} ${'x'.repeat(50_000)}`;

/** What HTTP and a socket say of an operation; both the same. */
async function refusalOf(query: string, variables: Record<string, unknown> = {}) {
  const { statusCode, body } = await app.app.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${manager}` },
    payload: JSON.stringify({ query, variables }),
  });
  expect(statusCode).toBe(400);
  expect(body.length).toBeLessThan(4_096);
  expect(body).not.toMatch(/my secret|xxxx|987654321/);
  const [error] = JSON.parse(body).errors;
  const live = listen(port, manager, query, variables);
  const [said] = await until(async () => (live.errors.length ? live.errors : null));
  expect(said).toMatchObject({ message: error.message, extensions: error.extensions });
  await live.client.dispose();
  return { message: error.message, ...error.extensions };
}

const places: [place: string, type: string, query: (value: string) => string][] = [
  ['partners(first:)', 'first', (value) => `{ partners(first: ${value}) { totalCount } }`],
  ['a filter', 'filter.search', (value) => `{ partners(filter: { search: ${value} }) { totalCount } }`],
  ['an enum', 'filter.tier', (value) => `{ partners(filter: { tier: ${value} }) { totalCount } }`],
  ['an input', 'filter', (value) => `{ partners(filter: ${value}) { totalCount } }`],
  ['an id', 'id', (value) => `{ partner(id: ${value}) { id } }`],
  [
    'an e-mail address',
    'input.email',
    (value) =>
      `mutation { createPartner(input: { partnerType: RESELLER, companyName: "N", email: ${value} }) { id } }`,
  ],
  [
    'an amount',
    'input.amount',
    (value) =>
      `mutation { convertReferral(id: "x", input: { customerId: "c", amount: ${value} }) { status } }`,
  ],
  [
    'an instant',
    'input.occurredAt',
    (value) =>
      `mutation { convertReferral(id: "x", input: { customerId: "c", amount: "1", occurredAt: ${value} }) { status } }`,
  ],
  ['a default', 'n', (value) => `query ($n: Int = ${value}) { partners(first: $n) { totalCount } }`],
];
const literals = {
  text: JSON.stringify(LONG),
  object: `{ a: ${JSON.stringify(LONG)} }`,
  number: '987654321987654321.5',
};
const takes = new Set(['filter.search text', 'id text', 'input.amount number']);

describe('a value of another type that is written into the operation is not repeated; its field is named:', () => {
  test.each(
    places.flatMap(([place, field, query]) =>
      Object.entries(literals)
        .filter(([kind]) => !takes.has(`${field} ${kind}`))
        .map(([kind, value]) => [place, kind, field, query(value)] as const),
    ),
  )('%s, %s', async (_place, _kind, field, query) => {
    const refusal = await refusalOf(query);
    expect(refusal.code).toBe('BAD_USER_INPUT');
    expect(refusal.field).toMatch(new RegExp(`^${field}(\\.a)?`));
    expect(refusal.message).toMatch(/^[\w.]+: (is|must) \w+ /);
  });
});

describe('a value in a variable is not repeated either:', () => {
  const CREATE = 'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id } }';
  const input = { partnerType: 'RESELLER', companyName: 'N' };
  test.each([
    ['a text', LONG],
    ['lines', `${SECRET}\r\nSet-Cookie: a=b`],
    ['an object', { a: LONG }],
    ['a number', 987654321],
  ])('%s as an e-mail address', async (_, email) => {
    expect(await refusalOf(CREATE, { input: { ...input, email } })).toMatchObject({
      code: 'BAD_USER_INPUT',
      field: 'input.email',
      message: 'input.email: is not an e-mail address such as "nancy@northwind.example"',
    });
  });
  test('the name of a field that is none', async () => {
    const refusal = await refusalOf(CREATE, { input: { ...input, [`y${'z'.repeat(50_000)}`]: 1 } });
    expect(refusal.code).toBe('BAD_USER_INPUT');
  });
});

test.each([' 5', '5 ', '\t5', '5\n'])('an amount with space around it is no amount: %j', async (amount) => {
  expect(
    await app.refusal(
      manager,
      'mutation ($id: ID!, $input: ConvertReferralInput!) { convertReferral(id: $id, input: $input) { status } }',
      { id: 'x', input: { customerId: 'c', amount } },
    ),
  ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.amount' });
});
