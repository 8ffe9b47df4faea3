import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Tuning, tuning } from '../../src/kernel/request/tuning.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import {
  CLIENT,
  faults,
  maria,
  PROJECT,
  STAFF_ORG,
  startIdentityProvider,
  type TestProvider,
} from '../support/identity-provider.ts';

const UPDATE_PROGRAM = 'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { tenantId } }';
const ME = '{ program { tenantId } }';
const DISCOVERY = '/.well-known/openid-configuration';
const KEYS = '/oauth/v2/keys';
const INTROSPECTION = '/oauth/v2/introspect';

let provider: TestProvider;
let app: TestApp;

let database: TestDatabase;

/** A process of its own, which knows nothing of the provider yet; all of them share the database. */
const start = (env: Record<string, string> = {}, used: Tuning = tuning): Promise<TestApp> =>
  createTestApp({ tuning: used }, { ...provider.env, ...env }, { ...database, drop: async () => {} });
async function withFresh(
  work: (fresh: TestApp) => Promise<void>,
  env: Record<string, string> = {},
  used: Tuning = tuning,
): Promise<void> {
  const fresh = await start(env, used);
  try {
    await work(fresh);
  } finally {
    await fresh.close();
  }
}

beforeAll(async () => {
  provider = await startIdentityProvider();
  database = await createDatabase();
  await withFresh(async (first) => {
    const admin = await first.token('PLATFORM_ADMIN');
    await first.ask(admin, UPDATE_PROGRAM, { input: { identityOrgId: STAFF_ORG } });
  });
});
afterAll(async () => {
  await provider.stop();
  await database.drop();
});
beforeEach(() => void provider.asked.splice(0));
afterEach(() => {
  vi.useRealTimers();
  provider.faults.clear();
});

const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 });
const codeOf = async (of: TestApp, token: string) =>
  (await of.send(token, ME)).errors?.[0]?.extensions.code ?? 'ok';
const statusOf = async (of: TestApp, token: string) => {
  const { statusCode, headers } = await of.app.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    payload: JSON.stringify({ query: ME }),
  });
  return { statusCode, retryAfter: headers['retry-after'] };
};

describe('keys', { tags: ['slow'] }, () => {
  beforeEach(async () => {
    app = await start();
  });
  afterEach(() => app.close());

  test('keys are loaded once at the first token, also with simultaneous requests', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => provider.jwt(maria)));
    expect(provider.asked).toEqual([]);
    expect(new Set(await Promise.all(tokens.map((token) => codeOf(app, token))))).toEqual(new Set(['ok']));
    expect([provider.count(DISCOVERY), provider.count(KEYS)]).toEqual([1, 1]);
  });

  test('new keys are accepted, and removed keys are refused', async () => {
    const before = await provider.jwt(maria);
    expect(await codeOf(app, before)).toBe('ok');
    await provider.issuer.keys.generate('RS256', { kid: 'second' });
    later(31);
    expect(await codeOf(app, await provider.jwt(maria, { kid: 'second' }))).toBe('ok');

    const left = provider.issuer.keys.toJSON().filter(({ kid }) => kid === 'second');
    provider.faults.set(KEYS, (_, response) => response.end(JSON.stringify({ keys: left })));
    later(11 * 60);
    await codeOf(app, await provider.jwt(maria, { kid: 'second' })); // the keys are looked through beside this one
    await vi.waitFor(async () =>
      expect(await codeOf(app, await provider.jwt(maria, { kid: 'first' }))).toBe('UNAUTHENTICATED'),
    );
    expect(await codeOf(app, await provider.jwt(maria, { kid: 'second' }))).toBe('ok');
  });

  test('unknown keys are looked up at most twice a minute, for any number of tokens', async () => {
    await codeOf(app, await provider.jwt(maria));
    const flood = Array.from({ length: 200 }, (_, i) =>
      provider.jwt(maria, { header: { kid: `none-${i}` } }),
    );
    const codes = await Promise.all((await Promise.all(flood)).map((token) => codeOf(app, token)));
    expect(new Set(codes)).toEqual(new Set(['UNAUTHENTICATED']));
    expect(provider.count(KEYS)).toBeLessThanOrEqual(2);
    later(31);
    await codeOf(app, await provider.jwt(maria, { header: { kid: 'none' } }));
    await codeOf(app, await provider.jwt(maria, { header: { kid: 'none' } }));
    expect(provider.count(KEYS)).toBeLessThanOrEqual(3);
  });

  test('known keys stay valid while the provider is not available; unknown keys are refused', async () => {
    expect(await codeOf(app, await provider.jwt(maria, { kid: 'first' }))).toBe('ok');
    provider.faults.set('*', (request) => request.destroy());
    later(3_600);
    for (let i = 0; i < 3; i++)
      expect(await codeOf(app, await provider.jwt(maria, { kid: 'first' }))).toBe('ok');
    expect(await codeOf(app, await provider.jwt(maria, { header: { kid: 'new' } }))).toBe('UNAUTHENTICATED');
  });
});

