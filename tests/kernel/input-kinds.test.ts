import { randomUUID } from 'node:crypto';
import {
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { getMetadataStorage } from 'type-graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kindOf } from '../../src/kernel/request/kinds.ts';
import { createSchema } from '../../src/schema.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { staffOf } from '../support/make.ts';

let schema: GraphQLSchema;
let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  schema = await createSchema();
  app = await createTestApp();
  staff = await staffOf(app);
});
afterAll(() => app.close());

const LONG = 'x'.repeat(5_000);
const BLANKS = [
  '',
  ' ',
  '\u00a0',
  '\u3000',
  '\u200b\u200b',
  '\u2800',
  '\u3164',
  '\u115f',
  '\u2060\u00ad',
  '\u{e0020}',
];

/** Texts that no field of the kind takes. */
const hostile: Readonly<Record<string, readonly string[]>> = {
  TEXT: [...BLANKS, LONG],
  ID: [
    ...BLANKS,
    LONG,
    'a\u200bb',
    'a\u00adb',
    'a\u202eb',
    'a\u0007b',
    'a\nb',
    '\ufeffa',
    'a\u200d',
    'a\u2800b',
  ],
  CURRENCY: ['', 'usd', 'US', '€', 'XXX', 'XAU', 'XTS', 'ZZZ', 'ANG', 'CUC', 'BGN', 'USD ', 'ＵＳＤ'],
  KNOWN_CURRENCY: ['', 'usd', 'US', '€', 'XXX', 'XAU', 'ZZZ'],
  COUNTRY: ['', 'UK', 'EL', 'de', 'D', 'DEU', 'XX', 'ZZ', 'EU', 'AN', 'SU', 'ＤＥ'],
  EMAIL: [
    ...['', 'a', 'a@', '@x.example', 'a@b', 'a..b@x.example', '.a@x.example', 'a.@x.example', 'a@x..example'],
    ...[
      'a@-x.example',
      'a@x-.example',
      'a@x.example.',
      'a b@x.example',
      'a@x.example\nb',
      'a@x\u200b.example',
    ],
    ...[
      'a@127.0.0.1',
      'a@[127.0.0.1]',
      'a@x.1',

      'ä@x.example',
      '"a"@x.example',
      'a@x%41.example',
    ],
    ...[
      `${'a'.repeat(65)}@x.example`,
      `a@${'x'.repeat(64)}.example`,
      `a@${'x.'.repeat(130)}example`,
      'a@b@x.example',
    ],
  ],
  DOMAIN: [
    '',
    'a',
    'a..b',
    '-a.example',
    'a-.example',
    'a.example/',
    'a b.example',
    '127.0.0.1',
    'a\u200b.example',
    'a.example:80',
  ],
  TIME_ZONE: ['', 'Factory', 'Europe/Nowhere', '+01:00', 'europe/berlin', 'posix/UTC', 'localtime', LONG],
  HOST: [
    '',
    'SHOP.example',
    'https://shop.example',
    'shop.example/',
    'a b',
    'shop.example:',
    'shop.example:1234567',
    'm\u00fcller.example',
  ],
  PATTERN: ['', ' ', '\u200b', 'ä', 'a b', LONG],
  LINK_CODE: ['', ' ', '\u200b', '.', 'a b', 'ä', 'a.b', 'x'.repeat(65), LONG],
  OWN_RULES: [LONG],
};

/** A text that each field of the kind takes. */
const fine: Readonly<Record<string, string>> = {
  TEXT: 'Text',
  ID: 'id-1',
  CURRENCY: 'USD',
  KNOWN_CURRENCY: 'USD',
  COUNTRY: 'DE',
  EMAIL: 'a@x.example',
  DOMAIN: 'x.example',
  TIME_ZONE: 'UTC',
  HOST: 'x.example',
  PATTERN: 'ABCD',
  LINK_CODE: 'ABCD',
  OWN_RULES: 'x',
};

const scalars: Readonly<Record<string, unknown>> = {
  ...{ Decimal: '1', Percentage: '10', Int: 1, Boolean: true, JSONObject: {}, EmailAddress: fine['EMAIL'] },
  ...{ DateTime: '2026-01-31T12:00:00Z', LocalDate: '2026-01-31' },
};

function kindOfField(type: GraphQLInputObjectType, name: string): string | null {
  const { inputTypes } = getMetadataStorage();
  const target = inputTypes.find((each) => each.name === type.name)?.target as { prototype: object };
  return kindOf(target.prototype, name)?.name ?? null;
}

function sample(type: GraphQLInputType, kind: string | null): unknown {
  if (isNonNullType(type)) return sample(type.ofType, kind);
  if (isListType(type)) return [sample(type.ofType, kind)];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (isInputObjectType(type)) return required(type);
  const { name } = getNamedType(type);
  return name === 'String' || kind ? fine[kind ?? ''] : name === 'ID' ? randomUUID() : scalars[name];
}

