import { variables } from './variables.ts';

/** Variables with a value of their own in the containers. */
const VALUES: Readonly<Record<string, string>> = {
  NODE_ENV: 'production',
  PORTAL_URL: `\${PORTAL_URL:?set PORTAL_URL to the https address of the portal}`,
  REDIS_URL: 'redis://redis:6379',
  KMS_KEY_FILE: `\${KMS_KEY_FILE-/run/secrets/kms_keys} # set it empty to use KMS_AWS_KEY_ID or KMS_GCP_KEY`,
  AUDIT_SEAL_FILE: `\${AUDIT_SEAL_FILE:-/var/lib/partner-portal/audit-seals.jsonl}`,
};

/** Variables that docker-compose.yml sets for single services, or not at all. */
const NOT_SHARED: ReadonlySet<string> = new Set(['HOST', 'PORT', 'WORKER']);

/** Variables that are paths of files, with the secrets that are these files. */
const FILES: Readonly<Record<string, string>> = { KMS_KEY_FILE: 'kms_keys', OIDC_KEY_FILE: 'oidc_key' };

const shared = variables.filter(({ name }) => !NOT_SHARED.has(name));
const isFile = ({ name, secret }: (typeof variables)[number]) => secret && !(name in VALUES);

const secrets = shared.flatMap((variable) =>
  isFile(variable) ? [variable.name.toLowerCase()] : (FILES[variable.name] ?? []),
);

/** The parts of docker-compose.yml that follow from the configuration, each below a line that ends in its marker. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  'x-portal.environment': shared.map((variable) =>
    isFile(variable)
      ? `    ${variable.name}_FILE: /run/secrets/${variable.name.toLowerCase()}`
      : `    ${variable.name}: ${VALUES[variable.name] ?? `\${${variable.name}:-}`}`,
  ),
  'x-portal.secrets': secrets.map((name) => `    - ${name}`),
  secrets: secrets.map((name) => `  ${name}: { file: ./secrets/${name} }`),
};

/** Returns the text of docker-compose.yml with its generated parts renewed. */
export function composeFile(text: string): string {
  return Object.entries(PARTS).reduce((before, [name, lines]) => {
    const [start, end] = [`# generated: ${name}\n`, '# end of generated'];
    const from = before.indexOf(start) + start.length;
    const to = before.lastIndexOf('\n', before.indexOf(end, from)) + 1;
    if (from < start.length || to <= 0) throw new Error(`docker-compose.yml has no generated part ${name}`);
    return `${before.slice(0, from)}${lines.join('\n')}\n${before.slice(to)}`;
  }, text);
}
