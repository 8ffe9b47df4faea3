import { hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment, setVariables } from './environment.ts';
import { makeKeyFile } from './key-file.ts';
import { type Mode, readSection, type Section } from './section.ts';
import { SECTIONS } from './sections.ts';
import { variables } from './variables.ts';

type Values = (typeof SECTIONS)[number] extends infer Each
  ? Each extends Section<infer _Shape, infer Value>
    ? (value: Value) => void
    : never
  : never;
/** The values of all sections together. */
type Read = Values extends (value: infer All) => void ? All : never;

/** The configuration, made of the values of all sections. */
export type Config = ReturnType<typeof readConfig>;

/** The faults of the environment, one sentence each. */
export class ConfigError extends Error {}

const SECRETS = variables.filter(({ secret }) => secret).map(({ name }) => name);

/** Reads the whole configuration; throws ConfigError with all faults at once, each with the name of its variable. */
export function readConfig(env = environment(), folder = process.cwd()) {
  const mode: Mode = { production: env['NODE_ENV'] === 'production', dataFolder: join(folder, '.data') };
  const { set, faults: unreadable } = setVariables(env, SECRETS);
  const parts = SECTIONS.map((section) => readSection(section as Section, set, mode));
  const faults = [...unreadable, ...parts.flatMap((part) => part.faults)];
  if (faults.length) throw new ConfigError(faults.join('\n'));
  const config: Read = Object.assign({}, ...parts.map(({ value }) => value));

  const { auditSealSecret, ...values } = config;
  const { keys, production } = values;
  if (keys.kind === 'FILE' && !production && !set['KMS_KEY_FILE']) makeKeyFile(keys.path);
  const jwtSecret = config.jwtSecret ?? developmentSecret(mode.dataFolder);
  const portalUrl = config.portalUrl ?? `http://localhost:${config.port}`;
  return {
    ...values,
    jwtSecret,
    auditSealKey: deriveKey(auditSealSecret ?? jwtSecret, 'audit seals'),
    portalUrl,
    ownDomains: [...new Set([...config.ownDomains, new URL(portalUrl).hostname])],
    dataFolder: mode.dataFolder,
  };
}

/** Derives a separate key for one purpose. */
const deriveKey = (secret: string, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `partner-portal ${purpose}`, 32));

/** In development every checkout has a secret of its own, shared by the server and `npm run token`. */
function developmentSecret(folder: string): string {
  const file = join(folder, 'jwt-secret');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  mkdirSync(folder, { recursive: true });
  const secret = randomBytes(48).toString('base64url');
  writeFileSync(file, secret, { mode: 0o600, flag: 'wx' });
  return secret;
}
