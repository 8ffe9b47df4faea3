import { hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ipaddr from 'ipaddr.js';
import type { BankSetup } from './adapters/bank/bank-desk.ts';
import { keyFileFault, makeKeyFile } from './adapters/kms/file-kms.ts';
import type { StripeConfig } from './adapters/stripe/client.ts';
import { readBank } from './bank-config.ts';
import { type OidcConfig, readOidc } from './oidc-config.ts';
import { type PaypalConfig, type RazorpayConfig, readPaypal, readRazorpay } from './rails-config.ts';
import { readStripe } from './stripe-config.ts';
import { isWellKnownSecret } from './well-known-secret.ts';

/** Where the keys are that wrap the data keys. */
export type KeyStore =
  | { readonly kind: 'FILE'; readonly path: string }
  | { readonly kind: 'AWS'; readonly keyId: string; readonly endpoint: string | null }
  | { readonly kind: 'GCP'; readonly key: string; readonly endpoint: string | null };

export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  /** null: the embedded PostgreSQL in `dataFolder`. */
  readonly databaseUrl: string | null;
  /** null: the API works on `databaseUrl` too, as its own role. */
  readonly databaseApiUrl: string | null;
  readonly redisUrl: string | null;
  /** null: the embedded policy point, over the policies that come with the product. */
  readonly cerbosUrl: string | null;
  /** How long one question to it may take before it is asked once more, and then refused. */
  readonly cerbosDeadlineMs: number;
  readonly jwtSecret: string;
  readonly keys: KeyStore;
  /** Where the heads of the audit logs are written down, and what signs them. */
  readonly auditSealFile: string;
  readonly auditSealKey: Uint8Array;
  /** null: only our own tokens count. */
  readonly oidc: OidcConfig | null;
  /** null: Stripe is not set up. */
  readonly stripe: StripeConfig | null;
  /** null: not set up; in development the sandbox takes its place. */
  readonly razorpay: RazorpayConfig | null;
  readonly paypal: PaypalConfig | null;
  /** The company's own bank accounts; null: no bank files are made. */
  readonly bank: BankSetup | null;
  readonly playground: boolean;
  /** Whether this process also runs the durable jobs. */
  readonly worker: boolean;
  /** Domains that the portal answers at: no partner's brand may. */
  readonly ownDomains: readonly string[];
  readonly leaseSeconds: number;
  /** Origins of web pages that may call the API from a browser; `*` for any. */
  readonly corsOrigins: readonly string[];
  /** How many proxies stand before this process, or their networks; what they say of the caller's address is believed. */
  readonly trustProxy: number | readonly string[];
  /** The header in which our proxy says which country a visitor is in; null: none does. */
  readonly countryHeader: string | null;
  /** API calls of each person of staff and of each server; partners have the limits of their tiers. */
  readonly staffCallsPerHour: number;
  /** Calls from one address without a credential, or with one that is refused. */
  readonly anonymousCallsPerMinute: number;
  /** Clicks of one network that are kept; more still lead where they lead. */
  readonly clicksPerMinute: number;
  /** How many API processes share Redis: while it is away each gives out its part. */
  readonly processes: number;
  /** Whether documents are named by their hash: see `TrustMode`. */
  readonly trustedDocuments: 'off' | 'prefer' | 'only';
  /** How many requests a process works on at a time. */
  readonly requestsAtOnce: number;
  /** How far its event loop may be behind before requests are refused. */
  readonly busyAfterMs: number;
  /** How long a stopping process still takes requests, so that callers learn to go elsewhere. */
  readonly drainMs: number;
  /** How long a click says something of its visitor. */
  readonly retentionMonths: number;
  /** null: no mail server; in development mails become files. */
  readonly smtpUrl: string | null;
  readonly mailFrom: string;
  /** Where the portal is, for links in mails. */
  readonly portalUrl: string;
  readonly logLevel: string;
  readonly dataFolder: string;
}

/** What is wrong with the environment, one sentence a variable. */
export class ConfigError extends Error {}

const MIN_SECRET = 32;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** The environment, with what a `.env` file adds to it. */
export function environment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

