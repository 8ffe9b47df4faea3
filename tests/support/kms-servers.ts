import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { crc32c } from '../../src/adapters/kms/crc32c.ts';

export interface KmsServer {
  readonly url: string;
  /** Bodies of the requests, newest last. */
  readonly asked: { operation: string; body: Record<string, unknown> }[];
  /** What the next requests get instead of an answer. */
  readonly faults: (() => { status: number; body: string } | 'reset' | 'silence' | 'damage')[];
  close(): Promise<void>;
}

/** A key whose ciphertext opens only with the context that it was made with. */
class Key {
  readonly #secret = randomBytes(32);

  encrypt(plain: Buffer, aad: string): Buffer {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#secret, iv).setAAD(Buffer.from(aad));
    return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  decrypt(sealed: Buffer, aad: string): Buffer | null {
    const decipher = createDecipheriv('aes-256-gcm', this.#secret, sealed.subarray(0, 12))
      .setAAD(Buffer.from(aad))
      .setAuthTag(sealed.subarray(-16));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    } catch {
      return null;
    }
  }
}

type Answer = { status: number; body: object };

async function serve(
  operationOf: (request: IncomingMessage) => string,
  answer: (operation: string, body: Record<string, string>) => Answer,
  type: string,
): Promise<KmsServer> {
  const asked: KmsServer['asked'] = [];
  const faults: KmsServer['faults'] = [];
  const server: Server = createServer(async (request, response) => {
    const operation = operationOf(request);
    const body = JSON.parse(await text(request));
    asked.push({ operation, body });
    const fault = faults.shift()?.();
    if (fault === 'reset') return void request.socket.destroy();
    if (fault === 'silence') return;
    const { status, body: reply } =
      typeof fault === 'object' ? { status: fault.status, body: fault.body } : answer(operation, body);
    const json = typeof reply === 'string' ? reply : JSON.stringify(reply);
    const damaged = json.replace(
      /("(?:plaintext|ciphertext)":")(.)/,
      (_, before, first) => `${before}${first === 'A' ? 'B' : 'A'}`,
    );
    response.writeHead(status, { 'content-type': type }).end(fault === 'damage' ? damaged : json);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** AWS KMS as its JSON 1.1 API has it: X-Amz-Target TrentService.Encrypt and .Decrypt, signed, with a context. */
export function awsKmsServer(keyIds: readonly string[]): Promise<KmsServer> {
  const keys = new Map(keyIds.map((id) => [id, new Key()]));
  const refuse = (name: string): Answer => ({ status: 400, body: { __type: name, message: 'refused' } });
  const canonical = (context: unknown) =>
    JSON.stringify(Object.entries((context ?? {}) as object).sort(([a], [b]) => (a < b ? -1 : 1)));
  return serve(
    ({ headers }) => {
      const signed = /^AWS4-HMAC-SHA256 Credential=.+, SignedHeaders=.+, Signature=[0-9a-f]{64}$/;
      if (!signed.test(String(headers.authorization))) return 'unsigned';
      return String(headers['x-amz-target']).replace('TrentService.', '');
    },
    (operation, { KeyId = '', Plaintext, CiphertextBlob, EncryptionContext }) => {
      if (operation === 'unsigned') return refuse('MissingAuthenticationTokenException');
      const key = keys.get(KeyId);
      if (!key) return refuse('NotFoundException');
      const common = { KeyId, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
      if (operation === 'Encrypt' && Plaintext) {
        const sealed = key.encrypt(Buffer.from(Plaintext, 'base64'), canonical(EncryptionContext));
        return { status: 200, body: { ...common, CiphertextBlob: sealed.toString('base64') } };
      }
      const plain = key.decrypt(Buffer.from(CiphertextBlob ?? '', 'base64'), canonical(EncryptionContext));
      return plain
        ? { status: 200, body: { ...common, Plaintext: plain.toString('base64') } }
        : refuse('InvalidCiphertextException');
    },
    'application/x-amz-json-1.1',
  );
}

/** Google Cloud KMS v1: POST /v1/<key>:encrypt and :decrypt, with a bearer token and checksums. */
export function gcpKmsServer(name: string, version: { current: number }): Promise<KmsServer> {
  const key = new Key();
  const refuse = (status: number, message: string): Answer => ({
    status,
    body: { error: { code: status, message, status: 'INVALID_ARGUMENT' } },
  });
  return serve(
    ({ headers, url }) => (headers.authorization === 'Bearer of-the-test' ? String(url) : 'unsigned'),
    (operation, body) => {
      if (operation === 'unsigned') return refuse(401, 'no credentials');
      const bytes = (field: string) => Buffer.from(body[field] ?? '', 'base64');
      for (const field of ['plaintext', 'ciphertext', 'additionalAuthenticatedData'])
        if (body[field] !== undefined && body[`${field}Crc32c`] !== String(crc32c(bytes(field))))
          return refuse(400, `${field} does not match its checksum`);
      const aad = bytes('additionalAuthenticatedData').toString();
      if (operation === `/v1/${name}:encrypt`) {
        const sealed = key.encrypt(bytes('plaintext'), aad);
        return {
          status: 200,
          body: {
            name: `${name}/cryptoKeyVersions/${version.current}`,
            ciphertext: sealed.toString('base64'),
            ciphertextCrc32c: String(crc32c(sealed)),
            verifiedPlaintextCrc32c: true,
            verifiedAdditionalAuthenticatedDataCrc32c: true,
            protectionLevel: 'SOFTWARE',
          },
        };
      }
      if (operation !== `/v1/${name}:decrypt`) return refuse(404, 'no such key');
      const plain = key.decrypt(bytes('ciphertext'), aad);
      if (!plain) return refuse(400, 'Decryption failed: the ciphertext is invalid.');
      return {
        status: 200,
        body: {
          plaintext: plain.toString('base64'),
          plaintextCrc32c: String(crc32c(plain)),
          usedPrimary: true,
        },
      };
    },
    'application/json; charset=UTF-8',
  );
}
