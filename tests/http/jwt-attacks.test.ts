import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signWith,
} from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactEncrypt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import {
  CLIENT,
  maria,
  PROJECT,
  STAFF_ORG,
  startIdentityProvider,
  type TestProvider,
} from '../support/identity-provider.ts';
import { weakSecrets } from '../support/weak-secrets.ts';

const SECRET = 'kM3v9QzT5wLr8XbN2cHy7JfP4sDg6UaE';
const ME = '{ program { tenantId } }';
const mine = generateKeyPairSync('rsa', { modulusLength: 2048 }); // the attacker's own pair
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let provider: TestProvider;
let app: TestApp;
let attacker: Server;
let attackerUrl: string;
let visits = 0;
let publicKey: KeyObject;

beforeAll(async () => {
  provider = await startIdentityProvider();
  app = await createTestApp({}, { ...provider.env, JWT_SECRET: SECRET });
  await app.ask(
    await app.token('PLATFORM_ADMIN'),
    'mutation ($input: UpdateProgramInput!) { updateProgram(input: $input) { tenantId } }',
    { input: { identityOrgId: STAFF_ORG } },
  );
  publicKey = createPublicKey({ key: provider.issuer.keys.toJSON()[0] as never, format: 'jwk' });
  attacker = createServer((_, response) => {
    visits++;
    response.end(JSON.stringify({ keys: [{ ...mine.publicKey.export({ format: 'jwk' }), kid: 'first' }] }));
  });
  await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
  attackerUrl = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}/keys`;
});
afterAll(async () => {
  expect(visits).toBe(0); // no token ever made us fetch what it names
  await app.close();
  await provider.stop();
  await new Promise((resolve) => attacker.close(resolve));
});

const now = Math.floor(Date.now() / 1_000);
const times = { iat: now - 10, nbf: now - 10, exp: now + 3_600 };
const ours = () => ({
  iss: 'partner-portal',
  aud: 'partner-portal-api',
  sub: 'mallory',
  role: 'PLATFORM_ADMIN',
  tenant: 'acme',
  ...times,
});
const theirs = () => ({ iss: provider.url, aud: [PROJECT], ...maria, ...times });
const targets = [
  ['our own tokens', ours],
  ["the provider's tokens", theirs],
] as const;

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
type Signature = (input: string) => string;
const raw = (header: object, payload: unknown, signature: Signature): string => {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${signature(input)}`;
};
const hmac =
  (key: string | Buffer, hash = 'sha256'): Signature =>
  (input) =>
    createHmac(hash, key).update(input).digest('base64url');
const rsa =
  (key: KeyObject): Signature =>
  (input) =>
    signWith('sha256', Buffer.from(input), key).toString('base64url');

async function answer(headers: Record<string, string>, url = '/graphql', more: object = {}) {
  const { statusCode, body } = await app.app.server.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify({ query: ME, ...more }),
  });
  return { statusCode, code: JSON.parse(body).errors?.[0]?.extensions.code ?? 'ok', body };
}
async function expectRefused(token: string): Promise<void> {
  const { statusCode, code, body } = await answer({ authorization: `Bearer ${token}` });
  expect({ statusCode, code }).toEqual({ statusCode: 401, code: 'UNAUTHENTICATED' });
  expect(body).not.toContain(token);
}
const accepted = async (token: string) =>
  expect((await answer({ authorization: `Bearer ${token}` })).code).toBe('ok');

