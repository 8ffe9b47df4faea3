import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'portal-config-'));
const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://portal:s3cr3t@db:5432/partner_portal',
  JWT_SECRET: 'kM3v9QzT5wLr8XbN2cHy7JfP4sDg6UaE',
};

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
  ['STRIPE_SECRET_KEY short', { STRIPE_SECRET_KEY: 'sk_live_4242' }, 'STRIPE_SECRET_KEY is too short'],
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
])('production with %s is refused, and says so', (_, env, sentence) => {
  expect(() => readConfig({ ...production, ...env }, folder)).toThrow(sentence);
});

test.each([
  [{ PORT: 'http' }, 'PORT must be a whole number'],
  [{ PORT: '70000' }, 'PORT must be a whole number'],
  [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL must begin with'],
  [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL must begin with'],
])('%o is refused in any mode', (env, sentence) => {
  expect(() => readConfig(env, folder)).toThrow(sentence);
});

test('development makes a secret of its own and keeps it', () => {
  const { jwtSecret } = readConfig({}, folder);
  expect(jwtSecret.length).toBeGreaterThanOrEqual(32);
  expect(readConfig({}, folder).jwtSecret).toBe(jwtSecret);
});
