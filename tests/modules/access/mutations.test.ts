import { getNamedType, isInputObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stepUps, takesAccessAway, whileSuspended } from '../../../src/policies/mutations.ts';
import { createSchema } from '../../../src/schema.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { call, FIFTY } from '../../support/calls.ts';
import { CREATE_API_KEY, INVITE, makePartner, unknownId } from '../../support/make.ts';
import { makeWorld, ok, operations, people, type World } from '../../support/operations.ts';

let app: TestApp;
let world: World;
beforeAll(async () => {
  app = await createTestApp();
  world = await makeWorld(app);
});
afterAll(() => app.close());

const schema = await createSchema();
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
const STALE = new Date(Date.now() - 16 * 60_000);

describe('the list of mutations', () => {
  test('decides for every mutation of the schema whether it needs a fresh sign-in', () => {
    expect(new Set(Object.keys(stepUps))).toEqual(new Set(mutations.map(({ name }) => name)));
    for (const name of [...takesAccessAway, ...whileSuspended]) expect(stepUps[name]).toBe('NEVER');
  });

  test('names only arguments that the schema has, and the description of the mutation says so', () => {
    for (const { name, args, description } of mutations) {
      const stepUp = stepUps[name];
      expect(/sign-in within the last 15 minutes/.test(description ?? '')).toBe(stepUp !== 'NEVER');
      if (typeof stepUp !== 'object') continue;
      for (const argument of stepUp) {
        const [path = ''] = argument.split('=');
        const [first, second] = path.split('.');
        const given = args.find((each) => each.name === first);
        const type = given && getNamedType(given.type);
        expect(type, argument).toBeDefined();
        if (second) expect(isInputObjectType(type) && type.getFields()[second], argument).toBeTruthy();
      }
    }
  });
});

