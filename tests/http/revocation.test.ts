import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import {
  faults,
  maria,
  PARTNER_ORG,
  PROJECT,
  person,
  STAFF_ORG,
  startIdentityProvider,
  type TestProvider,
} from '../support/identity-provider.ts';
import { CREATE_PAYOUT, type MadePartner, makeApproved, makePartner, staffOf } from '../support/make.ts';

const UPDATE_PROGRAM = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { tenantId } }';
const ME = '{ program { tenantId } }';
const APPROVE_PAYOUT = 'mutation ($id: ID!) { approvePayout(id: $id) { status } }';
const INTROSPECTION = '/oauth/v2/introspect';

let provider: TestProvider;
let app: TestApp;

/** A process of its own, which knows nothing of the provider yet. */
async function start(env: Record<string, string> = {}): Promise<TestApp> {
  const made = await createTestApp({}, { ...provider.env, ...env });
  const admin = await made.token('PLATFORM_ADMIN');
  await made.ask(admin, UPDATE_PROGRAM, { input: { identityOrgId: STAFF_ORG } });
  return made;
}
beforeAll(async () => {
  provider = await startIdentityProvider();
});
afterAll(() => provider.stop());
beforeEach(() => void provider.asked.splice(0));
afterEach(() => {
  vi.useRealTimers();
  provider.faults.clear();
});

const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 });

describe('tokens that are guessed', () => {
  const code = async (app: TestApp, token: string) =>
    (await app.send(token, ME)).errors?.[0]?.extensions.code ?? 'ok';

  test.each(['opaque tokens', 'JWTs'])(
    '%s get RATE_LIMITED above the limit of their address; valid ones from there do not, known or not',
    async (kind) => {
      const app = await start({ ANONYMOUS_CALLS_PER_MINUTE: '5' });
      const good = await provider.jwt(maria);
      expect(await code(app, good)).toBe('ok');
      const strangers = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          kind === 'JWTs' ? provider.jwt({ ...maria, sub: `guess ${i}` }) : `guess${i}`,
        ),
      );
      provider.faults.set(INTROSPECTION, (_, response) => void response.end('{"active":false}'));
      if (kind === 'JWTs')
        for (const i of strangers.keys()) strangers[i] = `${strangers[i]?.slice(0, -8)}AAAAAAAA`;
      provider.asked.splice(0);
      const codes: string[] = [];
      for (const token of strangers) codes.push(await code(app, token));
      expect(codes.slice(0, 5)).toEqual(Array(5).fill('UNAUTHENTICATED'));
      expect(codes.slice(5)).toEqual(Array(35).fill('RATE_LIMITED'));
      provider.faults.clear();
      expect(await code(app, good)).toBe('ok');
      expect(await code(app, await provider.jwt({ ...maria, sub: 'newcomer' }))).toBe('ok');
      expect(await code(app, provider.opaque({ ...maria, sub: 'another' }))).toBe('ok');
      later(30); // it is verified again by then
      expect(await code(app, good)).toBe('ok');
      await app.close();
    },
  );
});

