import { type DocumentNode, getOperationAST, type OperationDefinitionNode, parse, print } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addTextFields, writtenOperation } from '../../src/http/graphql/written-fields.ts';
import { createSchema } from '../../src/schema.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { makeWorld, type Who, type World } from '../support/operations.ts';

let app: TestApp;
let world: World;
let schema: Awaited<ReturnType<typeof createSchema>>;
beforeAll(async () => {
  schema = await createSchema();
  addTextFields(schema);
  app = await createTestApp();
  world = await makeWorld(app);
  for (const make of [world.pending, world.approved, world.held, world.payout, world.click]) await make();
  await app.database.pool.query(
    `update partners set metadata = '{"a": "\\"b\\"\\n"}', company_name = E'Sørensen "& Søn"\\n\\u2028 漢 \\\\'`,
  );
});
afterAll(() => app.close());

/** The answer of a document as text and by objects. The header `accept` of the first was not seen before, so Apollo answers. */
let unseen = 0;
async function bothWays(token: string | null, query: string, variables: object): Promise<string[]> {
  const send = async (accept: string) => {
    const { body } = await app.app.server.inject({
      ...{ method: 'POST', url: '/graphql', payload: JSON.stringify({ query, variables }) },
      headers: {
        'content-type': 'application/json',
        accept,
        ...(token && { authorization: `Bearer ${token}` }),
      },
    });
    return body;
  };
  await send('application/json');
  return [await send('application/json'), await send(`application/json, text/html;q=0.${++unseen}`)];
}

const written = (document: DocumentNode): string => {
  const operation = getOperationAST(document) as OperationDefinitionNode;
  const made = writtenOperation(schema, document, operation);
  return made ? print(made.document) : '';
};

const NODE = 'id type status amount { amount currency } baseAmount { currency amount } occurredAt holdUntil';