describe.each([
  ['discovery', DISCOVERY, 'JWT'],
  ['key set', KEYS, 'JWT'],
  ['introspection', INTROSPECTION, 'opaque token'],
])('a provider whose %s', (_, path, kind) => {
  const token = async () => (kind === 'JWT' ? provider.jwt(maria) : provider.opaque(maria));
  beforeAll(async () => {
    app = await start();
  });
  afterAll(() => app.close());

  test.each(faults)(
    '%s accepts no token, returns an error, and is asked again soon',
    async (_fault, fault) => {
      await withFresh(async (fresh) => {
        provider.faults.set(path, fault);
        expect(await statusOf(fresh, await token())).toEqual({ statusCode: 503, retryAfter: '5' });
        const asked = provider.count(path);
        for (let i = 0; i < 20; i++) expect((await statusOf(fresh, await token())).statusCode).toBe(503);
        expect(provider.count(path) - asked).toBeLessThanOrEqual(path === INTROSPECTION ? 20 : 1);
        expect(await codeOf(fresh, await fresh.token('ANALYST'))).toBe('ok'); // our own tokens need no provider
        expect(JSON.stringify(fresh.logged)).not.toContain(CLIENT.secret);
        provider.faults.clear();
        later(3);
        expect(await codeOf(fresh, await token())).toBe('ok');
      });
    },
  );

  test('hangs delays no request longer than its deadline', async () => {
    const deadlineMs = 500;
    const hanging = async (fresh: TestApp) => {
      provider.faults.set(path, () => {});
      const started = performance.now();
      const codes = await Promise.all(
        Array.from({ length: 20 }, async () => (await statusOf(fresh, await token())).statusCode),
      );
      expect(new Set(codes)).toEqual(new Set([503]));
      expect(performance.now() - started).toBeLessThan(deadlineMs + 1_500);
      const next = performance.now();
      expect((await statusOf(fresh, await token())).statusCode).toBe(503);
      expect(performance.now() - next).toBeLessThan(500);
    };
    await withFresh(hanging, {}, { ...tuning, identityProviderTimeoutMs: deadlineMs });
  });
});

test('a provider has three seconds to answer', () => {
  expect(tuning.identityProviderTimeoutMs).toBe(3_000);
});

describe('a discovery', { tags: ['slow'] }, () => {
  const document = (change: object) => (_: unknown, response: { end(text: string): void }) =>
    response.end(
      JSON.stringify({
        issuer: provider.url,
        jwks_uri: `${provider.url}${KEYS}`,
        introspection_endpoint: `${provider.url}${INTROSPECTION}`,
        ...change,
      }),
    );

  test.each([
    ['of another issuer', { issuer: 'https://id.example.com' }],
    ['of almost the same issuer', { issuer: 'http://127.0.0.1' }],
    ['without keys', { jwks_uri: undefined }],
    ['with keys on another host in plain text', { jwks_uri: 'http://keys.example.com/keys' }],
    ['with keys in a file', { jwks_uri: 'file:///etc/passwd' }],
    ['that would send our secret in plain text', { introspection_endpoint: 'http://example.com/introspect' }],
    ['without introspection', { introspection_endpoint: 42 }],
  ])('%s is not followed', async (_, change) => {
    await withFresh(async (fresh) => {
      provider.faults.set(DISCOVERY, document(change) as RequestListener);
      expect((await statusOf(fresh, await provider.jwt(maria))).statusCode).toBe(503);
      expect((await statusOf(fresh, provider.opaque(maria))).statusCode).toBe(503);
      expect([provider.count(KEYS), provider.count(INTROSPECTION)]).toEqual([0, 0]);
    });
  });
});

