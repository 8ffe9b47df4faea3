import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'portal-config-'));
const KEY = randomBytes(32).toString('base64');
function keyFile(name: string, content: unknown, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode });
  return path;
}
const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://portal:s3cr3t@db:5432/partner_portal',
  JWT_SECRET: 'kM3v9QzT5wLr8XbN2cHy7JfP4sDg6UaE',
  PORTAL_URL: 'https://portal.example.com',
  KMS_KEY_FILE: keyFile('keys.json', { keys: [{ id: '2026-11', key: KEY }] }),
};

const OIDC = {
  OIDC_ISSUER: 'https://id.example.com',
  OIDC_PROJECT_ID: '223281986649719041',
  OIDC_CLIENT_ID: 'portal',
  OIDC_CLIENT_SECRET: 'wD8rT2kQ9vLx4ZpB',
};

const STRIPE = {
  STRIPE_SECRET_KEY: 'sk_live_q7ZtW2mX9vLc4Rb',
  STRIPE_WEBHOOK_SECRETS: 'whsec_q7ZtW2mX9vLc4Rb, whsec_m8YuV3nX7wKd5Tc',
};

test('Stripe is set up by its key and the secrets of its endpoints, or not at all', () => {
  expect(readConfig({ ...production, ...STRIPE }, folder).stripe).toEqual({
    secretKey: STRIPE.STRIPE_SECRET_KEY,
    webhookSecrets: STRIPE.STRIPE_WEBHOOK_SECRETS.split(', '),
    apiBase: null,
  });
  expect(readConfig(production, folder).stripe).toBeNull();
});

test('an identity provider is set up by its issuer, our project and how we prove who asks', () => {
  const { oidc } = readConfig({ ...production, ...OIDC, OIDC_PLATFORM_ORG_IDS: '1, 2' }, folder);
  expect(oidc).toEqual({
    issuer: OIDC.OIDC_ISSUER,
    projectId: OIDC.OIDC_PROJECT_ID,
    algorithms: ['RS256'],
    client: { id: OIDC.OIDC_CLIENT_ID, secret: OIDC.OIDC_CLIENT_SECRET },
    platformOrganisations: ['1', '2'],
  });
  expect(readConfig(production, folder).oidc).toBeNull();
});

test.each([
  [{ OIDC_ISSUER: 'id.example.com' }, 'OIDC_ISSUER must begin with https://'],
  [{ OIDC_ISSUER: 'https://id.example.com/?x=1' }, 'OIDC_ISSUER must be an address without'],
  [{ OIDC_PROJECT_ID: '' }, 'OIDC_PROJECT_ID is missing'],
  [{ OIDC_ALGORITHMS: 'RS256,HS256' }, 'OIDC_ALGORITHMS must be some of'],
  [{ OIDC_ALGORITHMS: 'none' }, 'OIDC_ALGORITHMS must be some of'],
  [{ OIDC_CLIENT_SECRET: '' }, 'OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are missing'],
  [{ OIDC_KEY_FILE: '/nowhere.json' }, 'OIDC_KEY_FILE must be the readable JSON key'],
  [
    { OIDC_KEY_FILE: keyFile('oidc.json', { clientId: 'x', keyId: '1', key: 'no key' }) },
    'OIDC_KEY_FILE must be',
  ],
])('an identity provider with %o is refused', (env, sentence) => {
  expect(() => readConfig({ ...OIDC, ...env }, folder)).toThrow(sentence);
});

const RAZORPAY = {
  RAZORPAY_KEY_ID: 'rzp_live_a1B2c3',
  RAZORPAY_KEY_SECRET: 'nW4qZ8tK2vXc7RpL',
  RAZORPAYX_ACCOUNT_NUMBER: '7878780080316316',
  RAZORPAY_WEBHOOK_SECRET: 'hQ7vX2mK9sLp4TzR,gT5bN8wJ3yVc6KdM',
};
const PAYPAL = { PAYPAL_CLIENT_ID: 'AYxV3k9QmT7z', PAYPAL_CLIENT_SECRET: 'EJz5cV8wQ2nL7xTb' };

