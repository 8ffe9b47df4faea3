import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentsOf } from '../../src/http/documents/documents.ts';
import { RememberedTexts } from '../../src/http/documents/remembered-texts.ts';
import { actorOf, anonymous, guest } from '../../src/kernel/request/actor.ts';
import { createSchema } from '../../src/schema.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { TRACK } from '../support/make.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

let app: TestApp;
let port: number;
beforeAll(async () => {
  app = await createTestApp();
  port = await app.app.listen();
});
afterAll(() => app.close());

const FIELDS = 'id type method status baseAmount { amount currency } amount { amount currency } occurredAt';
/** A valid document of about 17 kB; `n` makes it another one. */
const long = (n: number) =>
  `query Q${n} { ${Array.from({ length: 40 }, (_, i) => `c${i}: commissions(first: 1) { edges { node { ${FIELDS} partner { companyName } customer { externalId } explanation { sentence } } } } `).join('')} } # ${'x'.repeat(8_000)}`;

/** The least processor time of three new documents, in milliseconds, whatever else the machine does. */
async function cost(token: string | null, text: (n: number) => string): Promise<number> {
  const tries: number[] = [];
  for (const _ of [1, 2, 3]) {
    const query = text(Math.floor(Math.random() * 1e9));
    const before = process.cpuUsage();
    await app.send(token, query);
    const { user, system } = process.cpuUsage(before);
    tries.push((user + system) / 1_000);
  }
  return Math.min(...tries);
}

const UNAUTHENTICATED = { extensions: { code: 'UNAUTHENTICATED' } };

describe('without a credential, a document is refused before it is validated', () => {
  test.each([
    ['a query that is not public', '{ commissions { totalCount } }'],
    ['a field that does not exist', '{ secrets { key } }'],
    ['a public field beside one that is not', `mutation { __typename approvePayout(id: "x") { id } }`],
    [
      'a field in a fragment',
      'query { ...A } fragment A on Query { ...B } fragment B on Query { program { id } }',
    ],
    [
      'another operation of the document',
      `query A { __typename } mutation B { approvePayout(id: "x") { id } }`,
    ],
    ['an invalid selection', '{ commissions { nothing of ours } }'],
    ['a wrong type of argument', '{ partner(id: 12.5) { id } }'],
    ['one name for two fields', 'mutation { __typename: signOut { at } __typename }'],
    ['a subscription', 'subscription { partnerMetricsUpdated(partnerId: "x") { clicks } }'],
  ])('%s', async (_, query) => {
    const { data, errors } = await app.send(null, query, {}, query.includes('query A') ? 'A' : undefined);
    expect({ data, errors }).toMatchObject({ data: null, errors: [UNAUTHENTICATED] });
    const { errors: heard, client } = listen(port, null, query, {});
    expect(await until(async () => heard[0])).toMatchObject(UNAUTHENTICATED);
    await client.dispose();
  });

  test('but a public one runs, and its faults are named', async () => {
    expect((await app.send(null, TRACK, { input: { referralCode: 'NOBODY' } })).errors?.[0]).toMatchObject({
      extensions: { code: 'NOT_FOUND' },
    });
    expect((await app.send(null, 'mutation { trackReferral { id } }')).errors?.[0]).toMatchObject({
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
    expect((await app.send(null, '{ __typename }')).data).toEqual({ __typename: 'Query' });
  });

  test('also when another caller may run the same document', async () => {
    const query = '{ program { tenantId } } # remembered';
    const token = await app.token('ANALYST');
    for (const _ of [1, 2]) {
      expect((await app.send(token, query)).errors).toBeUndefined();
      expect((await app.send(null, query)).errors).toMatchObject([UNAUTHENTICATED]);
    }
    const invalid = '{ program { nothing } }';
    expect((await app.send(token, invalid)).errors).toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
  });

  test('and a longer document than a public one needs is not read to its end', async () => {
    const { errors } = await app.send(null, `mutation { ${'trackReferral '.repeat(1_100)} }`);
    expect(errors).toMatchObject([UNAUTHENTICATED]);
  });
});

test('a refused document of 17 kB costs a fraction of one that runs', async () => {
  expect(long(1).length).toBeGreaterThan(16_000);
  const analyst = await app.token('ANALYST');
  expect((await app.send(analyst, long(1))).errors).toBeUndefined();
  expect((await app.send(null, long(2))).errors).toMatchObject([UNAUTHENTICATED]);
  const text = (n: number) => `query Q${n} { commissions { ...A } } # ${'x'.repeat(16_000)}
    fragment A on CommissionConnection { ${Array.from({ length: 45 }, (_, i) => `a${i}: totalCount edges { node { ${FIELDS} } }`).join(' ')} }`;
  expect((await app.send(null, text(1))).errors).toMatchObject([UNAUTHENTICATED]);
  const stranger = Math.max(await cost(null, long), await cost(null, text));
  const runs = await cost(analyst, long);
  process.stderr.write(`a document of 17 kB: ${stranger.toFixed(1)} ms refused, ${runs.toFixed(1)} ms run\n`);
  expect(stranger).toBeLessThan(runs / 4);
});

test('an operation that a known caller may not run is refused before it is compiled', async () => {
  const text = (n: number) =>
    `mutation M${n} { ${Array.from({ length: 40 }, (_, i) => `a${i}: approveCommission(id: "x") { ${FIELDS} explanation { sentence } partner { companyName } } `).join('')} } # ${'x'.repeat(9_000)}`;
  const analyst = await app.token('ANALYST');
  const { data, errors } = await app.send(analyst, text(1));
  expect({ data, errors }).toMatchObject({
    data: null,
    errors: Array(5).fill({ extensions: { code: 'FORBIDDEN' } }),
  });
  expect(errors?.[0]?.path).toEqual(['a0']);
  const again = process.cpuUsage();
  for (let i = 0; i < 10; i++) await app.send(analyst, text(1));
  const { user, system } = process.cpuUsage(again);
  expect((user + system) / 10_000).toBeLessThan(50);
});

test('an operation with granted and refused fields runs for the granted ones', async () => {
  const partner = 'a: partner(id: "00000000-0000-7000-8000-000000000000") { id }';
  const analyst = await app.token('ANALYST');
  const { data, errors } = await app.send(
    analyst,
    `{ ${partner} program { tenantId } auditEvents(first: 1) { totalCount } }`,
  );
  expect(data).toEqual({ a: null, program: { tenantId: 'acme' }, auditEvents: null });
  expect(errors).toHaveLength(2);
  expect(errors).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ path: ['a'], extensions: { code: 'NOT_FOUND' } }),
      expect.objectContaining({
        ...{ path: ['auditEvents'], extensions: expect.objectContaining({ code: 'FORBIDDEN' }) },
      }),
    ]),
  );
});

