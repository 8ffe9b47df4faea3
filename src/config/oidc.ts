import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { list, secret, text } from './fields.ts';
import { section, variable } from './section.ts';

// Public keys only: with a secret that both sides know, a reader of it could sign.
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].concat([
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]);

export const oidc = section({
  title: 'Identity provider (OpenID Connect)',
  about:
    'Made for Zitadel. Without `OIDC_ISSUER`, only tokens that are signed with `JWT_SECRET` are accepted.',
  variables: ({ production }) => ({
    OIDC_ISSUER: variable(
      text()
        .refine((value) => URL.canParse(value) && isSafe(new URL(value), production), {
          error: `must begin with https://${production ? '' : ' (or http:// in development)'}.`,
          abort: true,
        })
        .refine((value) => {
          const { search, hash, username } = new URL(value);
          return !search && !hash && !username;
        }, 'must be an address without user, query and fragment.')
        .optional(),
      {
        description: 'Issuer, exactly as the tokens name it. In production it begins with `https://`.',
        example: 'https://id.example.com',
      },
    ),
    OIDC_PROJECT_ID: variable(
      text()
        .regex(/^[!-~]{1,200}$/, 'must be 1 to 200 characters of ASCII without spaces.')
        .optional(),
      {
        description: 'Project of the provider: tokens must name it as audience, and only its roles count.',
        example: '223281986649719041',
      },
    ),
    OIDC_CLIENT_ID: variable(text().optional(), {
      description: 'API application of that project, with which tokens are checked (introspection).',
    }),
    OIDC_CLIENT_SECRET: variable(secret(production, 16).optional(), {
      description: 'Secret of that application.',
      secret: true,
    }),
    OIDC_KEY_FILE: variable(
      text()
        .transform((file, context) => {
          const key = keyOf(file);
          if (key) return key;
          context.addIssue('must be the readable JSON key of an API application: clientId, keyId, key.');
          return z.NEVER;
        })
        .optional(),
      {
        description: 'Path of the JSON key of that application, in place of its id and secret.',
        example: '/run/secrets/oidc-key.json',
      },
    ),
    OIDC_ALGORITHMS: variable(
      list()
        .refine(
          (names) => names.length > 0 && names.every((name) => ALGORITHMS.includes(name)),
          `must be some of ${ALGORITHMS.join(', ')}.`,
        )
        .prefault('RS256'),
      { description: "Algorithms of the provider's signatures, separated by commas; never HS256." },
    ),
    OIDC_PLATFORM_ORG_IDS: variable(list().optional(), {
      description: 'Organisations, separated by commas, whose `platform_admin` is a PLATFORM_ADMIN here.',
      otherwise: 'none',
    }),
  }),
  rules: [
    {
      sentence:
        'With `OIDC_ISSUER`, set `OIDC_PROJECT_ID`, and either `OIDC_CLIENT_ID` and `OIDC_CLIENT_SECRET` or `OIDC_KEY_FILE`.',
      *faults({ OIDC_ISSUER, OIDC_PROJECT_ID, OIDC_KEY_FILE, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET }) {
        if (OIDC_ISSUER === undefined) return;
        if (OIDC_PROJECT_ID === undefined)
          yield 'OIDC_PROJECT_ID is missing: tokens must name the project as their audience.';
        if (!OIDC_KEY_FILE && !(OIDC_CLIENT_ID && OIDC_CLIENT_SECRET))
          yield 'OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are missing, or OIDC_KEY_FILE: tokens are checked with them.';
      },
    },
  ],
  value(set) {
    const { OIDC_ISSUER: issuer, OIDC_PROJECT_ID: projectId } = set;
    const { OIDC_CLIENT_ID: id, OIDC_CLIENT_SECRET: secret } = set;
    const client = set.OIDC_KEY_FILE ?? (id && secret ? { id, secret } : null);
    if (!issuer || !projectId || !client) return { oidc: null };
    const platformOrganisations = set.OIDC_PLATFORM_ORG_IDS ?? [];
    return { oidc: { issuer, projectId, algorithms: set.OIDC_ALGORITHMS, client, platformOrganisations } };
  },
});

const isSafe = ({ protocol }: URL, production: boolean): boolean =>
  protocol === 'https:' || (protocol === 'http:' && !production);

const KEY = z
  .object({ clientId: z.string(), keyId: z.string(), key: z.string() })
  .transform(({ clientId, keyId, key }) => ({ id: clientId, keyId, key }));

/** Returns the key of a file that Zitadel creates for an API application; null without a valid key. */
function keyOf(file: string): z.output<typeof KEY> | null {
  try {
    const key = KEY.parse(JSON.parse(readFileSync(file, 'utf8')));
    createPrivateKey(key.key);
    return key;
  } catch {
    return null;
  }
}