test('the rails of RazorpayX and PayPal are set up by their keys', () => {
  const { razorpay, paypal } = readConfig({ ...production, ...RAZORPAY, ...PAYPAL }, folder);
  expect(razorpay).toEqual({
    ...{ keyId: RAZORPAY.RAZORPAY_KEY_ID, keySecret: RAZORPAY.RAZORPAY_KEY_SECRET },
    ...{
      baseUrl: 'https://api.razorpay.com',
      accountNumber: '7878780080316316',
      narration: 'Partner payout',
    },
    webhookSecrets: ['hQ7vX2mK9sLp4TzR', 'gT5bN8wJ3yVc6KdM'],
    limits: { impsMaximum: 50_000_000n, rtgsMinimum: 20_000_000n, upiMaximum: 10_000_000n },
  });
  expect(paypal).toEqual({
    ...{ clientId: PAYPAL.PAYPAL_CLIENT_ID, clientSecret: PAYPAL.PAYPAL_CLIENT_SECRET },
    ...{ baseUrl: 'https://api-m.paypal.com', webhookId: null },
  });
  const keyOnly = { ...RAZORPAY, RAZORPAYX_ACCOUNT_NUMBER: '', RAZORPAY_WEBHOOK_SECRET: '' };
  expect(readConfig({ ...production, ...keyOnly }, folder)).toMatchObject({ razorpay: null, paypal: null });
  expect(readConfig({ ...PAYPAL, PAYPAL_BASE_URL: 'http://127.0.0.1:4010/' }, folder).paypal).toMatchObject({
    baseUrl: 'http://127.0.0.1:4010',
  });
  expect(readConfig(PAYPAL, folder).paypal?.baseUrl).toBe('https://api-m.sandbox.paypal.com');
});

test('production starts with its own database and secret', () => {
  expect(readConfig(production, folder)).toMatchObject({
    production: true,
    port: 3500,
    host: '0.0.0.0',
    playground: false,
  });
});