describe('where money moves', () => {
  let partner: MadePartner;
  let staff: Awaited<ReturnType<typeof staffOf>>;
  beforeAll(async () => {
    app = await start({ OIDC_PLATFORM_ORG_IDS: STAFF_ORG });
    staff = await staffOf(app);
    partner = await makePartner(app, staff.manager, { identityOrgId: PARTNER_ORG, payoutMethod: 'STRIPE' });
  });
  afterAll(() => app.close());

  async function payout(): Promise<string> {
    await makeApproved(app, staff, partner.id);
    const input = { partnerId: partner.id, periodStart: '2026-01-01', periodEnd: '2100-01-01' };
    return (await app.ask(staff.tom, CREATE_PAYOUT, { input })).createPayout.id;
  }
  const tokenOf = async (kind: string, claims: object = maria) =>
    kind === 'JWT' ? provider.jwt(claims) : provider.opaque(claims);

  test.each(['JWT', 'opaque token'])('the provider is asked whether the %s still counts', async (kind) => {
    const token = await tokenOf(kind);
    await app.ask(token, ME);
    const asked = provider.count(INTROSPECTION);
    await app.ask(token, APPROVE_PAYOUT, { id: await payout() });
    expect(provider.count(INTROSPECTION)).toBe(asked + 1);
    const mutation = `mutation ($id: ID!) { ${Array.from({ length: 20 }, (_, i) => `a${i}: approvePayout(id: $id) { id }`)} }`;
    await app.send(token, mutation, { id: await payout() });
    expect(provider.count(INTROSPECTION)).toBe(asked + 2); // once a request
  });

  test.each(['JWT', 'opaque token'])('the %s of a signed-out person is refused at once', async (kind) => {
    const [id, token] = [await payout(), await tokenOf(kind)];
    await app.ask(token, ME);
    await app.ask(token, ME);
    provider.loggedOut.add(token);
    await app.ask(token, ME); // reads know of it later
    expect((await app.refusal(token, APPROVE_PAYOUT, { id })).code).toBe('UNAUTHENTICATED');
    const { rows } = await app.database.pool.query('select status from payouts where id = $1', [id]);
    expect(rows).toEqual([{ status: 'PENDING' }]);
  });

  test('a person without the role is refused, although the token still names it', async () => {
    const token = await provider.jwt(maria);
    const now = Math.floor(Date.now() / 1_000);
    const answer = {
      active: true,
      aud: [PROJECT],
      exp: now + 60,
      ...person(maria.sub, STAFF_ORG, { analyst: [STAFF_ORG] }),
    };
    provider.faults.set(INTROSPECTION, (_, response) => void response.end(JSON.stringify(answer)));
    expect((await app.refusal(token, APPROVE_PAYOUT, { id: partner.id })).code).toBe('FORBIDDEN');
  });

  test('a token is refused when the provider names another person', async () => {
    const token = await provider.jwt(maria);
    const now = Math.floor(Date.now() / 1_000);
    const answer = { active: true, aud: [PROJECT], exp: now + 60, ...maria, sub: 'tom' };
    provider.faults.set(INTROSPECTION, (_, response) => void response.end(JSON.stringify(answer)));
    expect((await app.refusal(token, APPROVE_PAYOUT, { id: partner.id })).code).toBe('UNAUTHENTICATED');
  });

  test.each(faults.filter(([name]) => !/object|list|null/.test(name)))(
    'decisions are refused while the provider %s; reads continue',
    async (_, fault) => {
      const [id, token] = [await payout(), await provider.jwt(maria)];
      provider.faults.set(INTROSPECTION, fault);
      expect((await app.refusal(token, APPROVE_PAYOUT, { id })).code).toBe('SERVICE_UNAVAILABLE');
      await app.ask(token, ME);
      const { rows } = await app.database.pool.query('select status from payouts where id = $1', [id]);
      expect(rows).toEqual([{ status: 'PENDING' }]);
      provider.faults.clear();
      later(3);
      await app.ask(token, APPROVE_PAYOUT, { id });
    },
  );

  test('a token of ours that was signed out is refused, by its copy in other letters too', async () => {
    const id = await payout();
    const token = await app.token('FINANCE');
    await app.ask(token, ME);
    const last = token.at(-1) ?? '';
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twin = token.slice(0, -1) + letters[letters.indexOf(last) ^ 1]; // the same bytes, written differently
    expect(await app.ask(token, 'mutation { signOut }')).toEqual({ signOut: true });
    for (const each of [token, twin]) {
      expect((await app.refusal(each, APPROVE_PAYOUT, { id })).code).toBe('UNAUTHENTICATED');
      expect((await app.refusal(each, ME)).code).toBe('UNAUTHENTICATED');
    }
    await app.ask(await app.token('FINANCE'), ME);
  });

  test('a token that another process signed out is refused at once, and elsewhere within ten seconds', async () => {
    const id = await payout();
    const token = await app.token('FINANCE');
    await app.ask(token, ME);
    const elsewhere = await createTestApp({}, provider.env);
    const spent: { fingerprint: string }[] = [];
    try {
      await elsewhere.ask(token, 'mutation { signOut }');
      spent.push(...(await elsewhere.database.pool.query('select fingerprint from signed_out_tokens')).rows);
    } finally {
      await elsewhere.close();
    }
    await app.database.pool.query('insert into signed_out_tokens (fingerprint) values ($1)', [
      spent[0]?.fingerprint,
    ]);
    await app.ask(token, ME);
    expect((await app.refusal(token, APPROVE_PAYOUT, { id })).code).toBe('UNAUTHENTICATED');
    const other = await app.token('FINANCE');
    await app.ask(other, ME);
    later(11);
    expect((await app.refusal(token, ME)).code).toBe('UNAUTHENTICATED');
  });

  test('a signed-out person finds no member by its id, and other rows for ten seconds at most', async () => {
    const admin = await app.token('PLATFORM_ADMIN');
    const { inviteMember } = await app.ask(
      admin,
      'mutation ($id: ID!, $input: InviteMemberInput!) { inviteMember(partnerId: $id, input: $input) { id } }',
      { id: partner.id, input: { email: 'eve@acme.com', name: 'Eve', role: 'OWNER' } },
    );
    const NODE = 'query ($id: ID!) { node(id: $id) { id } }';
    const token = await provider.jwt(person('8', STAFF_ORG, { program_manager: [STAFF_ORG] }));
    expect((await app.ask(token, NODE, { id: inviteMember.id })).node).toEqual({ id: inviteMember.id });
    provider.loggedOut.add(token);
    expect((await app.refusal(token, '{ members { totalCount } }')).code).toBe('UNAUTHENTICATED');
    const again = await provider.jwt(person('9', STAFF_ORG, { program_manager: [STAFF_ORG] }));
    await app.ask(again, ME);
    provider.loggedOut.add(again);
    expect((await app.refusal(again, NODE, { id: inviteMember.id })).code).toBe('UNAUTHENTICATED');
    const third = await provider.jwt(person('10', STAFF_ORG, { program_manager: [STAFF_ORG] }));
    await app.ask(third, ME);
    provider.loggedOut.add(third);
    expect((await app.ask(third, NODE, { id: partner.id })).node).toEqual({ id: partner.id });
  });

  test('a sign-in is as fresh as the provider says, not as the token looks', async () => {
    const owner = person('7', PARTNER_ORG, { partner_owner: [PARTNER_ORG] });
    const SET =
      'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }';
    const manager = person('8', STAFF_ORG, { program_manager: [STAFF_ORG] });
    const now = Math.floor(Date.now() / 1_000);
    const update = (token: string) =>
      app.send(token, SET, { id: partner.id, input: { identityOrgId: PARTNER_ORG } });
    const reasons: Record<string, string | undefined> = {};
    for (const [name, time] of [
      ['now', now],
      ['long ago', now - 3_600],
      ['nobody says', undefined],
    ] as const)
      for (const kind of ['JWT', 'opaque token']) {
        const { errors } = await update(
          await tokenOf(kind, { ...manager, ...(time && { auth_time: time }) }),
        );
        reasons[`${kind}, ${name}`] = errors?.[0]?.extensions.reason;
      }
    expect(reasons).toEqual({
      'JWT, now': undefined,
      'opaque token, now': undefined,
      'JWT, long ago': 'STEP_UP_REQUIRED',
      'opaque token, long ago': 'STEP_UP_REQUIRED',
      'JWT, nobody says': 'STEP_UP_REQUIRED',
      'opaque token, nobody says': 'STEP_UP_REQUIRED',
    });
    expect(
      (await update(await provider.jwt({ ...owner, auth_time: now }))).errors?.[0]?.extensions.code,
    ).toBe('FORBIDDEN');
  });

  test('access is given only while the provider confirms the token and its sign-in time', async () => {
    const manager = person('9', STAFF_ORG, { program_manager: [STAFF_ORG] });
    const now = Math.floor(Date.now() / 1_000);
    const update = async (token: string) =>
      (
        await app.send(
          token,
          'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }',
          { id: partner.id, input: { identityOrgId: PARTNER_ORG } },
        )
      ).errors?.[0]?.extensions;
    const token = await provider.jwt(manager); // Zitadel's JWTs do not say when their person signed in
    const answer = { active: true, aud: [PROJECT], exp: now + 60, auth_time: now, ...manager };
    provider.faults.set(INTROSPECTION, (_, response) => void response.end(JSON.stringify(answer)));
    expect(await update(token)).toBeUndefined();
    provider.faults.clear();
    const fresh = await provider.jwt({ ...manager, auth_time: now });
    provider.loggedOut.add(fresh);
    expect((await update(fresh))?.code).toBe('UNAUTHENTICATED');
  });

  test.each([
    [
      'program_manager',
      'createPartner(input: { partnerType: RESELLER, companyName: "X", email: "x@example.com", identityOrgId: "evil" })',
    ],
    ['program_manager', 'updatePartner(id: "ID", input: { identityOrgId: "evil" })'],
    ['platform_admin', 'updatePartner(id: "ID", input: { identityOrgId: "evil" })'],
    ['platform_admin', 'updateProgram(input: { identityOrgId: "evil" })'],
  ])('a person who was %s cannot connect an organisation by %s', async (role, call) => {
    const now = Math.floor(Date.now() / 1_000);
    const document = `mutation { ${call.replace('ID', partner.id)} { __typename } }`;
    for (const [sub, roles, code] of [
      ['31', {}, 'UNAUTHENTICATED'], // nobody's any more
      ['32', { analyst: [STAFF_ORG] }, 'FORBIDDEN'],
    ] as [string, Record<string, string[]>, string][]) {
      const token = await provider.jwt({
        ...person(sub, STAFF_ORG, { [role]: [STAFF_ORG] }),
        auth_time: now,
      });
      const answer = { active: true, aud: [PROJECT], exp: now + 60, auth_time: now };
      provider.faults.set(
        INTROSPECTION,
        (_, response) => void response.end(JSON.stringify({ ...answer, ...person(sub, STAFF_ORG, roles) })),
      );
      expect((await app.refusal(token, document)).code).toBe(code);
      provider.faults.clear();
    }
    const { rows } = await app.database.pool.query(
      `select 1 from partners where identity_org_id = 'evil' union all select 1 from programs where identity_org_id = 'evil'`,
    );
    expect(rows).toEqual([]);
  });
});