describe('a session that signed in 16 minutes ago', () => {
  test.each(Object.keys(stepUps).filter((name) => stepUps[name] === 'ALWAYS'))('cannot %s', async (name) => {
    const { document, variables } = operations[name] as (typeof operations)[string];
    const token = await app.token('PLATFORM_ADMIN', { signedInAt: STALE });
    expect(await app.refusal(token, document, variables?.(unknownId()))).toMatchObject({
      code: 'FORBIDDEN',
      reason: 'STEP_UP_REQUIRED',
    });
  });

  const CREATE = 'mutation ($input: CreatePartnerInput!) { createPartner(input: $input) { id } }';

  test.each([
    { commissionRate: 90 },
    { tier: 'DIAMOND' },
    { affiliate: { firstPurchaseOnly: false } },
    { identityOrgId: 'org-9' },
  ])('cannot create a partner with %j, but one with the terms of the program', async (terms) => {
    const token = await app.token('PROGRAM_MANAGER', { signedInAt: STALE });
    const input = { partnerType: 'AFFILIATE', companyName: 'Nine Ltd', email: 'nine@example.com' };
    expect(await app.refusal(token, CREATE, { input: { ...input, ...terms } })).toMatchObject({
      reason: 'STEP_UP_REQUIRED',
    });
    await app.ask(token, CREATE, { input: { ...input, payoutMethod: 'BANK_TRANSFER' } });
  });

  const UPDATE =
    'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }';

  test.each([
    { commissionRate: 90 },
    { commissionRate: null },
    { tier: 'DIAMOND' },
    { affiliate: { firstPurchaseOnly: false } },
    { email: 'new@example.com' },
    { status: 'ACTIVE' },
  ])('cannot give a partner %j, but may change what decides nothing', async (input) => {
    const token = await app.token('PROGRAM_MANAGER', { signedInAt: STALE });
    const { id } = world.partner;
    expect(await app.refusal(token, UPDATE, { id, input })).toMatchObject({ reason: 'STEP_UP_REQUIRED' });
    await app.ask(token, UPDATE, { id, input: { contactName: 'Ann' } });
  });

  test('may suspend a partner, but only a fresh one activates it again', async () => {
    const { id } = await makePartner(app, world.maker);
    const token = await app.token('PROGRAM_MANAGER', { signedInAt: STALE });
    await app.ask(token, UPDATE, { id, input: { status: 'SUSPENDED' } });
    expect(await app.refusal(token, UPDATE, { id, input: { status: 'ACTIVE' } })).toMatchObject({
      reason: 'STEP_UP_REQUIRED',
    });
    await app.ask(world.staff.manager, UPDATE, { id, input: { status: 'ACTIVE' } });
  });

  test('decides the fields of a new partner like those of a known one', () => {
    const decided = stepUps['updatePartner'];
    if (typeof decided !== 'object') throw new Error('updatePartner decides by its arguments');
    const fields = (name: string) => {
      const type = mutations
        .find((each) => each.name === name)
        ?.args.find(({ name: arg }) => arg === 'input')?.type;
      const input = type && getNamedType(type);
      return isInputObjectType(input) ? Object.keys(input.getFields()) : [];
    };
    const settable = fields('createPartner').map((field) => `input.${field}`);
    // An address that a partner had from the start is compared with every buyer.
    expect(stepUps['createPartner']).toEqual(
      decided.filter((each) => settable.includes(each) && each !== 'input.email'),
    );
  });

  test("cannot change a partner's own e-mail address, but a fresh one can", async () => {
    const { id } = world.partner;
    const change = { id, input: { email: 'own@example.com' } };
    const stale = await app.token('PARTNER', { partner: id, signedInAt: STALE });
    expect(await app.refusal(stale, UPDATE, change)).toMatchObject({ reason: 'STEP_UP_REQUIRED' });
    await app.ask(await app.token('PARTNER', { partner: id }), UPDATE, change);
  });

  test('cannot say that a bank file never left, but may cancel a draft', async () => {
    const token = await app.token('FINANCE', { signedInAt: STALE });
    const cancel = (id: string, neverSubmitted: boolean) =>
      app.send(
        token,
        'mutation ($id: ID!, $never: Boolean!) { cancelBankFile(id: $id, reason: "x", neverSubmitted: $never) { id } }',
        { id, never: neverSubmitted },
      );
    expect((await cancel(await world.bankFile('DRAFT'), true)).errors?.[0]?.extensions.reason).toBe(
      'STEP_UP_REQUIRED',
    );
    expect((await cancel(await world.bankFile('DRAFT'), false)).errors).toBeUndefined();
  });
});

describe('a member of a SUSPENDED partner', () => {
  const ofPartners = mutations.filter(
    ({ name }) => operations[name]?.answers[people.indexOf('partner')] === ok,
  );

  test('the walk covers the mutations that a partner may call', () => {
    expect(ofPartners.length).toBeGreaterThan(15);
  });

  test.each(ofPartners.map(({ name }) => name))(
    '%s is refused unless it only ends its own session',
    async (name) => {
      const { id } = await makePartner(app, world.maker);
      const owner = await app.token('PARTNER', { partner: id });
      await app.ask(
        world.staff.manager,
        'mutation ($id: ID!) { updatePartner(id: $id, input: { status: SUSPENDED }) { id } }',
        { id },
      );
      const { document, variables } = operations[name] as (typeof operations)[string];
      const { errors } = await app.send(owner, document, variables?.(unknownId()));
      const reason = errors?.[0]?.extensions.reason ?? null;
      if (whileSuspended.has(name)) expect(reason).not.toBe('PARTNER_SUSPENDED');
      else expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', reason: 'PARTNER_SUSPENDED' });
    },
  );

  test('still reads, and acts again as soon as the program activates the partner', async () => {
    const { id } = await makePartner(app, world.maker);
    const owner = await app.token('PARTNER', { partner: id });
    const setStatus = (status: string) =>
      app.ask(
        world.staff.manager,
        'mutation ($id: ID!, $status: PartnerStatus) { updatePartner(id: $id, input: { status: $status }) { id } }',
        { id, status },
      );
    const rename = () =>
      app.send(
        owner,
        'mutation ($id: ID!) { updatePartner(id: $id, input: { contactName: "Ann" }) { id } }',
        {
          id,
        },
      );
    await setStatus('SUSPENDED');
    expect((await rename()).errors?.[0]?.extensions.reason).toBe('PARTNER_SUSPENDED');
    await app.ask(
      owner,
      'query ($id: ID!) { partner(id: $id) { status commissions { edges { node { id } } } } }',
      {
        id,
      },
    );
    await setStatus('ACTIVE');
    expect((await rename()).errors).toBeUndefined();
  });
});