test.each([
  ['JWT_SECRET missing', { JWT_SECRET: '' }, 'JWT_SECRET is missing'],
  [
    "JWT_SECRET of the seed's documentation",
    { JWT_SECRET: 'your-jwt-secret-here' },
    'JWT_SECRET is a well-known value',
  ],
  ['JWT_SECRET short', { JWT_SECRET: 'kM3v9QzT5wLr8XbN' }, 'JWT_SECRET is too short'],
  [
    'JWT_SECRET one letter long again and again',
    { JWT_SECRET: 'a'.repeat(40) },
    'JWT_SECRET is a well-known value',
  ],
  [
    'OWN_DOMAINS that are addresses',
    { OWN_DOMAINS: 'https://finaceverse.com' },
    'OWN_DOMAINS must be domains',
  ],
  [
    'an identity provider in plain text',
    { ...OIDC, OIDC_ISSUER: 'http://id.example.com' },
    'OIDC_ISSUER must begin with https://.',
  ],
  [
    'a well-known OIDC_CLIENT_SECRET',
    { ...OIDC, OIDC_CLIENT_SECRET: 'changemechangeme' },
    'OIDC_CLIENT_SECRET is a well-known value',
  ],
  ['DATABASE_URL missing', { DATABASE_URL: '' }, 'DATABASE_URL is missing'],
  [
    'DATABASE_URL of the documentation',
    { DATABASE_URL: 'postgresql://user:pass@localhost:5432/partner_portal' },
    'DATABASE_URL has the password of the documentation',
  ],
  [
    'DATABASE_API_URL alone',
    { DATABASE_URL: '', DATABASE_API_URL: 'postgresql://portal_api:s3cr3t@db/partner_portal' },
    'DATABASE_API_URL is another login to the same database',
  ],
  [
    'STRIPE_SECRET_KEY of the documentation',
    { STRIPE_SECRET_KEY: 'sk_live_xxx' },
    'STRIPE_SECRET_KEY is a well-known value',
  ],
  ['STRIPE_SECRET_KEY short', { STRIPE_SECRET_KEY: 'sk_live_q7Zt' }, 'STRIPE_SECRET_KEY is too short'],
  [
    'STRIPE_SECRET_KEY alone',
    { STRIPE_SECRET_KEY: 'sk_live_q7ZtW2mX9vLc4Rb' },
    'STRIPE_WEBHOOK_SECRETS is missing',
  ],
  [
    'STRIPE_WEBHOOK_SECRETS alone',
    { STRIPE_WEBHOOK_SECRETS: 'whsec_q7ZtW2mX9vLc4Rb' },
    'STRIPE_SECRET_KEY is missing',
  ],
  [
    'STRIPE_WEBHOOK_SECRETS of the documentation',
    { ...STRIPE, STRIPE_WEBHOOK_SECRETS: 'whsec_secretsecretsecret' },
    'STRIPE_WEBHOOK_SECRETS has a well-known value',
  ],
  [
    'a short one of STRIPE_WEBHOOK_SECRETS',
    { ...STRIPE, STRIPE_WEBHOOK_SECRETS: `${STRIPE.STRIPE_WEBHOOK_SECRETS},whsec_q7ZtW` },
    'STRIPE_WEBHOOK_SECRETS has a secret that is too short',
  ],
  [
    'STRIPE_API_BASE in the clear',
    { ...STRIPE, STRIPE_API_BASE: 'http://stripe.example.com' },
    'STRIPE_API_BASE must begin with https://',
  ],
  [
    'RAZORPAY_KEY_SECRET of the documentation',
    { RAZORPAY_KEY_ID: 'rzp_live_a1B2c3', RAZORPAY_KEY_SECRET: 'xxx' },
    'RAZORPAY_KEY_SECRET is a well-known value',
  ],
  [
    'RAZORPAY_KEY_SECRET missing beside its id',
    { RAZORPAY_KEY_ID: 'rzp_live_a1B2c3' },
    'RAZORPAY_KEY_SECRET is missing',
  ],
  [
    'RAZORPAY_WEBHOOK_SECRET without a key',
    { RAZORPAY_WEBHOOK_SECRET: 'hQ7vX2mK9sLp4TzR' },
    'RAZORPAY_KEY_ID is missing: RAZORPAY_WEBHOOK_SECRET without a key',
  ],
  [
    'RAZORPAY_WEBHOOK_SECRET of the documentation',
    { ...RAZORPAY, RAZORPAY_WEBHOOK_SECRET: 'hQ7vX2mK9sLp4TzR,your-webhook-secret' },
    'RAZORPAY_WEBHOOK_SECRET has a well-known value',
  ],
  [
    'RAZORPAY_WEBHOOK_SECRET but no account',
    { ...RAZORPAY, RAZORPAYX_ACCOUNT_NUMBER: '' },
    'RAZORPAYX_ACCOUNT_NUMBER is missing',
  ],
  [
    'RAZORPAYX_ACCOUNT_NUMBER with letters',
    { ...RAZORPAY, RAZORPAYX_ACCOUNT_NUMBER: 'acc_1' },
    'RAZORPAYX_ACCOUNT_NUMBER must be the digits',
  ],
  ['PAYPAL_CLIENT_ID alone', { PAYPAL_CLIENT_ID: 'AYxV3k9QmT7z' }, 'PAYPAL_CLIENT_SECRET is missing'],
  [
    'PAYPAL_CLIENT_SECRET alone',
    { PAYPAL_CLIENT_SECRET: 'EJz5cV8wQ2nL7xTb' },
    'PAYPAL_CLIENT_ID is missing: PayPal needs both',
  ],
  [
    'PAYPAL_WEBHOOK_ID alone',
    { PAYPAL_WEBHOOK_ID: '1JE4291016473214C' },
    'PAYPAL_CLIENT_ID is missing: PAYPAL_WEBHOOK_ID',
  ],
  [
    'PAYPAL_CLIENT_SECRET of the documentation',
    { ...PAYPAL, PAYPAL_CLIENT_SECRET: 'your-client-secret' },
    'PAYPAL_CLIENT_SECRET is a well-known value',
  ],
  [
    'PAYPAL_BASE_URL in the clear',
    { ...PAYPAL, PAYPAL_BASE_URL: 'http://paypal.example.com' },
    'PAYPAL_BASE_URL must begin with https://',
  ],
  [
    'RAZORPAY_BASE_URL with a path',
    { ...RAZORPAY, RAZORPAY_BASE_URL: 'https://api.razorpay.com/v1' },
    'RAZORPAY_BASE_URL must be an address without a path',
  ],
  [
    'no PORTAL_URL',
    { PORTAL_URL: '' },
    'PORTAL_URL is missing: links in mails and tracking links begin with it.',
  ],
  [
    'PORTAL_URL of this machine',
    { PORTAL_URL: 'https://localhost:3500' },
    'PORTAL_URL must be an address that visitors',
  ],
  [
    'PORTAL_URL of the loopback',
    { PORTAL_URL: 'https://127.0.0.1' },
    'PORTAL_URL must be an address that visitors',
  ],
  ...['portal.localhost', 'localhost.', '0.0.0.0', '[::]', '[::1]', '[::ffff:127.0.0.1]', '127.1'].map(
    (host): [string, Record<string, string>, string] => [
      `PORTAL_URL of ${host}`,
      { PORTAL_URL: `https://${host}` },
      'PORTAL_URL must be an address that visitors',
    ],
  ),
  ['SMTP_URL but no MAIL_FROM', { SMTP_URL: 'smtps://mail.example.com' }, 'MAIL_FROM is missing'],
  [
    'PORTAL_URL in the clear',
    { PORTAL_URL: 'http://portal.example.com' },
    'PORTAL_URL must begin with https://',
  ],
  ['no place for its keys', { KMS_KEY_FILE: '' }, 'KMS_KEY_FILE is missing'],
  ['a key file that is not there', { KMS_KEY_FILE: '/nowhere/keys.json' }, 'KMS_KEY_FILE does not exist'],
  [
    'a key file of the documentation',
    { KMS_KEY_FILE: keyFile('short.json', { keys: [{ id: 'a', key: 'c2hvcnQ=' }] }) },
    'KMS_KEY_FILE has a key, a, that is not 32 random bytes',
  ],
  [
    'a key file without keys',
    { KMS_KEY_FILE: keyFile('none.json', { keys: [] }) },
    'KMS_KEY_FILE has no keys',
  ],
  ['a key file that is no JSON', { KMS_KEY_FILE: keyFile('text.json', KEY) }, 'KMS_KEY_FILE is not JSON'],
  ['keys in two places', { KMS_AWS_KEY_ID: 'alias/portal' }, 'KMS_AWS_KEY_ID and KMS_KEY_FILE are both set'],
  ["a Google key that is no key's name", { KMS_KEY_FILE: '', KMS_GCP_KEY: 'portal' }, 'KMS_GCP_KEY must be'],
])('production with %s is refused, and says so', (_, env, sentence) => {
  expect(() => readConfig({ ...production, ...env }, folder)).toThrow(sentence);
});

