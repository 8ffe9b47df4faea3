import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/config.ts';
import { variables } from '../../src/config/variables.ts';

interface Service {
  readonly environment?: Record<string, string>;
  readonly secrets?: readonly string[];
  readonly depends_on?: Record<string, { condition: string }>;
}

interface Compose {
  readonly services: Record<string, Service>;
  readonly secrets: Record<string, { file: string }>;
  readonly volumes: Record<string, null>;
}

/** Variables that the containers do not need from the operator. */
const NOT_PASSED: Record<string, string> = {
  HOST: 'a container listens on all its addresses, which is the default in production',
  PORT: 'the port of the host; the container always listens on 3500',
};

const text = readFileSync('docker-compose.yml', 'utf8');
const { services, secrets }: Compose = parse(text, { merge: true });
const PRODUCT = ['partner-portal', 'worker', 'migrate'];
const environmentOf = (service: string): Record<string, string> => services[service]?.environment ?? {};

const folder = mkdtempSync(join(tmpdir(), 'compose-'));
cpSync('scripts/make-secrets.sh', join(folder, 'scripts/make-secrets.sh'));
cpSync('docker-compose.yml', join(folder, 'docker-compose.yml'));
const makeSecrets = () =>
  execFileSync('sh', [join(folder, 'scripts/make-secrets.sh')], { encoding: 'utf8', stdio: 'pipe' });
makeSecrets();
afterAll(() => rmSync(folder, { recursive: true }));

test('every variable of .env.example reaches the containers, or is not needed there', () => {
  const names = Array.from(
    readFileSync('.env.example', 'utf8').matchAll(/^# ([A-Z][A-Z0-9_]*)=/gm),
    ([, name = '']) => name,
  );
  expect(names.length).toBeGreaterThan(60);
  const passed = environmentOf('partner-portal');
  const missing = names.filter((name) => !(name in passed || `${name}_FILE` in passed || name in NOT_PASSED));
  expect(missing).toEqual([]);
});

test.each(PRODUCT)('%s gets the variables that it knows, and its secrets as files', (service) => {
  const known = new Map(
    variables.flatMap(
      ({ name, secret }) =>
        [[name, secret], ...(secret ? [[`${name}_FILE`, false] as const] : [])] as [string, boolean][],
    ),
  );
  for (const [name, value] of Object.entries(environmentOf(service))) {
    expect([name, known.has(name)]).toEqual([name, true]);
    if (name === 'REDIS_URL') continue; // of the network of these containers, without a password
    expect([name, known.get(name)]).toEqual([name, false]);
    const [, secret] = /\/run\/secrets\/(\w+)/.exec(value) ?? [];
    if (secret) expect(services[service]?.secrets).toContain(secret);
  }
});

test('`docker compose up -d partner-portal` starts everything that it needs', () => {
  const started = new Set<string>();
  const start = (service: string) => {
    expect(services).toHaveProperty([service]);
    if (started.has(service)) return;
    started.add(service);
    Object.keys(services[service]?.depends_on ?? {}).forEach(start);
  };
  start('partner-portal');
  expect([...started].sort((a, b) => (a < b ? -1 : 1))).toEqual([
    'migrate',
    'partner-portal',
    'postgres',
    'redis',
    'worker',
  ]);
  for (const service of ['partner-portal', 'worker'])
    expect(services[service]?.depends_on?.['migrate']?.condition).toBe('service_completed_successfully');
});

test('the script makes every secret once', () => {
  const mounted = Object.values(services).flatMap((service) => service.secrets ?? []);
  expect(new Set(mounted)).toEqual(new Set(Object.keys(secrets)));
  expect(Object.values(secrets).map(({ file }) => file)).toEqual(
    Object.keys(secrets).map((name) => `./secrets/${name}`),
  );
  expect(new Set(readdirSync(join(folder, 'secrets')))).toEqual(new Set(Object.keys(secrets)));
  const before = readFileSync(join(folder, 'secrets/jwt_secret'), 'utf8');
  makeSecrets();
  expect(readFileSync(join(folder, 'secrets/jwt_secret'), 'utf8')).toBe(before);
});

test.each(PRODUCT)('production starts %s with what compose gives and PORTAL_URL', (service) => {
  const withDefaults = (value: string) =>
    value
      .replace(/^\$\{PORTAL_URL:\?.*\}$/, 'https://portal.example.com')
      .replaceAll(/\$\{\w+:?-([^}]*)\}/g, '$1');
  const env = Object.fromEntries(
    Object.entries(environmentOf(service)).map(([name, value]) => [
      name,
      withDefaults(value).replace('/run/secrets', join(folder, 'secrets')),
    ]),
  );
  const config = readConfig(env, folder);
  const password = readFileSync(join(folder, 'secrets/postgres_password'), 'utf8').trim();
  expect(config.databaseUrl).toBe(`postgresql://portal:${password}@postgres:5432/partner_portal`);
  expect(config).toMatchObject({
    production: true,
    host: '0.0.0.0',
    port: 3500,
    worker: service !== 'partner-portal',
    keys: { kind: 'FILE' },
    stripe: null,
    bank: null,
  });
});
