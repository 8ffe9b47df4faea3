import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getIntrospectionQuery, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { excessOf } from '../../src/http/documents/limits.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { staffOf } from '../support/make.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

let app: TestApp;
let port: number;
let analyst: string;
beforeAll(async () => {
  app = await createTestApp();
  port = await app.app.listen();
  ({ analyst } = await staffOf(app));
  await app.ask(analyst, '{ program { tenantId } }');
});
afterAll(() => app.close());

const many = (count: number, text: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join(' ');

const send = (query: string, variables: object) =>
  app.app.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${analyst}` },
    payload: JSON.stringify({ query, variables }),
  });

/** The processor's time for a refusal: the least of three, none of them remembered, whatever else the machine does. */
async function milliseconds(query: string, variables: object): Promise<number> {
  const tries: number[] = [];
  for (const no of [1, 2, 3]) {
    const before = process.cpuUsage();
    await send(`${query} # ${no}`, variables);
    const { user, system } = process.cpuUsage(before);
    tries.push((user + system) / 1_000);
  }
  return Math.min(...tries);
}

/** A refusal is cheap, short and coded, by HTTP and by socket. */
async function refused(
  query: string,
  variables: Record<string, unknown> = {},
): Promise<{ code: string; message: string }> {
  const { statusCode, body } = await send(query, variables);
  expect(statusCode).toBeGreaterThanOrEqual(400);
  expect(statusCode).toBeLessThan(500);
  expect(body.length).toBeLessThan(4_096);
  expect(await milliseconds(query, variables)).toBeLessThan(50);
  const { errors } = JSON.parse(body);
  expect(errors.length).toBeLessThanOrEqual(5);
  if (query.length < 60_000) {
    const live = listen(port, analyst, query, variables);
    expect(await until(async () => live.errors[0])).toMatchObject({
      extensions: { code: errors[0].extensions.code },
    });
    expect(live.errors.length).toBeLessThanOrEqual(5);
    await live.client.dispose();
  }
  return { ...errors[0].extensions, message: errors[0].message };
}

describe('an operation is refused at once when it has', () => {
  test.each([
    ['too many tokens', `{ ${'a '.repeat(6_000)} }`, 'GRAPHQL_PARSE_FAILED'],
    [
      'tokens as long as the body',
      `{ program { tenantId(x: "${'x'.repeat(100_000)}") } }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a name as long as the body', `{ ${'x'.repeat(50_000)} }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['1,600 levels', `${'{ partners '.repeat(1_600)}${'}'.repeat(1_600)}`, 'BAD_USER_INPUT'],
    ['51 aliases of __typename', `{ ${many(51, (i) => `a${i}: __typename`)} }`, 'BAD_USER_INPUT'],
    ['51 aliases of a field', `{ program { ${many(51, (i) => `a${i}: tenantId`)} } }`, 'BAD_USER_INPUT'],
    [
      '51 root fields in fragments',
      `{ ...F ...G } fragment F on Query { ${many(30, (i) => `a${i}: __typename`)} } fragment G on Query { ${many(21, (i) => `b${i}: __typename`)} }`,
      'BAD_USER_INPUT',
    ],
    ['one field 1,000 times', `{ program { ${'tenantId '.repeat(1_000)} } }`, 'BAD_USER_INPUT'],
    [
      'one field 1,000 times in fragments',
      `{ program { ${'... { tenantId } '.repeat(1_000)} } }`,
      'BAD_USER_INPUT',
    ],
    ['51 directives', `{ program { tenantId ${'@include(if: true) '.repeat(51)} } }`, 'BAD_USER_INPUT'],
    [
      '1,000 unknown directives',
      `{ program { tenantId ${many(1_000, (i) => `@d${i}`)} } }`,
      'BAD_USER_INPUT',
    ],
    [
      'many fields of many rows',
      `{ partners(first: 20) { edges { node { referrals(first: 100) { edges { node { partner { ${many(48, (i) => `m${i}: metrics { clicks }`)} } } } } } } } }`,
      'BAD_USER_INPUT',
    ],
    ['26 operations', many(26, (i) => `query Q${i} { __typename }`), 'BAD_USER_INPUT'],
    [
      'fragments in a circle',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      'BAD_USER_INPUT',
    ],
    [
      'a list 2,000 deep',
      `{ partners(filter: ${'['.repeat(2_000)}${']'.repeat(2_000)}) { totalCount } }`,
      'BAD_USER_INPUT',
    ],
    [
      'a list 33 deep',
      `{ partners(filter: ${'['.repeat(33)}${']'.repeat(33)}) { totalCount } }`,
      'BAD_USER_INPUT',
    ],
    [
      'an object 1,100 deep',
      `{ partners(filter: ${'{a:'.repeat(1_100)}1${'}'.repeat(1_100)}) { totalCount } }`,
      'BAD_USER_INPUT',
    ],
    [
      'a type 2,000 deep',
      `query ($x: ${'['.repeat(2_000)}Int${']'.repeat(2_000)}) { __typename }`,
      'BAD_USER_INPUT',
    ],
    [
      'a file under three names',
      '{ remittance(payoutId: "x") { a: pdf ...F } } fragment F on Remittance { b: pdf c: csv }',
      'BAD_USER_INPUT',
    ],
    ['a list of 251 values', `{ __typename @include(if: [${'1,'.repeat(251)}]) }`, 'BAD_USER_INPUT'],
    ['hundreds of faults', `{ program { ${many(300, (i) => `x${i}`)} } }`, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'hundreds of unused variables',
      `query (${many(300, (i) => `$v${i}: Int`)}) { __typename }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'introspection within introspection',
      `{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('%s', async (_, query, code) => {
    const refusal = await refused(query);
    expect(refusal.code).toBe(code);
    expect(refusal.message).not.toMatch(/call stack/i);
  });

  test('a list of 251 values in a variable', async () => {
    const { tom } = await staffOf(app);
    const { errors } = await app.send(
      tom,
      'mutation ($ids: [ID!]!) { approveCommissions(ids: $ids) { approved { id } } }',
      { ids: Array.from({ length: 251 }, () => 'x') },
    );
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'ids' });
  });

  test('a hundred bad values: no bug, and five errors', async () => {
    const { code } = await refused('query ($f: PartnerFilter) { partners(filter: $f) { totalCount } }', {
      f: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x${i}`, i])),
    });
    expect(code).toBe('BAD_USER_INPUT');
  });
});

describe('what our own clients send stays within the limits', () => {
  const texts = ['documents', 'playground/examples'].flatMap((name) => {
    const folder = join(import.meta.dirname, '../../src', name);
    const files = readdirSync(folder).filter((file) => file.endsWith('.graphql'));
    return files.map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const);
  });
  test.each(texts)('%s', (_, text) => {
    expect(excessOf(parse(text))).toBeNull();
  });
  test('the schema that the playground asks for', () => {
    expect(excessOf(parse(getIntrospectionQuery()))).toBeNull();
  });
  test('fifty names for one field', async () => {
    expect(Object.keys(await app.ask(analyst, `{ ${many(50, (i) => `a${i}: __typename`)} }`))).toHaveLength(
      50,
    );
  });
});