describe('an opaque token', { tags: ['slow'] }, () => {
  beforeEach(async () => {
    app = await start();
  });
  afterEach(() => app.close());

  test('an opaque token is introspected once a minute, also with simultaneous requests', async () => {
    const token = provider.opaque(maria);
    await Promise.all(Array.from({ length: 20 }, () => codeOf(app, token)));
    expect(provider.count(INTROSPECTION)).toBe(1);
    later(30);
    expect(await codeOf(app, token)).toBe('ok');
    expect(provider.count(INTROSPECTION)).toBe(1);
    later(31);
    expect(await codeOf(app, token)).toBe('ok');
    expect(provider.count(INTROSPECTION)).toBe(2);
    provider.loggedOut.add(token);
    later(61);
    expect(await codeOf(app, token)).toBe('UNAUTHENTICATED');
  });

  test('an opaque token is not cached beyond its expiry', async () => {
    const token = provider.opaque({ ...maria, exp: Math.floor(Date.now() / 1_000) + 20 });
    expect(await codeOf(app, token)).toBe('ok');
    later(21);
    expect(await codeOf(app, token)).toBe('UNAUTHENTICATED');
  });

  test('an opaque token unknown to the provider is refused, and the refusal is cached', async () => {
    for (let i = 0; i < 5; i++) expect(await codeOf(app, 'nobody-knows-me')).toBe('UNAUTHENTICATED');
    expect(provider.count(INTROSPECTION)).toBe(1);
  });

  test.each<[string, unknown]>([
    ['that it is active in words', { active: 'true' }],
    ['that it is active as a number', { active: 1 }],
    ['that it is active, and nothing else', { active: true }],
    ['that it is active until nobody knows when', { active: true, aud: [PROJECT], ...maria }],
    ['whose it is, but not whether it is active', { active: null, aud: [PROJECT], ...maria, exp: 9e9 }],
  ])('an opaque token is refused when the provider answers %s', async (_, answer) => {
    provider.faults.set(INTROSPECTION, (_request, response) => void response.end(JSON.stringify(answer)));
    expect(await codeOf(app, provider.opaque(maria))).toBe('UNAUTHENTICATED');
  });

  test('an opaque token is introspected with the client secret', async () => {
    await codeOf(app, 'a-token_of+somebody/');
    const [question] = provider.asked.filter(({ path }) => path === INTROSPECTION);
    const pair = Buffer.from(question?.authorization?.replace('Basic ', '') ?? '', 'base64').toString();
    expect(pair.split(':').map(decodeURIComponent)).toEqual([CLIENT.id, CLIENT.secret]);
    expect(question?.body.get('token')).toBe('a-token_of+somebody/');
  });

  test('an API key of the product is never sent to the provider', async () => {
    for (const key of ['pp_live_12345678_secret', 'pp_test_12345678_secret', 'PP_LIVE_x'])
      expect(await codeOf(app, key)).toBe('UNAUTHENTICATED');
    expect(provider.asked).toEqual([]);
  });

  test('an opaque token is introspected with the key of an API application if one is configured', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const file = join(mkdtempSync(join(tmpdir(), 'portal-oidc-')), 'key.json');
    const key = privateKey.export({ type: 'pkcs1', format: 'pem' });
    writeFileSync(
      file,
      JSON.stringify({ type: 'application', keyId: 'k1', key, appId: '1', clientId: CLIENT.id }),
    );
    await withFresh(
      async (fresh) => {
        expect(await codeOf(fresh, provider.opaque(maria))).toBe('ok');
        const { body, authorization } = provider.asked.at(-1) ?? {};
        expect(authorization).toBeUndefined();
        expect(body?.get('client_assertion_type')).toBe(
          'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        );
        const assertion = body?.get('client_assertion') ?? '';
        const { payload } = await jwtVerify(assertion, publicKey, {
          issuer: CLIENT.id,
          subject: CLIENT.id,
          audience: provider.url,
          maxTokenAge: '1h',
        });
        expect(payload.exp).toBeLessThanOrEqual(Date.now() / 1_000 + 61);
        expect(decodeProtectedHeader(assertion)).toMatchObject({ alg: 'RS256', kid: 'k1' });
      },
      { OIDC_CLIENT_ID: '', OIDC_CLIENT_SECRET: '', OIDC_KEY_FILE: file },
    );
  });
});
