import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { composeFile } from '../../src/config/compose.ts';
import { readConfig } from '../../src/config/config.ts';
import { configurationPage, envExample } from '../../src/config/documentation.ts';
import { variables } from '../../src/config/variables.ts';

test('docs/configuration.md and .env.example are as `npm run config:docs` writes them', () => {
  expect(readFileSync('docs/configuration.md', 'utf8')).toBe(configurationPage());
  expect(readFileSync('.env.example', 'utf8')).toBe(envExample());
});

test('the generated parts of docker-compose.yml are as `npm run config:docs` writes them', () => {
  const text = readFileSync('docker-compose.yml', 'utf8');
  expect(text).toBe(composeFile(text));
});

test('the defaults in .env.example are the defaults of the product', () => {
  const shown = parseEnv(envExample().replace(/^# (?=[A-Z_]+=)/gm, ''));
  expect(new Set(Object.keys(shown))).toEqual(new Set(variables.map(({ name }) => name)));
  const defaults = variables.filter(({ development }) => 'text' in development).map(({ name }) => name);
  const env = Object.fromEntries(defaults.map((name) => [name, shown[name]]));
  const secrets = { JWT_SECRET: 'secret', NODE_ENV: 'test' };
  const given = readConfig({ ...env, AUDIT_SEAL_FILE: undefined, ...secrets });
  expect(given).toEqual(readConfig(secrets));
});

test('the file of a secret has a name of its own', () => {
  const names = variables.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name } of variables.filter(({ secret }) => secret))
    expect(names).not.toContain(`${name}_FILE`);
});