describe('a page that its table covers is written as text, byte for byte as by objects', () => {
  test.each([
    [
      'columns of each kind',
      `{ commissions(first: 50) { edges { node { ${NODE} createdAt reason product quantity } } } }`,
    ],
    [
      'types, aliases and cursors',
      '{ all: commissions { __typename e: edges { __typename cursor n: node { __typename key: id sum: amount { __typename value: amount } } } } }',
    ],
    [
      'the place of the page',
      `{ commissions(first: 2) { totalCount totalCountIsExact pageInfo { hasNextPage hasPreviousPage startCursor end: endCursor } edges { node { id } } } }`,
    ],
    [
      'an empty page',
      '{ commissions(filter: { currency: "KWD" }) { totalCount pageInfo { hasNextPage startCursor endCursor } edges { node { id } } } }',
    ],
    [
      'joined rows',
      '{ commissions { edges { node { id partner { id companyName } customer { id externalId } referral { id landingUrl convertedAt } } } } }',
    ],
    [
      'ids of other rows',
      '{ commissions { edges { node { partner { id } customer { key: id } referral { id } } } } }',
    ],
    [
      'fragments',
      'query { commissions { ...P } } fragment P on CommissionConnection { edges { ... on CommissionEdge { node { ...N } } } } fragment N on Commission { id ... { status } }',
    ],
    [
      'pages of each row',
      `{ partners { edges { node { id companyName metrics { clicks } commissions(first: 2) { totalCount edges { node { ${NODE} } } pageInfo { hasNextPage endCursor } } payouts(first: 3) { edges { node { id status method amount { amount currency } createdAt periodStart periodEnd } } } } } } }`,
    ],
    [
      'partners',
      '{ partners(first: 3) { edges { node { id companyName tier status partnerType referralCode currency createdAt } } } }',
    ],
    [
      'what a resolver returns for each row',
      '{ partners { edges { node { id createdAt metrics(period: null) { key: clicks currencies { currency revenue { amount } } missingRates revenue { amount currency } conversionRate periodStart averageOrderValue { amount } } balances { currency pending { amount } } tierConfig { tier } } } } }',
    ],
    [
      'pages and resolvers below joined rows, some of them missing',
      `{ commissions { edges { node { id baseAmount { amount } createdAt customer { id externalId } partner { id companyName metrics { clicks } payouts(first: 2) { edges { cursor node { id } } } } explanation { sentence } } } } }`,
    ],
    [
      'two selections of the same edges',
      '{ partners { a: edges { node { id } } b: edges { cursor node { companyName commissions(first: 1) { x: edges { cursor } y: edges { node { type } } } } } } }',
    ],
    [
      'payouts and referrals',
      '{ payouts { edges { node { id status amount { amount } paidAt } } } referrals { edges { node { id landingUrl source clickedAt expiresAt } } } }',
    ],
  ])('%s', async (_, query) => {
    expect(written(parse(query))).toContain('$text');
    for (const person of ['admin', 'analyst', 'partner', 'another partner', 'nobody'] satisfies Who[]) {
      const [text, objects] = await bothWays(world.as[person], query, {});
      expect(text).toBe(objects);
    }
    const [text = ''] = await bothWays(world.as.admin, query, {});
    expect(JSON.parse(text)).not.toHaveProperty('errors');
  });

  test('with variables, and an argument that is refused', async () => {
    const query = `query ($first: Int, $after: String, $filter: CommissionFilter) {
      commissions(first: $first, after: $after, filter: $filter) { edges { cursor node { id } } pageInfo { endCursor } } }`;
    expect(written(parse(query))).toContain('$text');
    const [first = ''] = await bothWays(world.as.admin, query, { first: 1 });
    const after = JSON.parse(first).data.commissions.pageInfo.endCursor;
    const below = `query ($n: Int = 2, $p: MetricsPeriodInput) {
      partners { edges { node { metrics(period: $p) { clicks } commissions(first: $n) { edges { node { id } } } } } } }`;
    expect(written(parse(below))).toContain('partners$text');
    for (const variables of [
      {},
      { n: 1 },
      { n: 0 },
      { n: 101 },
      { p: { from: '2026-02-01', to: '2026-01-01' } },
    ]) {
      const [text, objects] = await bothWays(world.as.admin, below, variables);
      expect(text).toBe(objects);
    }
    for (const variables of [
      { first: 1, after },
      { first: 101 },
      { after: 'x' },
      { filter: { status: 'APPROVED' } },
      { filter: { status: 'NO' } },
    ]) {
      const [text, objects] = await bothWays(world.as.admin, query, variables);
      expect(text).toBe(objects);
    }
  });
});

test.each([
  ['a number', 'query ($n: Int! = 1) { partners(first: $n) { totalCount } }'],
  [
    'a filter',
    'query ($f: CommissionFilter! = { status: PENDING }) { commissions(filter: $f) { edges { node { status } } } }',
  ],
  [
    'a name of an enum',
    'query ($s: CommissionStatus! = APPROVED) { commissions(filter: { status: $s }) { edges { node { status rate } } } }',
  ],
])('the default of a required variable is used: %s', async (_, query) => {
  const answers = await bothWays(world.as.admin, query, {});
  expect(answers[0]).toBe(answers[1]);
  expect(JSON.parse(answers[0] ?? '')).toMatchObject({ data: {} });
  expect(answers[0]).not.toContain('errors');
});

test.each([
  ['a field with a resolver', '{ commissions { edges { node { id rate } } } }'],
  ['a directive', 'query ($x: Boolean!) { commissions { edges @include(if: $x) { node { id } } } }'],
  ['a key that is selected twice', '{ commissions { edges { node { id } } edges { node { status } } } }'],
  [
    'two fields of one key',
    '{ commissions { edges { node { id } } } commissions { edges { node { status } } } }',
  ],
  ['another list', '{ auditEvents { edges { node { id } } } }'],
  ['a mutation', 'mutation { signOut }'],
])('%s is left to the resolvers', (_, query) => {
  expect(written(parse(query))).toBe('');
});

test('no document can name the twin of a field, and no list of the schema shows it', () => {
  expect(() => parse('{ commissions$text }')).toThrow('Syntax Error');
  expect(Object.keys(schema.getQueryType()?.getFields() ?? {}).filter((name) => name.includes('$'))).toEqual(
    [],
  );
});
