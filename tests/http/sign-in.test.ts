import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import { maria, PARTNER_ORG, person, STAFF_ORG } from '../support/identity-provider.ts';
import { CREATE_PAYOUT, type MadePartner, makeApproved, makePartner, staffOf } from '../support/make.ts';
import { type SignInServer, startSignInServer } from '../support/sign-in-server.ts';

const ME = '{ program { tenantId } partners { totalCount } }';
const APPROVE_PAYOUT = 'mutation ($id: ID!) { approvePayout(id: $id) { status } }';
const ACCOUNTS = {
  maria,
  manager: person('manager', STAFF_ORG, { program_manager: [STAFF_ORG] }),
  olivia: person('olivia', PARTNER_ORG, { partner_owner: [PARTNER_ORG] }),
  oscar: person('oscar', '777', { finance: [STAFF_ORG] }),
};

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token: string;
}

/** A browser: it keeps cookies and follows redirects until one leads back to the portal. */
async function signIn(server: SignInServer, account: string, tamper: { verifier?: string } = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(8).toString('hex');
  const asked = new URLSearchParams({
    client_id: server.portal,
    response_type: 'code',
    redirect_uri: server.callback,
    scope: server.scope,
    prompt: 'login consent',
    login_hint: account,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const cookies = new Map<string, string>();
  let next = `${server.url}/oauth/v2/authorize?${asked}`;
  while (!next.startsWith(server.callback)) {
    const answer = await fetch(next, {
      redirect: 'manual',
      headers: { cookie: Array.from(cookies, (pair) => pair.join('=')).join('; ') },
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = cookie.split(';')[0]?.split('=') ?? [];
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (!location) throw new Error(`${answer.status} at ${next}: ${await answer.text()}`);
    next = new URL(location, server.url).href;
  }
  const back = new URL(next).searchParams;
  expect(back.get('state')).toBe(state);
  return tokensFor(server, {
    grant_type: 'authorization_code',
    code: back.get('code') ?? '',
    redirect_uri: server.callback,
    code_verifier: tamper.verifier ?? verifier,
  });
}

async function tokensFor(
  server: SignInServer,
  fields: Record<string, string>,
): Promise<Tokens & { error?: string }> {
  const answer = await fetch(`${server.url}/oauth/v2/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: server.portal, ...fields }),
  });
  return (await answer.json()) as Tokens;
}
const refreshed = (server: SignInServer, refresh_token: string) =>
  tokensFor(server, { grant_type: 'refresh_token', refresh_token });

afterEach(() => vi.useRealTimers());
const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 });

describe.each(['opaque', 'jwt'] as const)(
  'a person who signs in by code and PKCE, with tokens that are %s,',
  (format) => {
    let server: SignInServer;
    let app: TestApp;
    let partner: MadePartner;
    let staff: Awaited<ReturnType<typeof staffOf>>;
    beforeAll(async () => {
      server = await startSignInServer(ACCOUNTS, format);
      app = await createTestApp({}, server.env);
      staff = await staffOf(app);
      await app.ask(
        staff.admin,
        'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { tenantId } }',
        { input: { identityOrgId: STAFF_ORG } },
      );
      partner = await makePartner(app, staff.manager, { identityOrgId: PARTNER_ORG, payoutMethod: 'STRIPE' });
      await makePartner(app, staff.manager);
    });
    afterAll(async () => {
      await app.close();
      await server.stop();
    });
    async function payout(): Promise<string> {
      await makeApproved(app, staff, partner.id);
      const input = { partnerId: partner.id, periodStart: '2026-01-01', periodEnd: '2100-01-01' };
      return (await app.ask(staff.tom, CREATE_PAYOUT, { input })).createPayout.id;
    }

    test('gets the role that its organisation granted', async () => {
      const { access_token } = await signIn(server, 'maria');
      expect(access_token.split('.').length).toBe(format === 'jwt' ? 3 : 1);
      expect((await app.ask(access_token, ME)).program.tenantId).toBe('acme');
      const owner = await signIn(server, 'olivia');
      expect((await app.ask(owner.access_token, ME)).partners.totalCount).toBe(1);
      const stranger = await signIn(server, 'oscar');
      expect((await app.refusal(stranger.access_token, ME)).code).toBe('FORBIDDEN');
    });

    test('gets no token without the PKCE verifier', async () => {
      const { error, access_token } = await signIn(server, 'maria', {
        verifier: randomBytes(32).toString('base64url'),
      });
      expect({ error, access_token }).toEqual({ error: 'invalid_grant', access_token: undefined });
    });

    test('is accepted with the access token only', async () => {
      const { id_token, refresh_token } = await signIn(server, 'maria');
      expect((await app.refusal(id_token, ME)).code).toBe('UNAUTHENTICATED');
      expect((await app.refusal(refresh_token, ME)).code).toBe('UNAUTHENTICATED');
    });

    if (format === 'opaque') {
      test('whose refresh token is used twice loses every token of that sign-in', async () => {
        const first = await signIn(server, 'maria');
        const second = await refreshed(server, first.refresh_token);
        await app.ask(second.access_token, ME);
        expect((await refreshed(server, first.refresh_token)).error).toBe('invalid_grant'); // the thief, or the victim
        const id = await payout();
        for (const { access_token } of [first, second])
          expect((await app.refusal(access_token, APPROVE_PAYOUT, { id })).code).toBe('UNAUTHENTICATED');
        expect((await refreshed(server, second.refresh_token)).error).toBe('invalid_grant');
        later(61);
        for (const { access_token } of [first, second])
          expect((await app.refusal(access_token, ME)).code).toBe('UNAUTHENTICATED');
      });

      test('loses the right to decide after the sign-out', async () => {
        const { access_token } = await signIn(server, 'maria');
        const id = await payout();
        await app.ask(access_token, ME);
        await fetch(`${server.url}/oauth/v2/revoke`, {
          method: 'POST',
          body: new URLSearchParams({ client_id: server.portal, token: access_token }),
        });
        expect((await app.refusal(access_token, APPROVE_PAYOUT, { id })).code).toBe('UNAUTHENTICATED');
      });

      test('decides on payouts during the sign-in', async () => {
        const { access_token } = await signIn(server, 'maria');
        const { approvePayout } = await app.ask(access_token, APPROVE_PAYOUT, { id: await payout() });
        expect(approvePayout.status).toBe('APPROVED');
      });

      test('continues with a refreshed token, which does not count as a fresh sign-in', async () => {
        const first = await signIn(server, 'manager');
        const update = (token: string) =>
          app.send(
            token,
            'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }',
            { id: partner.id, input: { identityOrgId: PARTNER_ORG } },
          );
        expect((await update(first.access_token)).errors).toBeUndefined();
        later(16 * 60);
        const second = await refreshed(server, first.refresh_token);
        await app.ask(second.access_token, ME);
        expect((await update(second.access_token)).errors?.[0]?.extensions.reason).toBe('STEP_UP_REQUIRED');
        expect((await update((await signIn(server, 'manager')).access_token)).errors).toBeUndefined();
      });
    } else {
      test('cannot decide when the provider does not confirm a JWT', async () => {
        const { access_token } = await signIn(server, 'maria');
        const id = await payout();
        expect((await app.refusal(access_token, APPROVE_PAYOUT, { id })).code).toBe('SERVICE_UNAVAILABLE');
        await app.ask(access_token, ME);
      });
    }
  },
);
