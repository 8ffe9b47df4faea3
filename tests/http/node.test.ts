import { randomUUID } from 'node:crypto';
import { type GraphQLSchema, getNamedType, isInterfaceType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSchema } from '../../src/schema.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { makeWorld, type World } from '../support/operations.ts';

let app: TestApp;
let world: World;
let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await createSchema();
  app = await createTestApp();
  world = await makeWorld(app);
  for (const make of [world.pending, world.approved, world.held, world.payout, world.click]) await make();
});
afterAll(() => app.close());

const NODE = 'query ($id: ID!) { node(id: $id) { __typename id } }';

/** The type of the rows of a field, e.g. Partner of PartnerConnection. */
function rowOf(field: { type: unknown }): string {
  const type = getNamedType(field.type as never);
  const rows = isObjectType(type) ? type.getFields()['nodes'] : undefined;
  return getNamedType(rows?.type ?? (field.type as never)).name;
}
const queries = () => Object.values(schema.getQueryType()?.getFields() ?? {});

describe('node', () => {
  test('returns a row of each list by its id, and its fields by its type', async () => {
    const seen = new Set<string>();
    for (const field of queries().filter(({ args }) => args.some(({ name }) => name === 'first'))) {
      if (field.args.some(({ type }) => String(type).endsWith('!'))) continue;
      const { list } = await app.ask(
        world.as.admin,
        `{ list: ${field.name}(first: 1) { nodes { __typename id } } }`,
      );
      const [row] = list.nodes;
      if (!row || row.__typename === 'Touch') continue; // it may have the id of its referral
      expect((await app.ask(world.as.admin, NODE, { id: row.id })).node, field.name).toEqual(row);
      seen.add(row.__typename);
    }
    expect([...seen]).toEqual(
      expect.arrayContaining(['Partner', 'Commission', 'Payout', 'Referral', 'AuditEvent']),
    );
    const { partners } = await app.ask(world.as.admin, '{ partners(first: 1) { nodes { id companyName } } }');
    const { node } = await app.ask(
      world.as.admin,
      'query ($id: ID!) { node(id: $id) { id ... on Partner { companyName commissions(first: 1) { totalCount } } ... on Payout { amount { amount } } } }',
      { id: partners.nodes[0].id },
    );
    expect(node).toEqual({ ...partners.nodes[0], commissions: { totalCount: expect.any(Number) } });
  });

  test('returns null for what the caller may not see, and for what does not exist', async () => {
    const { partners, auditEvents } = await app.ask(
      world.as.admin,
      '{ partners { nodes { id } } auditEvents(first: 1) { nodes { id } } }',
    );
    const ids: string[] = partners.nodes.map(({ id }: { id: string }) => id);
    const ofPartner = await app.ask(world.as.partner, 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      ids,
    });
    expect(ofPartner.nodes.filter(Boolean)).toHaveLength(1);
    const stranger = await app.token('PROGRAM_MANAGER', { tenant: 'elsewhere' });
    for (const id of [...ids, randomUUID()]) expect((await app.ask(stranger, NODE, { id })).node).toBeNull();
    const audit = { id: auditEvents.nodes[0].id };
    expect((await app.ask(world.as.analyst, NODE, audit)).node).toBeNull();
    expect(await app.refusal(null, NODE, audit)).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('keeps the order of the ids, and refuses too many and malformed ones', async () => {
    const ask = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const { partners } = await app.ask(world.as.admin, '{ partners(first: 2) { nodes { id } } }');
    const [a, b] = partners.nodes;
    const { nodes } = await app.ask(world.as.admin, ask, { ids: [b.id, randomUUID(), a.id, b.id] });
    expect(nodes).toEqual([b, null, a, b]);
    expect((await app.ask(world.as.admin, ask, { ids: [] })).nodes).toEqual([]);
    const many = Array.from({ length: 101 }, () => randomUUID());
    expect(await app.refusal(world.as.admin, ask, { ids: many })).toMatchObject({ field: 'ids' });
    expect(await app.refusal(world.as.admin, ask, { ids: ['x'] })).toMatchObject({ field: 'ids.0' });
  });

  test('takes two statements for rows of one type', async () => {
    const { partners } = await app.ask(world.as.admin, '{ partners(first: 20) { nodes { id } } }');
    app.statements.length = 0;
    await app.ask(
      world.as.admin,
      'query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Partner { companyName } } }',
      {
        ids: partners.nodes.map(({ id }: { id: string }) => id),
      },
    );
    expect(app.statements.length).toBe(2);
  });

  test('asks for the permission that the queries of a type ask for', async () => {
    const wanted = new Map(queries().map((field) => [rowOf(field), String(field.extensions['permissions'])]));
    const node = schema.getType('Node');
    const types = isInterfaceType(node) ? schema.getPossibleTypes(node) : [];
    expect(types.length).toBeGreaterThan(30);
    const guarded = types.filter(({ name }) => (wanted.get(name) ?? 'program:read') !== 'program:read');
    const { list } = { list: guarded.map(({ name }) => name) };
    expect(list).toEqual([
      ...[
        'ApiKey',
        'AuditEvent',
        'BankFile',
        'BankPayment',
        'BankStatusImport',
        'Erasure',
        'Member',
        'PayoutRun',
      ],
      ...['PersonExport', 'ProposedExchangeRate', 'RailEvent', 'Reconciliation'],
    ]);
  });
});

describe('viewer', () => {
  const VIEWER = `{ viewer { id name email role memberRole tenantId partner { id companyName } permissions
    credential { kind expiresAt } } }`;

  test('says who a manager is, and what it may do', async () => {
    const { viewer } = await app.ask(world.as.manager, VIEWER);
    expect(viewer).toMatchObject({
      ...{
        name: null,
        email: null,
        role: 'PROGRAM_MANAGER',
        memberRole: null,
        tenantId: 'acme',
        partner: null,
      },
      credential: { kind: 'TOKEN', expiresAt: expect.stringMatching(/Z$/) },
    });
    expect(viewer.permissions).toEqual(viewer.permissions.toSorted());
    expect(viewer.permissions).toContain('PARTNER_CREATE');
    expect(viewer.permissions).not.toContain('PAYOUT_DECIDE');
  });

  test('says of which partner a caller is', async () => {
    const { viewer } = await app.ask(world.as.partner, VIEWER);
    expect(viewer).toMatchObject({
      role: 'PARTNER',
      memberRole: 'OWNER',
      partner: { companyName: expect.any(String) },
    });
  });

  test('says the name and the end of an API key', async () => {
    const { createApiKey } = await app.ask(
      world.as.manager,
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id name expiresAt } } }',
      { input: { name: 'shop', scopes: ['READ'] } },
    );
    const { viewer } = await app.ask(createApiKey.secret, VIEWER);
    expect(viewer).toMatchObject({ name: 'shop', permissions: ['PROGRAM_READ'] });
    expect(viewer.credential).toEqual({ kind: 'API_KEY', expiresAt: createApiKey.apiKey.expiresAt });
  });

  test('is also for guests, and not for strangers', async () => {
    const { viewer } = await app.ask(await app.token('GUEST'), VIEWER);
    expect(viewer).toMatchObject({ role: 'GUEST', tenantId: null, partner: null, permissions: [] });
    expect(await app.refusal(null, VIEWER)).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