describe.each(targets)('of %s', (name, claims) => {
  const honest = (header: object = {}, change: object = {}) =>
    name === 'our own tokens'
      ? raw({ alg: 'HS256', typ: 'JWT', ...header }, { ...claims(), ...change }, hmac(SECRET))
      : provider.jwt({ ...claims(), ...change }, { header });

  test('an honest one is accepted', async () => {
    await accepted(await honest());
  });

  test.each(['none', 'None', 'NONE', 'nOnE', 'none ', '', 'null'])(
    'one signed by "%s" is refused',
    async (alg) => {
      for (const signature of ['', 'x', hmac('')('x')])
        await expectRefused(raw({ alg, typ: 'JWT' }, claims(), () => signature));
    },
  );

  test('one whose signature is gone, cut, of another or not ours is refused', async () => {
    const [header, payload, signature = ''] = (await honest()).split('.');
    for (const other of [
      '',
      signature.slice(0, -2),
      part('signature'),
      hmac('other')(`${header}.${payload}`),
      'A'.repeat(86),
    ])
      await expectRefused(`${header}.${payload}.${other}`);
    for (const token of [`${header}.${payload}`, `${header}..${signature}`, `.${payload}.${signature}`, '..'])
      await expectRefused(token);
    await expectRefused(`${header}.${part({ ...claims(), sub: 'somebody-else' })}.${signature}`);
    await expectRefused(raw({ alg: 'RS256', kid: 'first', typ: 'JWT' }, claims(), rsa(mine.privateKey)));
    await expectRefused(raw({ alg: 'HS256', typ: 'JWT' }, claims(), hmac(CLIENT.secret)));
  });

  test.each<[string, () => string | Buffer]>([
    ['PEM', () => publicKey.export({ type: 'spki', format: 'pem' })],
    [
      'PEM without its last line break',
      () => String(publicKey.export({ type: 'spki', format: 'pem' })).trim(),
    ],
    [
      'PEM with CRLF',
      () => String(publicKey.export({ type: 'spki', format: 'pem' })).replaceAll('\n', '\r\n'),
    ],
    ['PKCS#1 PEM', () => publicKey.export({ type: 'pkcs1', format: 'pem' })],
    ['DER', () => publicKey.export({ type: 'spki', format: 'der' })],
    ['JWK', () => JSON.stringify(provider.issuer.keys.toJSON()[0])],
  ])('one signed by the public key as a secret is refused: %s', async (_, key) => {
    for (const [alg, hash] of [
      ['HS256', 'sha256'],
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const)
      for (const kid of [{}, { kid: 'first' }])
        await expectRefused(raw({ alg, typ: 'JWT', ...kid }, claims(), hmac(key(), hash)));
  });

  test('one that brings its key along, or says where it is, is refused', async () => {
    const jwk = mine.publicKey.export({ format: 'jwk' });
    const headers: object[] = [
      { jwk },
      { jwk: { ...jwk, kid: 'first' }, kid: 'first' },
      { jku: attackerUrl },
      { jku: attackerUrl, kid: 'first' },
      { x5u: attackerUrl, kid: 'first' },
      { x5c: [mine.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] },
      { kid: attackerUrl },
    ];
    for (const header of headers)
      await expectRefused(raw({ alg: 'RS256', typ: 'JWT', ...header }, claims(), rsa(mine.privateKey)));
    const secret = { kty: 'oct', k: part('known'), alg: 'HS256' };
    await expectRefused(raw({ alg: 'HS256', typ: 'JWT', jwk: secret }, claims(), hmac('known')));
  });

  test.each<unknown>([
    '../../../../../../dev/null',
    '/dev/null',
    '/proc/sys/kernel/randomize_va_space',
    'file:///etc/passwd',
    "' or '1'='1",
    "x' union select 'known' --",
    'first; sleep 5',
    '$(sleep 5)',
    'first\u0000',
    '__proto__',
    'x'.repeat(3_000),
    ['first'],
    { kid: 'first' },
    null,
    0,
  ])('one whose key id is %j is refused', async (kid) => {
    for (const key of ['', 'known', '0', '2', '\0', 'first'])
      await expectRefused(raw({ alg: 'HS256', typ: 'JWT', kid }, claims(), hmac(key)));
    await expectRefused(raw({ alg: 'RS256', typ: 'JWT', kid }, claims(), rsa(mine.privateKey)));
  });

  test.each<[string, object]>([
    ['an extension that we do not know', { crit: ['x'], x: 1 }],
    ['an extension that is none', { crit: ['exp'], exp: 1 }],
    ['no extension at all', { crit: [] }],
    ['a payload that is not encoded', { b64: false, crit: ['b64'] }],
    ['extensions in words', { crit: 'b64', b64: true }],
  ])('an honest one that insists on %s is refused', async (_, header) => {
    const token =
      name === 'our own tokens'
        ? honest(header)
        : raw({ alg: 'RS256', typ: 'JWT', kid: 'first', ...header }, claims(), (input) =>
            signWith('sha256', Buffer.from(input), {
              key: provider.issuer.keys.toJSON(true)[0] as never,
              format: 'jwk',
            }).toString('base64url'),
          );
    await expectRefused(await token);
  });

  test.each<[string, object]>([
    ['that ended', { exp: now - 120 }],
    ['that ends in words', { exp: 'tomorrow' }],
    ['that ends nowhere', { exp: null }],
    ['that begins later', { nbf: now + 120 }],
    ['that begins in words', { nbf: 'now' }],
    ['of tomorrow', { iat: now + 86_400 }],
    ['of a time in words', { iat: '1' }],
    ['of ages ago', { iat: now - 401 * 86_400 }],
    ['for nobody', { aud: [] }],
    ['for something like us', { aud: { 0: PROJECT } }],
    ['for us in other letters', { aud: 'PARTNER-PORTAL-API' }],
    ['of an issuer in a list', { iss: ['partner-portal'] }],
    ['of an issuer that begins like it', { iss: `${'partner-portal'}.example.com` }],
    ['of an issuer with a slash more', { iss: `${'http://127.0.0.1'}/` }],
    ['of no issuer', { iss: null }],
    ['of nobody', { sub: '' }],
    ['of a number', { sub: 42 }],
    ['of a list', { sub: ['maria'] }],
    ['of a line break', { sub: 'ma\nria' }],
    ['of half a letter', { sub: '\ud800' }],
    ['of too many letters', { sub: 'x'.repeat(300) }],
  ])('an honest one %s is refused', async (_, change) => {
    await expectRefused(await honest({}, change));
  });

  test('one that says nothing is refused', async () => {
    for (const payload of ['', 'null', '[]', '"x"', '1', '{', '{}', '\u0000'])
      await expectRefused(raw({ alg: 'HS256', typ: 'JWT' }, payload, hmac(SECRET)));
    for (const header of ['', 'null', '[]', '{', '{}'])
      await expectRefused(
        `${part(header)}.${part(claims())}.${hmac(SECRET)(`${part(header)}.${part(claims())}`)}`,
      );
  });

  test('one that is encrypted is refused', async () => {
    const token = await new CompactEncrypt(Buffer.from(JSON.stringify(claims())))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(Buffer.from(SECRET));
    await expectRefused(token);
  });
});

describe("the provider's tokens", () => {
  test.each(['at+jwt', 'JWT', 'jwt', 'application/at+jwt'])('are accepted as %s', async (typ) => {
    await accepted(await provider.jwt(theirs(), { header: { typ } }));
  });

  test.each([undefined, 'id+jwt', 'logout+jwt', 'dpop+jwt', 'secevent+jwt', 'JWE', '', 1, ['JWT']])(
    'are refused as %j',
    async (typ) => {
      await expectRefused(await provider.jwt(theirs(), { header: { typ } }));
    },
  );

  test('are refused when they are signed in a way that we did not choose', async () => {
    const zeros = () => Buffer.alloc(64).toString('base64url');
    await expectRefused(raw({ alg: 'ES256', kid: 'first', typ: 'JWT' }, theirs(), zeros));
    const elliptic: Signature = (input) =>
      signWith('sha256', Buffer.from(input), { key: curve.privateKey, dsaEncoding: 'ieee-p1363' }).toString(
        'base64url',
      );
    await expectRefused(
      raw({ alg: 'ES256', jwk: curve.publicKey.export({ format: 'jwk' }), typ: 'JWT' }, theirs(), elliptic),
    );
    await provider.issuer.keys.generate('ES256', { kid: 'elliptic' });
    await expectRefused(await provider.jwt(theirs(), { kid: 'elliptic' }));
  });

  test('do not count as ours, and ours not as theirs', async () => {
    await expectRefused(await provider.jwt(ours()));
    await expectRefused(raw({ alg: 'HS256', typ: 'JWT' }, theirs(), hmac(SECRET)));
  });
});

describe('a credential', () => {
  test('counts in the Authorization header only', async () => {
    const token = raw({ alg: 'HS256', typ: 'JWT' }, ours(), hmac(SECRET));
    await accepted(token);
    const nobody = { statusCode: 200, code: 'UNAUTHENTICATED' };
    for (const headers of [
      { 'x-authorization': `Bearer ${token}` },
      { 'x-access-token': token },
      { cookie: `token=${token}; authorization=Bearer ${token}` },
      { 'proxy-authorization': `Bearer ${token}` },
    ])
      expect(await answer(headers as Record<string, string>)).toMatchObject(nobody);
    expect(await answer({}, `/graphql?access_token=${token}&authorization=Bearer%20${token}`)).toMatchObject(
      nobody,
    );
    expect(
      await answer({}, '/graphql', { access_token: token, authorization: `Bearer ${token}` }),
    ).toMatchObject(nobody);
    for (const authorization of [
      token,
      `Token ${token}`,
      `Basic ${token}`,
      `Bearer: ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token} ${token}`,
      `Bearer "${token}"`,
      `JWTAUTH ${token}`,
    ])
      expect(await answer({ authorization })).toMatchObject({ statusCode: 401, code: 'UNAUTHENTICATED' });
  });

  test.each(weakSecrets)(
    'refuses a token signed with a well-known secret, and production does not start with it: %s',
    async (secret) => {
      await expectRefused(raw({ alg: 'HS256', typ: 'JWT' }, ours(), hmac(secret)));
      const production = {
        NODE_ENV: 'production',
        DATABASE_URL: 'postgresql://portal:s3cr3t@db/portal',
        KMS_AWS_KEY_ID: 'alias/portal',
        PORTAL_URL: 'https://portal.example.com',
      };
      expect(() => readConfig({ ...production, JWT_SECRET: SECRET })).not.toThrow();
      expect(() => readConfig({ ...production, JWT_SECRET: secret })).toThrow(
        /JWT_SECRET is (missing|a well-known value|too short)/,
      );
      if (secret.length < 8 || secret.endsWith('==')) return;
      for (const longer of [
        secret.repeat(4),
        `${secret}-${secret}`.padEnd(40, '1'),
        secret.toUpperCase().repeat(3),
      ])
        expect(() => readConfig({ ...production, JWT_SECRET: longer })).toThrow(
          /JWT_SECRET is (a well-known value|too short)/,
        );
    },
  );
});
