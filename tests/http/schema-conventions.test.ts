import 'reflect-metadata';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  parse,
  validate,
} from 'graphql';
import { getMetadataStorage } from 'type-graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { createSchema } from '../../src/schema.ts';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await createSchema();
});

const types = () => Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type));

interface Place {
  readonly path: string;
  readonly description: string | null | undefined;
  readonly type: string | null;
}

/** Everything that the schema publishes, by its path. */
function* places(): Generator<Place> {
  for (const type of types()) {
    if (isScalarType(type) && isSpecifiedScalarType(type)) continue;
    const root = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].includes(
      type as never,
    );
    if (!root) yield { path: type.name, description: type.description, type: null };
    if (isEnumType(type))
      for (const { name, description } of type.getValues())
        yield { path: `${type.name}.${name}`, description, type: null };
    if (isObjectType(type) || isInputObjectType(type))
      for (const field of Object.values(type.getFields())) {
        yield {
          path: `${type.name}.${field.name}`,
          description: field.description,
          type: String(field.type),
        };
        if ('args' in field)
          for (const arg of field.args)
            yield {
              path: `${type.name}.${field.name}(${arg.name})`,
              description: arg.description,
              type: String(arg.type),
            };
      }
  }
}

describe('the schema', () => {
  test('describes everything that it publishes', () => {
    const evident = /^PartnerTier\./; // the rungs themselves: what each asks and gives is TierConfig
    const silent = [...places()].filter(
      ({ path, description }) => !description?.trim() && !evident.test(path),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
    expect([...places()].length).toBeGreaterThan(200);
  });

  test('serves every id as ID', () => {
    const named = [...places()].filter(({ path, type }) => type && /(^|[.(])(id|ids|\w+Id)\)?$/.test(path));
    // The caller's own ids are text: they are whatever the caller says. A mutation is named after what it does.
    const own =
      /^Mutation\.\w+$|^Query\.customer\(externalId\)$|\.(tenantId|externalId|subscriptionId|orderId|refundId)$|Input\.customerId$/;
    const wrong = named.filter(({ path, type }) => !own.test(path) && !/^\[?ID!?\]?!?$/.test(type ?? ''));
    expect(wrong.map(({ path, type }) => `${path}: ${type}`)).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });

  test('has no Float anywhere: money is text, rates are percentages of their own', () => {
    const floats = [...places()].filter(({ type }) => type?.includes('Float'));
    expect(floats.map(({ path }) => path)).toEqual([]);
    expect(schema.getType('Float')).toBeUndefined();
  });

  test('serves every amount of money as Money', () => {
    const money =
      /(amount|revenue|payable|pending|inTransit|paid|earned|minimum\w*|creditLimit|totals|value)$/i;
    const wrong = types()
      .filter(isObjectType)
      .flatMap((type) =>
        Object.values(type.getFields()).map((field) => ({ path: `${type.name}.${field.name}`, field })),
      )
      .filter(
        ({ path, field }) =>
          money.test(field.name) && path !== 'Money.amount' && getNamedType(field.type).name !== 'Money',
      );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('returns every list as a connection with edges, a page and a count', () => {
    const connections = types().filter((type) => isObjectType(type) && type.name.endsWith('Connection'));
    expect(connections.length).toBeGreaterThan(3);
    for (const type of connections)
      expect(isObjectType(type) && new Set(Object.keys(type.getFields()))).toEqual(
        new Set(['edges', 'nodes', 'pageInfo', 'totalCount', 'totalCountIsExact']),
      );
    const lists = [schema.getQueryType(), schema.getType('Partner'), schema.getType('Payout')]
      .filter(isObjectType)
      .flatMap((type) => Object.values(type.getFields()))
      .filter(({ type }) => getNamedType(type).name.endsWith('Connection'));
    for (const { name, args } of lists)
      expect(
        args.map((arg) => arg.name),
        name,
      ).toEqual(expect.arrayContaining(['first', 'after', 'last', 'before']));
  });

  test('has an id only on rows, which `node` returns by it', () => {
    const node = schema.getType('Node');
    const rows = isInterfaceType(node) ? schema.getPossibleTypes(node).map(({ name }) => name) : [];
    const others = types()
      .filter(isObjectType)
      .filter((type) => type.getFields()['id'] && !type.getFields()['id']?.deprecationReason)
      .map(({ name }) => name)
      .filter((name) => !rows.includes(name));
    expect(others).toEqual(['Viewer']); // the identity of the caller
  });

  test('returns null for a root field that fails', () => {
    const roots = [schema.getQueryType(), schema.getMutationType()].filter(isObjectType);
    const required = roots
      .flatMap((type) => Object.values(type.getFields()))
      .filter(({ type }) => isNonNullType(type));
    expect(required.map(({ name }) => name)).toEqual([]);
  });

  test('names its enum values in upper case', () => {
    const values = types()
      .filter(isEnumType)
      .flatMap((type) => type.getValues().map(({ name }) => name));
    expect(values.filter((name) => !/^[A-Z]+(_[A-Z]+)*$/.test(name))).toEqual([]);
    expect(values.length).toBeGreaterThan(40);
  });
});

test('every operation names its permitted roles, or is explicitly open', () => {
  const open = ['trackReferral'];
  const toAnyoneKnown = ['viewer', 'acceptInvitation', 'signOut'];
  const { queries, mutations, subscriptions, authorizedFields } = getMetadataStorage();
  const guarded = new Map(
    authorizedFields.map(({ target, fieldName, roles }) => [`${target.name}.${fieldName}`, roles]),
  );
  const operations = [...queries, ...mutations, ...subscriptions];
  const asking = (permissions: 0 | undefined) =>
    operations
      .filter(({ target, methodName }) => guarded.get(`${target.name}.${methodName}`)?.length === permissions)
      .map(({ schemaName }) => schemaName);
  expect(asking(undefined)).toEqual(open);
  expect(asking(0)).toEqual(toAnyoneKnown);
  const published = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap(
    (type) => Object.keys(type?.getFields() ?? {}),
  );
  expect(new Set(operations.map(({ schemaName }) => schemaName))).toEqual(new Set(published));
});

describe('the operations of clients are valid', () => {
  const root = join(import.meta.dirname, '../..');
  const folders = ['src/documents', 'src/playground/examples', '../shared/contract']
    .map((folder) => join(root, folder))
    .filter((folder) => {
      if (existsSync(folder)) return true;
      process.stderr.write(`Skipped: there is no ${folder} to check.\n`);
      return false;
    });
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.graphql'))
      .map((name) => join(folder, name)),
  );

  test.each(files)('%s', (file) => {
    const document = parse(readFileSync(file, 'utf8'));
    expect(validate(schema, document).map(({ message }) => message)).toEqual([]);
    expect(document.definitions.length).toBeGreaterThan(0);
  });

  test('the examples exist', () => {
    expect(files.length).toBeGreaterThanOrEqual(5);
  });
});