const required = (type: GraphQLInputObjectType): Record<string, unknown> =>
  Object.fromEntries(
    Object.values(type.getFields())
      .filter(({ type: of }) => isNonNullType(of))
      .map((field) => [field.name, sample(field.type, kindOfField(type, field.name))]),
  );

interface Place {
  readonly kind: string;
  /** The path that a refusal names. */
  readonly field: string;
  /** The input with the text in its place. */
  with(text: string): unknown;
}

/** The text fields of an input and of its nested inputs. */
function* placesOf(
  type: GraphQLInputObjectType,
  path: string,
  within: readonly string[] = [],
): Generator<Place> {
  for (const { name, type: of } of Object.values(type.getFields())) {
    const named = getNamedType(of);
    const many = isListType(isNonNullType(of) ? of.ofType : of);
    const put = (value: unknown) => ({ ...required(type), [name]: many ? [value] : value });
    const kind = named.name === 'EmailAddress' ? 'EMAIL' : kindOfField(type, name);
    const field = `${path}.${name}`;
    if (kind) yield { kind, field, with: put };
    if (!isInputObjectType(named) || within.includes(named.name)) continue;
    for (const inner of placesOf(named, many ? `${field}.0` : field, [...within, named.name]))
      yield { ...inner, with: (text) => put(inner.with(text)) };
  }
}

interface Call extends Place {
  readonly operation: string;
  readonly query: string;
  readonly variables: (text: string) => object;
}

/** The kinds of arguments that are text; the other arguments are inputs. */
const kindsOfArguments: Readonly<Record<string, string>> = {
  reason: 'TEXT',
  currency: 'KNOWN_CURRENCY',
  externalId: 'ID',
  token: 'SECRET',
  content: 'FILE',
  csv: 'FILE',
};

/** Every text that an operation takes, with a call that sends a text in its place. */
function* calls(): Generator<Call> {
  for (const [word, root] of [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
  ] as const)
    for (const { name, args, type } of Object.values(root?.getFields() ?? {})) {
      const declared = args.map((each) => `$${each.name}: ${each.type}`).join(', ');
      const passed = args.map((each) => `${each.name}: $${each.name}`).join(', ');
      const selection = 'getFields' in getNamedType(type) ? ' { __typename }' : '';
      const query = `${word} (${declared}) { ${name}(${passed})${selection} }`;
      const others = Object.fromEntries(
        args
          .filter((each) => isNonNullType(each.type))
          .map((each) => [each.name, sample(each.type, isText(each.type) ? 'TEXT' : null)]),
      );
      for (const arg of args) {
        const of = getNamedType(arg.type);
        const call = (place: Place): Call => ({
          ...place,
          operation: name,
          query,
          variables: (text) => ({ ...others, [arg.name]: place.with(text) }),
        });
        const kind = isText(arg.type) && kindsOfArguments[arg.name];
        if (kind) yield call({ kind, field: arg.name, with: (text) => text });
        if (isInputObjectType(of)) for (const place of placesOf(of, arg.name)) yield call(place);
      }
    }
}

const isText = (type: GraphQLInputType): boolean => getNamedType(type).name === 'String';

test('every argument that is text has a kind', () => {
  const texts = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) || isInputObjectType(type))
    .flatMap((type) => Object.values(type.getFields()))
    .flatMap((field) => ('args' in field ? field.args : []))
    .filter(({ name, type }) => isText(type) && !['after', 'before'].includes(name));
  const undecided = texts.map(({ name }) => name).filter((name) => !kindsOfArguments[name]);
  expect(undecided).toEqual([]);
});

test('every text field of every input has a kind', () => {
  const undecided = Object.values(schema.getTypeMap())
    .filter(isInputObjectType)
    .flatMap((type) =>
      Object.values(type.getFields())
        .filter(
          (field) => getNamedType(field.type).name === 'String' && kindOfField(type, field.name) === null,
        )
        .map((field) => `${type.name}.${field.name}`),
    );
  expect(undecided, 'give these a decorator of src/kernel/request/kinds.ts').toEqual([]);
});

describe('every operation refuses a hostile text and names its field:', () => {
  test.each(Object.keys(hostile))(
    '%s',
    async (kind) => {
      const wrong: string[] = [];
      let sent = 0;
      for (const { operation, field, query, variables } of [...calls()].filter((call) => call.kind === kind))
        for (const text of hostile[kind] as readonly string[]) {
          const { errors } = await app.send(staff.admin, query, variables(text));
          const { code, field: named } = errors?.[0]?.extensions ?? {};
          if (code === 'FORBIDDEN') continue; // an operation of a partner
          sent++;
          if (code !== 'BAD_USER_INPUT' || !named?.startsWith(field))
            wrong.push(
              `${operation} ${field} ${JSON.stringify(text.slice(0, 30))}: ${errors?.[0]?.message ?? 'taken'} (${named})`,
            );
        }
      expect(wrong).toEqual([]);
      expect(sent).toBeGreaterThanOrEqual((hostile[kind] as readonly string[]).length);
    },
    120_000,
  );
});
