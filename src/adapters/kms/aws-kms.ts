import { DecryptCommand, EncryptCommand, KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms';
import { AppError } from '../../domain/errors.ts';
import type { KeyService } from '../../ports/key-service.ts';

const TIMEOUT_MS = 5_000;

/** AWS KMS. `keyId` is a key's id, ARN or alias; a change of it is a rotation, and the old key must stay until data
 *  keys are wrapped again. Credentials and region come from the usual AWS sources: environment, profile, role. */
export function awsKms(keyId: string, config: KMSClientConfig = {}): KeyService {
  const region = /^arn:[^:]+:kms:([^:]+):/.exec(keyId)?.[1];
  const client = new KMSClient({
    ...(region && { region }),
    requestHandler: {
      requestTimeout: TIMEOUT_MS,
      connectionTimeout: TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
    ...config,
  });

  return {
    async wrap(dataKey, context) {
      const { CiphertextBlob } = await client
        .send(new EncryptCommand({ KeyId: keyId, Plaintext: dataKey, EncryptionContext: context }))
        .catch(refuse);
      return { kekId: `aws:${keyId}`, bytes: CiphertextBlob as Uint8Array };
    },

    async unwrap({ kekId, bytes }, context) {
      const { Plaintext } = await client
        .send(
          new DecryptCommand({
            KeyId: kekId.replace(/^aws:/, ''),
            CiphertextBlob: bytes,
            EncryptionContext: context,
          }),
        )
        .catch(refuse);
      return Plaintext as Uint8Array;
    },
  };
}

/** A refusal by AWS needs a person. Any other error may be temporary. */
function refuse(error: Error & { $fault?: string; $metadata?: { httpStatusCode?: number } }): never {
  const throttled = /Throttling|LimitExceeded/.test(error.name);
  if (error.$fault === 'client' && !throttled) throw error;
  throw Object.assign(
    new AppError('SERVICE_UNAVAILABLE', 'The key service does not answer. Try again in a moment.'),
    {
      cause: error,
    },
  );
}
