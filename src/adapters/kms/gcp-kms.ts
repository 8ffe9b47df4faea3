import { type AuthClient, GoogleAuth } from 'google-auth-library';
import { AppError } from '../../domain/errors.ts';
import { type KeyService, textOf } from '../../ports/key-service.ts';
import { crc32c } from './crc32c.ts';

const ENDPOINT = 'https://cloudkms.googleapis.com';
const TIMEOUT_MS = 5_000;
const RETRY = { retry: 2, httpMethodsToRetry: ['POST'] }; // both calls can be repeated safely

interface Options {
  readonly endpoint?: string | null;
  /** For tests. Default: the credentials of the environment. */
  readonly authClient?: AuthClient;
}

/** Google Cloud KMS by REST. `key` is projects/P/locations/L/keyRings/R/cryptoKeys/K. It encrypts with its primary
 *  version and finds the right version for decryption. Both directions have checksums, as Google recommends. */
export function gcpKms(key: string, { endpoint, authClient }: Options = {}): KeyService {
  const auth = new GoogleAuth({
    scopes: 'https://www.googleapis.com/auth/cloudkms',
    ...(authClient && { authClient }),
  });
  const call = async <T>(verb: 'encrypt' | 'decrypt', name: string, data: object): Promise<T> => {
    const url = `${endpoint ?? ENDPOINT}/v1/${name}:${verb}`;
    const { data: answer } = await auth
      .request<T>({ url, method: 'POST', data, timeout: TIMEOUT_MS, retryConfig: RETRY })
      .catch(refuse);
    return answer;
  };
  const checked = (text: string, crc: string | undefined): Buffer => {
    const bytes = Buffer.from(text, 'base64');
    if (crc !== String(crc32c(bytes))) throw new Error('the response of Google KMS was corrupted in transit');
    return bytes;
  };

  return {
    async wrap(dataKey, context) {
      const aad = Buffer.from(textOf(context));
      const answer = await call<{
        name: string;
        ciphertext: string;
        ciphertextCrc32c: string;
        verifiedPlaintextCrc32c?: boolean;
        verifiedAdditionalAuthenticatedDataCrc32c?: boolean;
      }>('encrypt', key, {
        plaintext: Buffer.from(dataKey).toString('base64'),
        plaintextCrc32c: String(crc32c(dataKey)),
        additionalAuthenticatedData: aad.toString('base64'),
        additionalAuthenticatedDataCrc32c: String(crc32c(aad)),
      });
      if (!answer.verifiedPlaintextCrc32c || !answer.verifiedAdditionalAuthenticatedDataCrc32c)
        throw new Error('the request to Google KMS was corrupted in transit');
      return { kekId: `gcp:${answer.name}`, bytes: checked(answer.ciphertext, answer.ciphertextCrc32c) };
    },

    async unwrap({ kekId, bytes }, context) {
      const aad = Buffer.from(textOf(context));
      const name = kekId.replace(/^gcp:/, '').replace(/\/cryptoKeyVersions\/\d+$/, '');
      const answer = await call<{ plaintext: string; plaintextCrc32c: string }>('decrypt', name, {
        ciphertext: Buffer.from(bytes).toString('base64'),
        ciphertextCrc32c: String(crc32c(bytes)),
        additionalAuthenticatedData: aad.toString('base64'),
        additionalAuthenticatedDataCrc32c: String(crc32c(aad)),
      });
      return checked(answer.plaintext, answer.plaintextCrc32c);
    },
  };
}

/** A refusal by Google needs a person. Any other error may be temporary. The library's error
 *  contains the whole request with data key and token, so only its message is kept. */
function refuse(error: { message?: string; status?: unknown; code?: unknown }): never {
  const status = Number(error.status ?? error.code);
  const said = new Error(`Google KMS: ${status || ''} ${String(error.message)}`);
  if (status >= 400 && status < 500 && status !== 429 && status !== 408) throw said;
  throw Object.assign(
    new AppError('SERVICE_UNAVAILABLE', 'The key service does not answer. Try again in a moment.'),
    {
      cause: said,
    },
  );
}
