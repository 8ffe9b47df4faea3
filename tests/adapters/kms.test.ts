import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OAuth2Client } from 'google-auth-library';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsKms } from '../../src/adapters/kms/aws-kms.ts';
import { crc32c } from '../../src/adapters/kms/crc32c.ts';
import { fileKms } from '../../src/adapters/kms/file-kms.ts';
import { gcpKms } from '../../src/adapters/kms/gcp-kms.ts';
import { readKeyFile } from '../../src/config/key-file.ts';
import type { KeyService } from '../../src/ports/key-service.ts';
import { awsKmsServer, gcpKmsServer, type KmsServer } from '../support/kms-servers.ts';

const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const NEWER = 'alias/partner-portal-2027';
const NAME = 'projects/portal/locations/europe-west3/keyRings/portal/cryptoKeys/data-keys';
const file = join(mkdtempSync(join(tmpdir(), 'portal-kms-')), 'keys.json');
const fileKey = (id: string) => ({ id, key: randomBytes(32).toString('base64') });
const first = fileKey('2026-11');
const write = (...keys: object[]) => writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });

const version = { current: 1 };
let aws: KmsServer;
let gcp: KmsServer;
let services: Record<string, KeyService>;
beforeAll(async () => {
  write(first);
  aws = await awsKmsServer([ARN, NEWER]);
  gcp = await gcpKmsServer(NAME, version);
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: 'of-the-test', expiry_date: Date.now() + 3_600_000 });
  services = {
    file: fileKms(() => readKeyFile(file)),
    aws: awsKms(ARN, awsOptions()),
    gcp: gcpKms(NAME, { endpoint: gcp.url, authClient }),
  };
});
afterAll(() => Promise.all([aws.close(), gcp.close()]));

const awsOptions = () => ({
  endpoint: aws.url,
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'of the test' },
  region: 'eu-central-1',
});
const context = { dataKey: '0192', tenant: 'acme', partner: '0193' };

describe.each(['file', 'aws', 'gcp'])('the key service: %s', (kind) => {
  test('gives back what it wrapped, to who says whose it is', async () => {
    const service = services[kind] as KeyService;
    const key = randomBytes(32);
    const wrapped = await service.wrap(key, context);
    expect(wrapped.kekId).toMatch(new RegExp(`^${kind}:`));
    expect(Buffer.from(wrapped.bytes).includes(key)).toBe(false);
    expect(Buffer.from(await service.unwrap(wrapped, { ...context })).equals(key)).toBe(true);
    const { partner, ...others } = context;
    expect(Buffer.from(await service.unwrap(wrapped, { partner, ...others })).equals(key)).toBe(true);
  });

  test.each([
    ['another tenant', { ...context, tenant: 'elsewhere' }],
    ['another key', { ...context, dataKey: '0194' }],
    ['nothing', {}],
  ])('refuses a key that was wrapped for another context: %s', async (_, other) => {
    const service = services[kind] as KeyService;
    const wrapped = await service.wrap(randomBytes(32), context);
    await expect(service.unwrap(wrapped, other)).rejects.toThrow();
  });

  test('refuses a wrapped key that was changed', async () => {
    const service = services[kind] as KeyService;
    const wrapped = await service.wrap(randomBytes(32), context);
    const bytes = Buffer.from(wrapped.bytes);
    bytes[20] = (bytes[20] as number) ^ 1;
    await expect(service.unwrap({ ...wrapped, bytes }, context)).rejects.toThrow();
  });
});

describe('a key file', () => {
  test('wraps by its last key, opens by every key, and is read again without a restart', async () => {
    const service = fileKms(() => readKeyFile(file));
    const old = await service.wrap(randomBytes(32), context);
    expect(old.kekId).toBe('file:2026-11');
    const other = fileKms(() => readKeyFile(file));
    write(first, fileKey('2027-01'));
    const fresh = await other.wrap(randomBytes(32), context);
    expect(fresh.kekId).toBe('file:2027-01');
    expect(await service.unwrap(fresh, context)).toHaveLength(32);
    expect(await service.unwrap(old, context)).toHaveLength(32);
  });

  test('that lost a key says which', async () => {
    const service = fileKms(() => readKeyFile(file));
    await expect(service.unwrap({ kekId: 'file:2020', bytes: randomBytes(60) }, context)).rejects.toThrow(
      'does not contain the key "2020"',
    );
  });
});

describe('AWS', () => {
  test('is asked with the context in the open, which its log shows, and the key by name', async () => {
    await services['aws']?.wrap(randomBytes(32), context);
    expect(aws.asked.at(-1)).toMatchObject({
      operation: 'Encrypt',
      body: { KeyId: ARN, EncryptionContext: context },
    });
  });

  test('wraps new keys with another key, and unwraps old keys with the old one', async () => {
    const old = await (services['aws'] as KeyService).wrap(randomBytes(32), context);
    const service = awsKms(NEWER, awsOptions());
    expect((await service.wrap(randomBytes(32), context)).kekId).toBe(`aws:${NEWER}`);
    expect(await service.unwrap(old, context)).toHaveLength(32);
  });
});

describe('Google', () => {
  test('names the version that wrapped, and finds it again after a rotation', async () => {
    const service = services['gcp'] as KeyService;
    const old = await service.wrap(randomBytes(32), context);
    expect(old.kekId).toBe(`gcp:${NAME}/cryptoKeyVersions/1`);
    version.current = 2;
    expect((await service.wrap(randomBytes(32), context)).kekId).toBe(`gcp:${NAME}/cryptoKeyVersions/2`);
    expect(await service.unwrap(old, context)).toHaveLength(32);
  });

  test('answers that were damaged on their way are refused', async () => {
    const service = services['gcp'] as KeyService;
    const wrapped = await service.wrap(randomBytes(32), context);
    gcp.faults.push(() => 'damage');
    await expect(service.unwrap(wrapped, context)).rejects.toThrow('corrupted in transit');
    gcp.faults.push(() => 'damage');
    await expect(service.wrap(randomBytes(32), context)).rejects.toThrow('corrupted in transit');
  });

  test('checksums are those of the standard', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  });
});

describe('a key service in trouble', () => {
  const server = (kind: string) => (kind === 'aws' ? aws : gcp);
  const answer = (status: number) => () => ({ status, body: '{"error":{"code":0,"message":"trouble"}}' });

  test.each(['aws', 'gcp'])('%s is asked again after a fault that passes', async (kind) => {
    server(kind).faults.push(answer(503));
    expect(
      (await (services[kind] as KeyService).wrap(randomBytes(32), context)).bytes.length,
    ).toBeGreaterThan(32);
  });

  test.each(['aws', 'gcp'])(
    '%s that stays away is SERVICE_UNAVAILABLE, with no key in the error',
    async (kind) => {
      server(kind).faults.push(...Array(4).fill(answer(503)));
      const key = randomBytes(32);
      const fault = await (services[kind] as KeyService).wrap(key, context).catch((error: unknown) => error);
      server(kind).faults.length = 0;
      expect(fault).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
      const { inspect } = await import('node:util');
      expect(inspect(fault, { depth: 20, maxStringLength: null })).not.toContain(key.toString('base64'));
      expect(inspect(fault, { depth: 20 })).not.toContain('of-the-test');
    },
  );

  test('that refuses is not taken for one that is away', async () => {
    const stranger = awsKms('alias/unknown', awsOptions());
    const fault = await stranger.wrap(randomBytes(32), context).catch((error: unknown) => error);
    expect(fault).toMatchObject({ name: 'NotFoundException' });
  });
});
