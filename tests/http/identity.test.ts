import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { actorOfIdentity } from '../../src/http/admission/granted-roles.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import {
  granted,
  maria,
  OTHER_ORG,
  PARTNER_ORG,
  PROJECT,
  person,
  ROLES,
  STAFF_ORG,
  startIdentityProvider,
  type TestProvider,
} from '../support/identity-provider.ts';
import { type MadePartner, makePartner, staffOf } from '../support/make.ts';

const ME = '{ program { tenantId } partners { totalCount } }';
const UPDATE_PROGRAM =
  'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { identityOrgId } }';
const UPDATE_PARTNER =
  'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { identityOrgId } }';
const APPROVE_PAYOUT = 'mutation ($id: ID!) { approvePayout(id: $id) { status } }';

let provider: TestProvider;
let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: MadePartner;

async function start(env: Record<string, string> = {}): Promise<TestApp> {
  const made = await createTestApp({}, { ...provider.env, ...env });
  const by = await staffOf(made);
  await made.ask(by.admin, UPDATE_PROGRAM, { input: { identityOrgId: STAFF_ORG } });
  return made;
}

beforeAll(async () => {
  provider = await startIdentityProvider();
  app = await start();
  staff = await staffOf(app);
  partner = await makePartner(app, staff.manager, { identityOrgId: PARTNER_ORG });
  await makePartner(app, staff.manager);
});
afterAll(async () => {
  await app.close();
  await provider.stop();
});
afterEach(() => {
  vi.useRealTimers();
  provider.faults.clear();
  provider.asked.length = 0;
});

const refused = async (token: string, code = 'UNAUTHENTICATED', query = ME) =>
  expect((await app.refusal(token, query)).code).toBe(code);
const soon = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

describe('the organisations of the provider', () => {
  const orgs = async () =>
    app.ask(
      staff.admin,
      'query ($id: ID!) { program { identityOrgId } partner(id: $id) { identityOrgId } }',
      {
        id: partner.id,
      },
    );

  test('stores the organisation of the program and of a partner', async () => {
    expect(await orgs()).toEqual({
      program: { identityOrgId: STAFF_ORG },
      partner: { identityOrgId: PARTNER_ORG },
    });
  });

  test("only a platform administrator sets the tenant's organisation, and only a manager sets a partner's", async () => {
    const of = { input: { identityOrgId: '42' } };
    expect(await app.refusal(staff.manager, UPDATE_PROGRAM, of)).toMatchObject({
      code: 'FORBIDDEN',
      field: 'input.identityOrgId',
    });
    const stale = { signedInAt: new Date(Date.now() - 16 * 60_000) };
    const late = [
      await app.token('PLATFORM_ADMIN', stale),
      await app.token('PROGRAM_MANAGER', stale),
    ] as const;
    expect((await app.refusal(late[0], UPDATE_PROGRAM, of)).reason).toBe('STEP_UP_REQUIRED');
    expect((await app.refusal(late[1], UPDATE_PARTNER, { id: partner.id, ...of })).reason).toBe(
      'STEP_UP_REQUIRED',
    );
  });

  test('an organisation belongs to one partner', async () => {
    const { id } = await makePartner(app, staff.manager);
    const taken = { id, input: { identityOrgId: PARTNER_ORG } };
    expect((await app.refusal(staff.manager, UPDATE_PARTNER, taken)).code).toBe('CONFLICT');
    const free = async (identityOrgId: string | null) =>
      (await app.ask(staff.manager, UPDATE_PARTNER, { id, input: { identityOrgId } })).updatePartner;
    expect(await free('998')).toEqual({ identityOrgId: '998' });
    expect(await free(null)).toEqual({ identityOrgId: null });
    for (const identityOrgId of ['', 'with blanks', 'x'.repeat(201), 'ü'])
      expect(
        await app.refusal(staff.manager, UPDATE_PARTNER, { id, input: { identityOrgId } }),
      ).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.identityOrgId' });
  });
});