describe('taking access away', () => {
  const REVOKE = 'mutation ($id: ID!) { revokeApiKey(id: $id) { id } }';

  async function spent() {
    const { id } = await makePartner(app, world.maker, { tier: 'BRONZE' });
    const owner = await app.token('PARTNER', { partner: id, user: `owner of ${id}` });
    const { createApiKey } = await app.ask(owner, CREATE_API_KEY, {
      input: { partnerId: id, name: 'server', scopes: ['READ'] },
    });
    const leaked: string = createApiKey.secret;
    for (let calls = 1; calls < 1_000; calls += 50) await call(app.app, { token: leaked, query: FIFTY });
    while ((await call(app.app, { token: leaked })).status === 200);
    return { id, owner, leaked, keyId: createApiKey.apiKey.id as string };
  }

  test('a leaked key that spent the budget is found and revoked by its owner, who then signs out', async () => {
    const { owner, leaked, keyId } = await spent();
    expect(await call(app.app, { token: owner })).toMatchObject({ status: 429 });
    const { apiKeys } = await app.ask(owner, '{ apiKeys { edges { node { id } } } }');
    expect(apiKeys.edges).toMatchObject([{ node: { id: keyId } }]);
    expect(await app.ask(owner, REVOKE, { id: keyId })).toEqual({ revokeApiKey: { id: keyId } });
    expect(await call(app.app, { token: leaked })).toMatchObject({ status: 401 });
    expect(await app.ask(owner, 'mutation { signOut }')).toEqual({ signOut: true });
  });

  test('nothing else passes a spent budget, and the key itself passes nothing', async () => {
    const { id, owner, leaked, keyId } = await spent();
    for (const query of [
      '{ __typename }',
      `mutation { revokeApiKey(id: "${keyId}") { id } createCoupon: signOut trackReferral(input: { referralCode: "X" }) { id } }`,
      '{ a: apiKeys { edges { node { id } } } b: apiKeys { edges { node { id } } } }',
      '{ nonsense }',
    ])
      expect(await call(app.app, { token: owner, query })).toMatchObject({ status: 429 });
    const member = { partnerId: id, input: { email: 'm@example.com', name: 'Mia', role: 'MANAGER' } };
    expect(await call(app.app, { token: owner, query: INVITE, variables: member })).toMatchObject({
      status: 429,
    });
    expect(await call(app.app, { token: leaked, query: REVOKE, variables: { id: keyId } })).toMatchObject({
      status: 429,
    });
  });

  test('takes no call of a budget that is not spent', async () => {
    const { id } = await makePartner(app, world.maker, { tier: 'BRONZE' });
    const owner = await app.token('PARTNER', { partner: id });
    const { remaining } = await call(app.app, { token: owner });
    for (let i = 0; i < 3; i++)
      expect(
        await call(app.app, { token: owner, query: REVOKE, variables: { id: unknownId() } }),
      ).toMatchObject({ remaining });
    expect(await call(app.app, { token: owner, query: 'mutation { signOut }' })).toMatchObject({ remaining });
  });

  test('is bounded for each credential, and counts like other calls beyond that', async () => {
    const { id } = await makePartner(app, world.maker, { tier: 'BRONZE' });
    const owner = await app.token('PARTNER', { partner: id });
    let remaining = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 70; i++)
      ({ remaining } = await call(app.app, { token: owner, query: REVOKE, variables: { id: unknownId() } }));
    expect(remaining).toBeLessThan(1_000);
  });
});
