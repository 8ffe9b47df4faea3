import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface OidcConfig {
  readonly issuer: string;
  readonly projectId: string;
  readonly algorithms: readonly string[];
  readonly client:
    | { readonly id: string; readonly secret: string }
    | { readonly id: string; readonly keyId: string; readonly key: string };
  /** Organisations whose `platform_admin` is one of ours. */
  readonly platformOrganisations: readonly string[];
}

// By a public key only: a secret that both sides know would let the provider's readers sign.
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

const listOf = (text: string | undefined): string[] => (text ?? '').split(/[\s,]+/).filter(Boolean);

/** What of the environment says whose tokens count besides ours. */
export function readOidc(env: NodeJS.ProcessEnv, production: boolean, faults: string[]): OidcConfig {
  const issuer = env['OIDC_ISSUER'] ?? '';
  const url = URL.canParse(issuer) ? new URL(issuer) : null;
  if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && !production)))
    faults.push(`OIDC_ISSUER must begin with https://${production ? '' : ' (or http:// in development)'}.`);
  else if (url.search || url.hash || url.username)
    faults.push('OIDC_ISSUER must be an address without user, query and fragment.');
  const projectId = env['OIDC_PROJECT_ID'] ?? '';
  if (!/^[!-~]{1,200}$/.test(projectId))
    faults.push('OIDC_PROJECT_ID is missing: tokens name it as their audience.');
  const algorithms = listOf(env['OIDC_ALGORITHMS'] || 'RS256');
  if (!algorithms.length || algorithms.some((name) => !ALGORITHMS.includes(name)))
    faults.push(`OIDC_ALGORITHMS must be some of ${ALGORITHMS.join(', ')}.`);
  return {
    issuer,
    projectId,
    algorithms,
    client: readOidcClient(env, faults),
    platformOrganisations: listOf(env['OIDC_PLATFORM_ORG_IDS']),
  };
}

/** A secret, or the key file that Zitadel gives for an API application. */
function readOidcClient(env: NodeJS.ProcessEnv, faults: string[]): OidcConfig['client'] {
  const [id, secret, file] = [
    env['OIDC_CLIENT_ID'] ?? '',
    env['OIDC_CLIENT_SECRET'] ?? '',
    env['OIDC_KEY_FILE'],
  ];
  if (file) {
    try {
      const { clientId, keyId, key } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      if (typeof clientId !== 'string' || typeof keyId !== 'string' || typeof key !== 'string') throw Error();
      createPrivateKey(key);
      return { id: clientId, keyId, key };
    } catch {
      faults.push('OIDC_KEY_FILE must be the readable JSON key of an API application: clientId, keyId, key.');
    }
  } else if (!id || !secret)
    faults.push(
      'OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are missing, or OIDC_KEY_FILE: tokens are asked about with them.',
    );
  return { id, secret };
}