test('a mutation that fails hides nothing of one that was committed', async () => {
  const manager = await app.token('PROGRAM_MANAGER');
  const made = (name: string, email: string) =>
    `${name}: createPartner(input: { partnerType: AFFILIATE, companyName: "${name}", email: "${email}" }) { companyName }`;
  const { data, errors } = await app.send(
    manager,
    `mutation { ${made('a', 'a@x.example')} b: deletePartner(id: "00000000-0000-7000-8000-000000000000") { id } ${made('c', 'c@x.example')} }`,
  );
  expect(data).toEqual({ a: { companyName: 'a' }, b: null, c: { companyName: 'c' } });
  expect(errors).toMatchObject([{ path: ['b'], extensions: { code: 'NOT_FOUND' } }]);
});

describe('documents are remembered', () => {
  const staff = {
    ...actorOf({ id: 'x', role: 'ANALYST', tenantId: 'acme', credential: 'TOKEN' }),
    permissions: new Set(['program:read'] as const),
  };

  test('a long one as well as a short one, and a refused one of a stranger not at all', async () => {
    const documents = documentsOf(await createSchema(), { introspection: false });
    const text = `${'#'.repeat(100_000)}\n{ program { tenantId } }`;
    const first = documents.read(text, null, staff);
    expect(first).toHaveProperty('document');
    expect(documents.read(text, null, staff)).toBe(first);
    const [refused] = documents.read('{ payouts { totalCount } }', null, anonymous) as readonly Error[];
    expect(documents.read('{ payouts { totalCount } }', null, anonymous)).not.toContain(refused);
    const person = guest({ id: 'y', credential: 'OIDC', issuer: 'https://id.example', signedInAt: null });
    expect(documents.read(text, null, person)).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect(parse(text).definitions).toHaveLength(1);
  });

  test('within a bound of bytes, the least used goes first', () => {
    const texts = new RememberedTexts<string>(100);
    texts.keep('a', 'A', 40);
    texts.keep('b', 'B', 40);
    expect(texts.find('a')).toBe('A');
    texts.keep('c', 'C', 40);
    expect([texts.find('a'), texts.find('b'), texts.find('c')]).toEqual(['A', null, 'C']);
    texts.keep('c', 'C2', 30);
    expect(texts.bytes).toBe(70);
    texts.keep('d', 'D', 101);
    expect(texts.find('d')).toBeNull();
    expect(texts.bytes).toBeLessThanOrEqual(100);
    for (let i = 0; i < 1_000; i++) texts.keep(`${i}`, 'x', 7);
    expect(texts.bytes).toBeLessThanOrEqual(100);
  });
});
