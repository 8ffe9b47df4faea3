import {
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSchema } from '../../src/schema.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { makePartner } from '../support/make.ts';

/** What an attacker puts where a text, number or id belongs; each goes into every input of every operation. */
const HOSTILE: readonly unknown[] = [
  "' or '1'='1",
  "'; drop table partners; --",
  "1' union select secret from pg_authid --",
  '$1',
  "\\'; select pg_sleep(9); --",
  '%27%20OR%201=1',
  "{{constructor.constructor('return process')()}}",
  '<script>alert(1)</script>',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\r\nSet-Cookie: a=b',
  '\u202Etxt.exe',
  'z\u0300'.repeat(500),
  'a'.repeat(30_000),
  '../../etc/passwd',
  'NaN',
  'Infinity',
  '-Infinity',
  '1e100000',
  '-1',
  '0x10',
  '999999999999999999999999999999',
  '0.0000000000001',
  '٣٫١٤',
  Number.MAX_SAFE_INTEGER + 2,
  -1,
  0,
  1.5,
  2 ** 31,
  true,
  null,
  [],
  [[]],
  {},
  { constructor: { prototype: { polluted: 1 } } },
  JSON.parse('{"__proto__": {"polluted": 1}}'),
];

const SQL =
  /syntax error|relation "|column "|pg_|invalid input syntax|duplicate key|violates|select .* from/i;

const isNeeded = (field: GraphQLInputField): boolean => isRequiredInputField(field);

interface Leaf {
  readonly path: readonly string[];
}

/** Every place of an operation's arguments where a value can be put. */
function leavesOf(type: GraphQLInputType, path: readonly string[], depth = 0): Leaf[] {
  const named = getNamedType(type);
  if (isLeafType(named) || depth > 4) return [{ path }];
  if (!isInputObjectType(named)) return [];
  return [
    { path },
    ...Object.values(named.getFields()).flatMap((field) =>
      leavesOf(field.type, [...path, field.name], depth + 1),
    ),
  ];
}

let app: TestApp;
let schema: GraphQLSchema;
let known: { id: string; code: string };

/** A value that the type takes, so that one hostile value beside it reaches the resolver. */
function plausible(type: GraphQLInputType, name: string): unknown {
  const bare = getNullableType(type);
  if (isListType(bare)) return [plausible(bare.ofType, name)];
  if (isEnumType(bare)) return bare.getValues()[0]?.name;
  if (isInputObjectType(bare)) {
    const fields = Object.values(bare.getFields()).filter((field) => isNeeded(field));
    return Object.fromEntries(fields.map((field) => [field.name, plausible(field.type, field.name)]));
  }
  switch (getNamedType(bare).name) {
    case 'ID':
      return known.id;
    case 'Int':
    case 'Float':
      return 1;
    case 'Boolean':
      return false;
    case 'Decimal':
    case 'Percentage':
      return '1';
    case 'LocalDate':
      return '2026-01-01';
    case 'DateTime':
      return '2026-01-01T00:00:00Z';
    case 'EmailAddress':
      return 'nancy@northwind.example';
    case 'JSONObject':
      return {};
    default:
      return name === 'referralCode' ? known.code : 'x';
  }
}

function placed(
  into: unknown,
  [step, ...rest]: readonly string[],
  type: GraphQLInputType,
  value: unknown,
): unknown {
  if (step === undefined) return value;
  const named = getNamedType(type);
  const field = isInputObjectType(named) ? named.getFields()[step] : undefined;
  const isList = Array.isArray(into) || isListType(getNullableType(type));
  const base = (Array.isArray(into) ? into[0] : into) as Record<string, unknown> | undefined;
  const inner = placed(
    base?.[step] ?? (rest.length && field ? plausible(field.type, step) : null),
    rest,
    field?.type as GraphQLInputType,
    value,
  );
  const made = { ...base, [step]: inner };
  return isList ? [made] : made;
}

beforeAll(async () => {
  Error.stackTraceLimit = 0; // most requests are refused, and no stack is read
  app = await createTestApp();
  schema = await createSchema();
  const admin = await app.token('PLATFORM_ADMIN');
  const { id, referralCode } = await makePartner(app, admin, { payoutMethod: 'STRIPE' });
  known = { id, code: referralCode };
});
afterAll(() => app.close());

describe('refuses or stores hostile values in every input of every operation', () => {
  test('causes no bug, no SQL injection, no prototype pollution and no delay', async () => {
    const admin = await app.token('PLATFORM_ADMIN');
    const operations = [
      ...Object.values(schema.getQueryType()?.getFields() ?? {}).map((field) => ({ kind: 'query', field })),
      ...Object.values(schema.getMutationType()?.getFields() ?? {}).map((field) => ({
        kind: 'mutation',
        field,
      })),
    ];
    const requests: { name: string; query: string; variables: string }[] = [];
    for (const { kind, field } of operations) {
      const defined = field.args.map((arg) => `$${arg.name}: ${arg.type}`).join(', ');
      const passed = field.args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
      const selection = isLeafType(getNamedType(field.type)) ? '' : ' { __typename }';
      const query = `${kind}${defined && `(${defined})`} { ${field.name}${passed && `(${passed})`}${selection} }`;
      const plain = Object.fromEntries(
        field.args
          .filter((arg) => isRequiredArgument(arg) || arg.name === 'filter')
          .map((arg) => [arg.name, plausible(arg.type, arg.name)]),
      );
      for (const arg of field.args) {
        for (const { path } of leavesOf(arg.type, [])) {
          HOSTILE.forEach((value, index) => {
            const start = plain[arg.name] ?? plausible(arg.type, arg.name);
            const variables = { ...plain, [arg.name]: placed(start, path, arg.type, value) };
            requests.push({
              name: `${field.name}(${[arg.name, ...path].join('.')}) with value ${index}`,
              query,
              variables: JSON.stringify(variables),
            });
          });
        }
      }
    }
    const faults: string[] = [];
    const ask = async ({ name, query, variables }: (typeof requests)[number]) => {
      const started = performance.now();
      const { statusCode, body, headers } = await app.app.server.inject({
        method: 'POST',
        url: '/graphql',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${admin}` },
        payload: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
      });
      const took = performance.now() - started;
      const errors = (JSON.parse(body).errors ?? []) as { message: string; extensions: { code: string } }[];
      const bug = errors.some(({ extensions }) => extensions.code === 'INTERNAL_SERVER_ERROR');
      if (statusCode >= 500 || bug) faults.push(`${name}: ${statusCode} ${body.slice(0, 300)}`);
      if (errors.some(({ message }) => SQL.test(message)))
        faults.push(`${name} tells SQL: ${body.slice(0, 300)}`);
      if (body.length > 4_096 && errors.length) faults.push(`${name} repeats what it was given`);
      const marked = errors.find(({ message }) => /select pg_sleep|union select/.test(message));
      if (marked) faults.push(`${name} repeats the value: ${marked.message}`);
      if (took > 5_000) faults.push(`${name} took ${Math.round(took)} ms`);
      if ('set-cookie' in headers) faults.push(`${name} sets a header`);
    };
    const queue = requests.values();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (const request of queue) await ask(request);
      }),
    );
    console.log(`${requests.length} hostile requests over ${operations.length} operations`);
    expect({ faults: faults.slice(0, 20), logged: app.logged.slice(0, 3) }).toEqual({
      faults: [],
      logged: [],
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(requests.length).toBeGreaterThan(3_000);
  }, 300_000);
});
