import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from './fields.ts';
import { keyFileFault } from './key-file.ts';
import { listed, section, variable } from './section.ts';

/** The place of the keys that wrap the data keys. */
export type KeyStore =
  | { readonly kind: 'FILE'; readonly path: string }
  | { readonly kind: 'AWS'; readonly keyId: string; readonly endpoint: string | null }
  | { readonly kind: 'GCP'; readonly key: string; readonly endpoint: string | null };

const PLACES = ['KMS_AWS_KEY_ID', 'KMS_GCP_KEY', 'KMS_KEY_FILE'];
const GCP_KEY = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/;

export const keyService = section({
  title: 'Key service',
  about:
    'Bank details and tax ids are encrypted by data keys, and a key of the key service wraps each data key.',
  variables: () => ({
    KMS_KEY_FILE: variable(
      text()
        .superRefine((path, context) => {
          const fault = keyFileFault(path);
          if (fault) context.addIssue(`${fault}.`);
        })
        .optional(),
      {
        description:
          'Path of a key file of mode 600: `{"keys":[{"id":"2026-11","key":"<openssl rand -base64 32>"}]}`, with the newest key last.',
        otherwise: 'a key file that development makes once, in `.data`',
        example: '/run/secrets/kms-keys.json',
      },
    ),
    KMS_AWS_KEY_ID: variable(text().optional(), {
      description:
        'Key of AWS KMS: its id, ARN or alias. Credentials and region come from the variables of AWS.',
      example: 'alias/partner-portal',
    }),
    KMS_AWS_ENDPOINT: variable(text().optional(), {
      description: 'Another address of AWS KMS.',
      otherwise: "AWS's own",
    }),
    KMS_GCP_KEY: variable(
      text().regex(GCP_KEY, 'must be projects/P/locations/L/keyRings/R/cryptoKeys/K.').optional(),
      {
        description: 'Key of Google Cloud KMS. Credentials come from the variables of Google.',
        example: 'projects/P/locations/L/keyRings/R/cryptoKeys/K',
      },
    ),
    KMS_GCP_ENDPOINT: variable(text().optional(), {
      description: 'Another address of Google Cloud KMS.',
      otherwise: "Google's own",
    }),
  }),
  rules: [
    {
      sentence: `Set one of ${listed(PLACES, 'or')}; production needs it.`,
      *faults(given, { production, dataFolder }) {
        const places = PLACES.filter((name) => given[name]);
        if (places.length > 1) yield `${places.join(' and ')} are both set: set only one of them.`;
        if (places.length > 0) return;
        if (production)
          yield 'KMS_KEY_FILE is missing: in production give a key file, KMS_AWS_KEY_ID or KMS_GCP_KEY.';
        const path = developmentKeys(dataFolder);
        const fault = existsSync(path) ? keyFileFault(path) : null;
        if (fault) yield `${path} ${fault}.`;
      },
    },
  ],
  value: (set, { dataFolder }) => ({ keys: keyStore(set, dataFolder) }),
});

const developmentKeys = (dataFolder: string): string => join(dataFolder, 'keys.json');

function keyStore(
  set: {
    KMS_AWS_KEY_ID?: string | undefined;
    KMS_AWS_ENDPOINT?: string | undefined;
    KMS_GCP_KEY?: string | undefined;
    KMS_GCP_ENDPOINT?: string | undefined;
    KMS_KEY_FILE?: string | undefined;
  },
  dataFolder: string,
): KeyStore {
  if (set.KMS_AWS_KEY_ID)
    return { kind: 'AWS', keyId: set.KMS_AWS_KEY_ID, endpoint: set.KMS_AWS_ENDPOINT ?? null };
  if (set.KMS_GCP_KEY) return { kind: 'GCP', key: set.KMS_GCP_KEY, endpoint: set.KMS_GCP_ENDPOINT ?? null };
  return { kind: 'FILE', path: set.KMS_KEY_FILE ?? developmentKeys(dataFolder) };
}