test.each([
  [{ PORT: 'http' }, 'PORT must be a whole number'],
  [{ PORT: '70000' }, 'PORT must be a whole number'],
  [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL must begin with'],
  [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL must begin with'],
  [{ SMTP_URL: 'mail.example.com' }, 'SMTP_URL must begin with'],
  [{ MAIL_FROM: 'Portal\r\nBcc: x@example.com' }, 'MAIL_FROM must be an address'],
  [{ PORTAL_URL: 'portal.example.com' }, 'PORTAL_URL must begin with'],
  [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be trace or debug or info'],
  [{ STRIPE_SECRET_KEY: 'pk_live_q7ZtW2mX9vLc4Rb' }, 'STRIPE_SECRET_KEY must be a secret or restricted key'],
  [
    { ...STRIPE, STRIPE_WEBHOOK_SECRETS: 'q7ZtW2mX9vLc4Rb' },
    'STRIPE_WEBHOOK_SECRETS must be signing secrets',
  ],
  [{ ...STRIPE, STRIPE_API_BASE: 'https://api.stripe.com/v1' }, 'STRIPE_API_BASE must be an address without'],
  [{ WORKER: 'no' }, 'WORKER must be on or off'],
  [{ PLAYGROUND: 'yes' }, 'PLAYGROUND must be true or false'],
])('%o is refused in any mode', (env, sentence) => {
  expect(() => readConfig(env, folder)).toThrow(sentence);
});

test('no secret is taken for one that everybody knows by chance, and none is printed', () => {
  for (let i = 0; i < 200; i++)
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      readConfig({ ...production, JWT_SECRET: randomBytes(32).toString(encoding) }, folder);
  const secrets = {
    JWT_SECRET: 'secret-of-mine',
    STRIPE_SECRET_KEY: 'sk_live_4242',
    OIDC_CLIENT_SECRET: 'mine',
  };
  try {
    readConfig({ ...production, ...secrets, OIDC_ISSUER: 'x' }, folder);
    expect.unreachable();
  } catch (error) {
    for (const secret of Object.values(secrets)) expect(String(error)).not.toContain(secret);
  }
});

test('development makes a secret of its own and keeps it', () => {
  const { jwtSecret } = readConfig({}, folder);
  expect(jwtSecret.length).toBeGreaterThanOrEqual(32);
  expect(readConfig({}, folder).jwtSecret).toBe(jwtSecret);
});

test('a key file that everybody may read is refused, and nothing of it is printed', () => {
  const path = keyFile('open.json', { keys: [{ id: '2026-11', key: KEY }] });
  chmodSync(path, 0o644);
  expect(() => readConfig({ ...production, KMS_KEY_FILE: path }, folder)).toThrow(
    'KMS_KEY_FILE must not be accessible to other users: chmod 600',
  );
  for (const content of [KEY, { keys: [{ id: 'x', key: KEY.slice(1) }] }, { keys: [{ id: KEY, key: 1 }] }]) {
    const said = (() => {
      try {
        return readConfig({ ...production, KMS_KEY_FILE: keyFile('bad.json', content) }, folder);
      } catch (error) {
        return String(error);
      }
    })();
    expect(said).toContain('KMS_KEY_FILE');
    expect(said).not.toContain(KEY.slice(1, 20));
  }
});

test('development makes keys of its own, once, that only its user may read', () => {
  const { keys } = readConfig({}, folder);
  const path = join(folder, '.data', 'keys.json');
  expect(keys).toEqual({ kind: 'FILE', path });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const before = readFileSync(path, 'utf8');
  readConfig({}, folder);
  expect(readFileSync(path, 'utf8')).toBe(before);
});

const DEBTOR = {
  BANK_DEBTOR_NAME: 'Example GmbH',
  BANK_DEBTOR_IBAN: 'DE89 3704 0044 0532 0130 00',
  BANK_DEBTOR_BIC: 'cobadeff',
  BANK_DEBTOR_COUNTRY: 'DE',
};
const ACH = {
  BANK_ACH_IMMEDIATE_DESTINATION: '231380104',
  BANK_ACH_IMMEDIATE_ORIGIN: '121042882',
  BANK_ACH_COMPANY_NAME: 'Example Inc',
  BANK_ACH_COMPANY_ID: '121042882',
  BANK_ACH_ODFI_ROUTING: '121042882',
};

test('bank files are made where the account that pays is set, by ISO 20022, by ACH or by both', () => {
  expect(readConfig(production, folder).bank).toBeNull();
  expect(readConfig({ ...production, ...DEBTOR }, folder).bank).toEqual({
    debtor: {
      name: 'Example GmbH',
      iban: 'DE89370400440532013000',
      bic: 'COBADEFF',
      country: 'DE',
      town: null,
    },
    ach: null,
  });
  expect(readConfig({ ...production, ...ACH }, folder).bank).toMatchObject({
    debtor: null,
    ach: { companyId: '121042882', entryClass: 'CCD' },
  });
});

test.each([
  [{ BANK_DEBTOR_BIC: '' }, 'BANK_DEBTOR_BIC is missing: paying by ISO 20022 needs it.'],
  [{ BANK_DEBTOR_IBAN: 'DE89370400440532013001' }, 'BANK_DEBTOR_IBAN must be an IBAN.'],
  [{ BANK_DEBTOR_BIC: 'X' }, 'BANK_DEBTOR_BIC must be a BIC.'],
  [{ BANK_DEBTOR_COUNTRY: 'UK' }, 'BANK_DEBTOR_COUNTRY must be an ISO 3166 code: use "GB" instead of "UK".'],
  [{ BANK_DEBTOR_NAME: '山' }, 'BANK_DEBTOR_NAME must be a name with Latin letters.'],
  [{ BANK_ACH_ODFI_ROUTING: '' }, 'BANK_ACH_ODFI_ROUTING is missing: paying by ACH needs it.'],
  [{ BANK_ACH_ODFI_ROUTING: '121042883' }, 'BANK_ACH_ODFI_ROUTING must be an ABA routing number.'],
  [{ BANK_ACH_ENTRY_CLASS: 'WEB' }, 'BANK_ACH_ENTRY_CLASS must be CCD or PPD.'],
])('half an account, or one that is none, is refused by its name: %o', (env, sentence) => {
  expect(() => readConfig({ ...production, ...DEBTOR, ...ACH, ...env }, folder)).toThrow(sentence);
});

test('the country of a visitor is taken from a header only behind a proxy that is believed', () => {
  expect(readConfig({ TRUST_PROXY: '1', COUNTRY_HEADER: 'CF-IPCountry' }, folder).countryHeader).toBe(
    'cf-ipcountry',
  );
  expect(readConfig({}, folder).countryHeader).toBeNull();
  expect(() => readConfig({ COUNTRY_HEADER: 'CF-IPCountry' }, folder)).toThrow(
    'COUNTRY_HEADER needs TRUST_PROXY',
  );
  expect(() => readConfig({ TRUST_PROXY: '1', COUNTRY_HEADER: 'a b' }, folder)).toThrow(
    'COUNTRY_HEADER must be',
  );
});

test('a secret may come from a file, without the line break at its end', () => {
  const { JWT_SECRET, ...rest } = production;
  const env = {
    ...rest,
    JWT_SECRET_FILE: keyFile('jwt-secret', `${JWT_SECRET}\n`),
    STRIPE_SECRET_KEY_FILE: keyFile('empty', ''),
  };
  expect(readConfig(env, folder)).toMatchObject({ jwtSecret: JWT_SECRET, stripe: null });
});

test.each([
  [
    { JWT_SECRET_FILE: keyFile('other-secret', 'x') },
    'JWT_SECRET and JWT_SECRET_FILE are both set: set one of them.',
  ],
  [
    { JWT_SECRET: '', JWT_SECRET_FILE: '/nowhere' },
    'JWT_SECRET_FILE must be the path of a file that this process can read.',
  ],
  [
    { JWT_SECRET: '', JWT_SECRET_FILE: keyFile('weak-secret', 'your-jwt-secret-here') },
    'JWT_SECRET is a well-known value: set your own.',
  ],
])('a secret by a file is refused, and says so: %o', (env, sentence) => {
  expect(() => readConfig({ ...production, ...env }, folder)).toThrow(sentence);
});

test('all faults are reported at once, whichever section they are in', () => {
  const faults = {
    PORT: 'http',
    COUNTRY_HEADER: 'a b',
    JWT_SECRET: '',
    OIDC_ISSUER: 'x',
    KMS_KEY_FILE: '',
    PAYPAL_CLIENT_ID: 'AYxV3k9QmT7z',
  };
  const readFaulty = () => readConfig({ ...production, ...faults }, folder);
  for (const sentence of [
    'PORT must be',
    'COUNTRY_HEADER must be',
    'COUNTRY_HEADER needs',
    'JWT_SECRET is missing: set at least 32 random characters.',
    'OIDC_ISSUER must begin',
    'OIDC_PROJECT_ID is missing',
    'OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are missing',
    'KMS_KEY_FILE is missing',
    'PAYPAL_CLIENT_SECRET is missing',
  ])
    expect(readFaulty).toThrow(sentence);
});