/** Reads the whole configuration; fails at start-up, and says which variable is at fault. */
export function readConfig(env: NodeJS.ProcessEnv, folder = process.cwd()): Config {
  const production = env['NODE_ENV'] === 'production';
  const faults: string[] = [];
  const number = (name: string, fallback: number, min: number, max: number): number => {
    const value = env[name] ? Number(env[name]) : fallback;
    if (!Number.isInteger(value) || value < min || value > max)
      faults.push(`${name} must be a whole number from ${min} to ${max}.`);
    return value;
  };
  const url = (name: string, ...schemes: string[]): string | null => {
    const value = env[name] || null;
    if (value && !schemes.some((scheme) => value.startsWith(`${scheme}://`))) {
      faults.push(`${name} must begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}.`);
    }
    return value;
  };

  const oneOf = (name: string, values: readonly string[], fallback: string): string => {
    const value = env[name] || fallback;
    if (!values.includes(value)) faults.push(`${name} must be ${values.join(' or ')}.`);
    return value;
  };

  const domains = (name: string, fallback: string): string[] => {
    const list = (env[name] ?? fallback).split(/[,\s]+/).filter(Boolean);
    if (list.some((domain) => !/^([a-z0-9-]+\.)+[a-z0-9-]+$/.test(domain)))
      faults.push(`${name} must be domains in lower case, separated by commas.`);
    return list;
  };

  const list = (name: string): string[] =>
    (env[name] ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);

  const trustedDocuments = (env['TRUSTED_DOCUMENTS'] || 'prefer') as Config['trustedDocuments'];
  if (!['off', 'prefer', 'only'].includes(trustedDocuments))
    faults.push('TRUSTED_DOCUMENTS must be off, prefer or only.');
  const corsOrigins = list('CORS_ORIGINS');
  if (corsOrigins.some((origin) => origin !== '*' && !isOrigin(origin)))
    faults.push('CORS_ORIGINS must be a comma-separated list of origins such as https://portal.example.com.');
  const proxies = list('TRUST_PROXY');
  const hops = proxies.length === 1 && /^\d{1,2}$/.test(proxies[0] as string) ? Number(proxies[0]) : null;
  if (hops === null && !proxies.every((network) => ipaddr.isValid(network) || ipaddr.isValidCIDR(network)))
    faults.push(
      'TRUST_PROXY must be a number of proxies, or a comma-separated list of their addresses or networks.',
    );
  const countryHeader = env['COUNTRY_HEADER']?.trim().toLowerCase() || null;
  if (countryHeader !== null && !/^[a-z0-9-]{1,64}$/.test(countryHeader))
    faults.push('COUNTRY_HEADER must be the name of a header such as CF-IPCountry.');
  if (countryHeader !== null && proxies.length === 0)
    faults.push('COUNTRY_HEADER needs TRUST_PROXY: anybody could send that header otherwise.');
  const smtpUrl = url('SMTP_URL', 'smtp', 'smtps');
  const port = number('PORT', 3500, 0, 65_535);
  const mailFrom = env['MAIL_FROM'] || 'Partner Portal <portal@localhost>';
  if (/[\r\n]/.test(mailFrom) || !/^[^<>]*<?[^\s@<>]+@[^\s@<>]+>?$/.test(mailFrom))
    faults.push('MAIL_FROM must be an address such as Partner Portal <portal@example.com>.');
  const portalUrl = (url('PORTAL_URL', 'https', 'http') ?? `http://localhost:${port}`).replace(/\/+$/, '');
  if (!URL.canParse(portalUrl) || /[?#]/.test(portalUrl))
    faults.push('PORTAL_URL must be an address such as https://portal.example.com.');
  if (production && env['PORTAL_URL'] && !portalUrl.startsWith('https://'))
    faults.push('PORTAL_URL must begin with https://: links in mails let people in.');
  if (production && smtpUrl)
    for (const name of ['MAIL_FROM', 'PORTAL_URL'])
      if (!env[name]) faults.push(`${name} is missing: mails need it, and SMTP_URL is set.`);
  const databaseUrl = url('DATABASE_URL', 'postgres', 'postgresql');
  const databaseApiUrl = url('DATABASE_API_URL', 'postgres', 'postgresql');
  if (databaseApiUrl && !databaseUrl)
    faults.push('DATABASE_URL is missing: DATABASE_API_URL is another login to the same database.');
  if (production) {
    if (!databaseUrl) faults.push('DATABASE_URL is missing: in production give your own PostgreSQL.');
    if (databaseUrl?.includes('//user:pass@'))
      faults.push('DATABASE_URL has the password of the documentation: set your own.');
    if (!env['JWT_SECRET']) faults.push('JWT_SECRET is missing: set at least 32 random characters.');
    for (const [name, min] of [
      ['JWT_SECRET', MIN_SECRET],
      ['AUDIT_SEAL_KEY', MIN_SECRET],
      ['OIDC_CLIENT_SECRET', 16],
      ['STRIPE_SECRET_KEY', 16],
      ['RAZORPAY_KEY_SECRET', 16],
      ['RAZORPAY_KEY_ID', 8],
      ['PAYPAL_CLIENT_SECRET', 16],
      ['PAYPAL_CLIENT_ID', 8],
    ] as const) {
      const value = env[name];
      if (!value) continue;
      if (isWellKnownSecret(value)) faults.push(`${name} is a well-known value: set your own.`);
      else if (value.length < min) faults.push(`${name} is too short: it needs at least ${min} characters.`);
    }
    if (Boolean(env['RAZORPAY_KEY_ID']) !== Boolean(env['RAZORPAY_KEY_SECRET'])) {
      faults.push(
        `${env['RAZORPAY_KEY_ID'] ? 'RAZORPAY_KEY_SECRET' : 'RAZORPAY_KEY_ID'} is missing: Razorpay needs both.`,
      );
    }
  }
  const dataFolder = join(folder, '.data');
  const keys = keyStore(env, production, dataFolder, faults);
  const config = {
    production,
    host: env['HOST'] || (production ? '0.0.0.0' : 'localhost'),
    port,
    databaseUrl,
    databaseApiUrl,
    redisUrl: url('REDIS_URL', 'redis', 'rediss'),
    cerbosUrl: url('CERBOS_URL', 'grpc', 'grpcs', 'unix'),
    cerbosDeadlineMs: number('CERBOS_DEADLINE_MS', 200, 10, 10_000),
    keys,
    oidc: env['OIDC_ISSUER'] ? readOidc(env, production, faults) : null,
    stripe: readStripe(env, production, faults),
    razorpay: readRazorpay({ env, production, faults, number }),
    paypal: readPaypal({ env, production, faults }),
    bank: readBank(env, faults),
    playground: oneOf('PLAYGROUND', ['true', 'false'], String(!production)) === 'true',
    worker: oneOf('WORKER', ['on', 'off'], 'on') === 'on',
    ownDomains: domains('OWN_DOMAINS', 'finaceverse.com'),
    smtpUrl,
    mailFrom,
    portalUrl,
    retentionMonths: number('RETENTION_MONTHS', 13, 1, 120),
    leaseSeconds: number('PAYOUT_LEASE_SECONDS', 30, 1, 600),
    corsOrigins,
    trustProxy: hops ?? proxies,
    countryHeader,
    staffCallsPerHour: number('STAFF_CALLS_PER_HOUR', 2_000_000, 1, 1_000_000_000),
    anonymousCallsPerMinute: number('ANONYMOUS_CALLS_PER_MINUTE', 120, 1, 1_000_000_000),
    clicksPerMinute: number('CLICKS_PER_MINUTE', 600, 1, 1_000_000_000),
    processes: number('PROCESSES', 2, 1, 1_000),
    trustedDocuments,
    requestsAtOnce: number('REQUESTS_AT_ONCE', 500, 1, 100_000),
    busyAfterMs: number('BUSY_AFTER_MS', 500, 50, 600_000),
    drainMs: number('SHUTDOWN_DRAIN_MS', production ? 1_000 : 0, 0, 20_000),
    logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, production ? 'info' : 'warn'),
    auditSealFile: env['AUDIT_SEAL_FILE'] || join(dataFolder, 'audit-seals.jsonl'),
    dataFolder,
  };
  if (faults.length) throw new ConfigError(faults.join('\n'));
  if (keys.kind === 'FILE' && !production && !env['KMS_KEY_FILE']) makeKeyFile(keys.path);
  const jwtSecret = env['JWT_SECRET'] || developmentSecret(config.dataFolder);
  const auditSealKey = derived(env['AUDIT_SEAL_KEY'] || jwtSecret, 'audit seals');
  return { ...config, jwtSecret, auditSealKey };
}

/** A key of its own for one purpose. */
const derived = (secret: string, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `partner-portal ${purpose}`, 32));

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