describe.each(['JWT', 'opaque token'])('the %s of a person', (kind) => {
  const token = async (claims: object) => (kind === 'JWT' ? provider.jwt(claims) : provider.opaque(claims));

  test('of staff acts for the tenant', async () => {
    expect(await app.ask(await token(maria), ME)).toEqual({
      program: { tenantId: 'acme' },
      partners: { totalCount: expect.toSatisfy((count) => count > 1) },
    });
  });

  test('of a partner reads that partner only', async () => {
    const olivia = person('1', PARTNER_ORG, { partner_owner: [PARTNER_ORG] });
    expect((await app.ask(await token(olivia), ME)).partners.totalCount).toBe(1);
  });

  test.each<[string, object, boolean]>([
    ['in another organisation', person('2', OTHER_ORG, { finance: [STAFF_ORG] }), false],
    ['for another organisation', person('2', STAFF_ORG, { finance: [OTHER_ORG] }), false],
    [
      'for its own organisation among others',
      person('2', STAFF_ORG, { finance: [OTHER_ORG, STAFF_ORG] }),
      true,
    ],
    ['of a partner in the staff organisation', person('2', STAFF_ORG, { partner_owner: [STAFF_ORG] }), false],
    ['of staff in a partner organisation', person('2', PARTNER_ORG, { finance: [PARTNER_ORG] }), false],
    ['of an organisation that is nobody here', person('2', '777', { finance: ['777'] }), false],
    ['that we do not know', person('2', STAFF_ORG, { cfo: [STAFF_ORG], SYSTEM: [STAFF_ORG] }), false],
    ['in capitals', person('2', STAFF_ORG, { FINANCE: [STAFF_ORG] }), true],
    ['in a mixture of both', person('2', STAFF_ORG, { Finance: [STAFF_ORG] }), false],
    ['without any', person('2', STAFF_ORG), false],
    ['without an organisation', { sub: '2', [ROLES]: granted({ finance: [STAFF_ORG] }) }, false],
    ['of a platform administrator elsewhere', person('2', STAFF_ORG, { platform_admin: [STAFF_ORG] }), false],
    [
      'as a list',
      { ...person('2', STAFF_ORG), [ROLES]: [{ user: { 1: 'a' } }, granted({ analyst: [STAFF_ORG] })] },
      true,
    ],
    ['as a list of names', { ...person('2', STAFF_ORG), [ROLES]: ['finance'] }, false],
    [
      'in the claim without a project',
      { ...person('2', STAFF_ORG), 'urn:zitadel:iam:org:project:roles': granted({ finance: [STAFF_ORG] }) },
      true,
    ],
    [
      'in the claim without a project, of another one',
      {
        ...person('2', STAFF_ORG),
        'urn:zitadel:iam:org:project:roles': granted({ finance: [STAFF_ORG] }),
        'urn:zitadel:iam:org:project:999:roles': granted({ finance: [STAFF_ORG] }),
      },
      false,
    ],
    ['as text', { ...person('2', STAFF_ORG), [ROLES]: 'finance' }, false],
    ['of nothing', { ...person('2', STAFF_ORG), [ROLES]: { finance: null, analyst: [STAFF_ORG] } }, false],
    [
      'by way of what every object has',
      {
        ...person('2', 'constructor'),
        [ROLES]: JSON.parse('{ "__proto__": { "finance": { "toString": 1 } }, "finance": {} }'),
      },
      false,
    ],
  ])('with a role %s: %o %s', async (_, claims, counts) => {
    const given = await token(claims);
    if (counts) return void (await app.ask(given, ME));
    expect(await app.refusal(given, ME)).toMatchObject({
      code: 'FORBIDDEN',
      message: 'You have no role yet. Ask a program manager for an invitation.',
    });
  });

  test('of a partner in the organisation of its own program is a guest', async () => {
    const { id } = await makePartner(app, staff.manager, { companyName: 'Insiders' });
    await app.ask(staff.manager, UPDATE_PARTNER, { id, input: { identityOrgId: STAFF_ORG } });
    const insider = await token(person('7', STAFF_ORG, { partner_owner: [STAFF_ORG] }));
    expect((await app.refusal(insider, ME)).message).toContain('You have no role yet');
    await app.ask(staff.manager, UPDATE_PARTNER, { id, input: { identityOrgId: null } });
  });

  test('of staff stays outside the partners of the program with a token that leaves its roles out', async () => {
    const ACCEPT = 'mutation ($token: String!) { acceptInvitation(token: $token) { memberId } }';
    const link = 'a'.repeat(43);
    await app.database.pool.query('delete from invitations');
    await app.database.pool.query("delete from members where email = 'insider@private.example'");
    await app.database.pool.query(
      `with made as (
         insert into members (id, tenant_id, partner_id, email, name, role, status, invited_by)
         select new_id(), tenant_id, id, 'insider@private.example', 'Insider', 'OWNER', 'INVITED', 'staff' from partners where id = $1
         returning *)
       insert into invitations (id, tenant_id, partner_id, member_id, nonce, token_hash, expires_at)
       select new_id(), tenant_id, partner_id, id, 'n', encode(sha256($2::bytea), 'hex'), now() + interval '1 day' from made`,
      [partner.id, link],
    );
    const insider = await token(person('8', STAFF_ORG, {}));
    expect((await app.refusal(insider, ACCEPT, { token: link })).code).toBe('NOT_FOUND');
    // Nor does a membership of earlier count.
    await app.database.pool.query(
      "update members set status = 'ACTIVE', issuer = $1, subject = '8', accepted_at = now() where email = 'insider@private.example'",
      [provider.env.OIDC_ISSUER],
    );
    expect((await app.refusal(await token(person('8', STAFF_ORG, {})), ME)).message).toContain(
      'You have no role yet',
    );
    await app.ask(await token(person('8', OTHER_ORG, {})), ME);
  });

  test('with several roles is the strongest, and not all of them', async () => {
    const all = { analyst: [STAFF_ORG], finance: [STAFF_ORG], program_manager: [STAFF_ORG] };
    const both = await token(person('3', STAFF_ORG, all));
    await app.ask(both, '{ fraudSettings { threshold } }'); // for managers, not for finance or analysts
    expect((await app.refusal(both, APPROVE_PAYOUT, { id: partner.id })).code).toBe('FORBIDDEN');
  });

  test.each<[string, object]>([
    ['for another audience', { aud: ['another-project'] }],
    ['for an audience that begins like ours', { aud: `${PROJECT}0` }],
    ['of another issuer', { iss: 'https://id.example.com' }],
    ['that has expired', { exp: soon(-61) }],
    ['that is not valid yet', { nbf: soon(600) }],
    ['from the future', { iat: soon(600) }],
    ['without a subject', { sub: undefined }],
    ['of a subject that is no text', { sub: { id: 1 } }],
    ['of a subject with a line break', { sub: '1\n2' }],
    ['of a subject without end', { sub: '1'.repeat(256) }],
    ['that tells a client who signed in, and is no credential', { at_hash: 'x', nonce: 'n' }],
  ])('%s is refused', async (_, change) => {
    await refused(await token({ ...maria, ...change }));
  });
});

test.each([
  ['the platform', { staffOf: null }, ['1']],
  ['its own program', { staffOf: 'acme' }, []],
])(
  'a person of an organisation that works for %s is no member of a partner',
  async (_, { staffOf }, platform) => {
    const identity = {
      subject: 'ann',
      organisation: '1',
      roles: ['partner_owner'],
      signedInAt: null,
      expiresAt: null,
    };
    const roleIn = async (platformOrganisations: string[], organisation: string | null) =>
      (
        await actorOfIdentity(identity as never, 'https://id.example.com', {
          platformOrganisations,
          organisationOf: async () => ({ staffOf: organisation, partner: { tenantId: 'acme', id: 'p' } }),
        })
      ).role;
    expect(await roleIn(platform, staffOf)).toBe('GUEST');
    expect(await roleIn([], null)).toBe('PARTNER');
    expect(await roleIn([], 'elsewhere')).toBe('PARTNER'); // it works for another program
  },
);
