import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';
import {
  PARTNER_ORG,
  person,
  STAFF_ORG,
  startIdentityProvider,
  type TestProvider,
} from '../support/identity-provider.ts';
import { type MadePartner, makePartner, staffOf } from '../support/make.ts';
import { listen } from '../support/sockets.ts';
import { until } from '../support/until.ts';

const METRICS = 'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }';
const SIGN_OUT = 'mutation { signOut }';

let provider: TestProvider;
let app: TestApp;
let port: number;
let staff: Awaited<ReturnType<typeof staffOf>>;
let partner: MadePartner;
const olivia = person('olivia', PARTNER_ORG, { partner_owner: [PARTNER_ORG] });

beforeAll(async () => {
  provider = await startIdentityProvider();
  app = await createTestApp({}, provider.env);
  staff = await staffOf(app);
  await app.ask(
    staff.admin,
    'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { tenantId } }',
    { input: { identityOrgId: STAFF_ORG } },
  );
  partner = await makePartner(app, staff.manager, { identityOrgId: PARTNER_ORG });
  port = await app.app.listen();
});
afterAll(async () => {
  await app.close();
  await provider.stop();
});
afterEach(() => {
  vi.useRealTimers();
  provider.faults.clear();
});

/** Listens to the partner's figures; `closed` gets the code that the socket was closed with. */
async function listening(token: string) {
  const heard = listen(port, token, METRICS, { id: partner.id });
  const closed: number[] = [];
  heard.client.on('closed', (event) => closed.push((event as { code: number }).code));
  await until(async () => app.listeners(partner.id) > 0 || closed.length > 0);
  return { ...heard, closed };
}
const FORBIDDEN = 4403;
const TRY_AGAIN_LATER = 1013;

describe('a socket', () => {
  test.each<[string, () => Promise<string>, (token: string) => Promise<unknown>]>([
    [
      'a token of ours that was signed out',
      () => app.token('PARTNER', { partner: partner.id }),
      (token) => app.ask(token, SIGN_OUT),
    ],
    [
      'a JWT of a person who signed out',
      () => provider.jwt(olivia),
      async (token) => provider.loggedOut.add(token),
    ],
    [
      'an opaque token of a person who signed out',
      async () => provider.opaque(olivia),
      async (token) => provider.loggedOut.add(token),
    ],
    [
      'a person whose organisation is no longer the partner',
      () => provider.jwt(olivia),
      () =>
        app.ask(
          staff.manager,
          'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }',
          { id: partner.id, input: { identityOrgId: null } },
        ),
    ],
  ])('of %s is closed within half a minute', async (_, make, takeBack) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const token = await make();
    const { closed, client } = await listening(token);
    await vi.advanceTimersByTimeAsync(30_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(closed).toEqual([]); // it still counts
    await takeBack(token);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await until(async () => closed[0])).toBe(FORBIDDEN);
    await until(async () => app.listeners(partner.id) === 0);
    await client.dispose();
    await app.ask(
      staff.manager,
      'mutation ($id: ID!, $input: UpdatePartnerInput!) { updatePartner(id: $id, input: $input) { id } }',
      { id: partner.id, input: { identityOrgId: PARTNER_ORG } },
    );
  });

  test('stays while the provider is away', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { closed, client } = await listening(await provider.jwt(olivia));
    provider.faults.set('*', (request) => request.destroy());
    await vi.advanceTimersByTimeAsync(90_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(closed).toEqual([]);
    await client.dispose();
  });

  test.each([
    ['JWT', () => provider.jwt({ ...olivia, exp: Math.floor(Date.now() / 1_000) + 2 })],
    ['opaque token', async () => provider.opaque({ ...olivia, exp: Math.floor(Date.now() / 1_000) + 2 })],
  ])('ends with its %s', async (_, make) => {
    const { closed } = await listening(await make());
    expect(await until(async () => closed[0])).toBe(FORBIDDEN);
  });

  test('is not opened by a credential that does not count', async () => {
    for (const token of ['no.token.this', await provider.jwt({ ...olivia, aud: 'other' })])
      expect((await listening(token)).closed).toEqual([FORBIDDEN]);
  });

  test('a socket is closed with the request to reconnect while its credential cannot be checked', async () => {
    provider.faults.set('*', (_, response) => void response.writeHead(500).end());
    expect((await listening(provider.opaque(olivia))).closed).toEqual([TRY_AGAIN_LATER]);
  });
});