const GCP_KEY = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/;

/** One place for the keys: AWS, Google, or a file, which development makes by itself. */
function keyStore(env: NodeJS.ProcessEnv, production: boolean, folder: string, faults: string[]): KeyStore {
  const { KMS_AWS_KEY_ID: aws, KMS_GCP_KEY: gcp, KMS_KEY_FILE: file } = env;
  const given = Object.entries({ KMS_AWS_KEY_ID: aws, KMS_GCP_KEY: gcp, KMS_KEY_FILE: file }).flatMap(
    ([name, value]) => (value ? [name] : []),
  );
  if (given.length > 1) faults.push(`${given.join(' and ')} are both set: the keys are in one place.`);
  if (aws) return { kind: 'AWS', keyId: aws, endpoint: env['KMS_AWS_ENDPOINT'] || null };
  if (gcp) {
    if (!GCP_KEY.test(gcp))
      faults.push('KMS_GCP_KEY must be projects/P/locations/L/keyRings/R/cryptoKeys/K.');
    return { kind: 'GCP', key: gcp, endpoint: env['KMS_GCP_ENDPOINT'] || null };
  }
  if (!file && production) {
    faults.push('KMS_KEY_FILE is missing: in production give a key file, KMS_AWS_KEY_ID or KMS_GCP_KEY.');
  }
  const path = file || join(folder, 'keys.json');
  const fault = file || existsSync(path) ? keyFileFault(path) : null;
  if (fault) faults.push(`${file ? 'KMS_KEY_FILE' : path} ${fault}.`);
  return { kind: 'FILE', path };
}

/** In development every checkout has a secret of its own, shared by the server and `npm run token`. */
function developmentSecret(folder: string): string {
  const file = join(folder, 'jwt-secret');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  mkdirSync(folder, { recursive: true });
  const secret = randomBytes(48).toString('base64url');
  writeFileSync(file, secret, { mode: 0o600, flag: 'wx' });
  return secret;
}
