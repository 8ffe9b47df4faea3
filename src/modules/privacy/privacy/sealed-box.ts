import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';

// The DER bytes before the 32 bytes of an X25519 private key.
const X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');

const publicPart = (key: KeyObject): string =>
  key.export({ type: 'spki', format: 'der' }).toString('base64url');

function privateKeyOf(token: string): KeyObject | null {
  const seed = Buffer.from(token, 'base64url');
  return seed.length === 32
    ? createPrivateKey({ key: Buffer.concat([X25519, seed]), format: 'der', type: 'pkcs8' })
    : null;
}

/** Creates a token and its public key. A process can encrypt for the public key without knowing the token. */
export function newToken(): { token: string; publicKey: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, publicKey: publicKeyOf(token) as string };
}

/** Returns the public key of a token; null if the text is not a token. */
export function publicKeyOf(token: string): string | null {
  const key = privateKeyOf(token);
  return key && publicPart(createPublicKey(key));
}

/** Derives the key of one box from the token's key and a key pair that is used once. */
function boxKey(privateKey: KeyObject, publicKey: KeyObject, sender: string, receiver: string): Buffer {
  const secret = diffieHellman({ privateKey, publicKey });
  return Buffer.from(hkdfSync('sha256', secret, `${sender}.${receiver}`, 'person export', 32));
}

const fromPublic = (text: string): KeyObject =>
  createPublicKey({ key: Buffer.from(text, 'base64url'), format: 'der', type: 'spki' });

export function sealTo(receiver: string, text: string): string {
  const ephemeral = generateKeyPairSync('x25519');
  const sender = publicPart(ephemeral.publicKey);
  const key = boxKey(ephemeral.privateKey, fromPublic(receiver), sender, receiver);
  const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(12)); // safe: each key encrypts one message
  const sealed = Buffer.concat([cipher.update(gzipSync(text)), cipher.final(), cipher.getAuthTag()]);
  return `${sender}.${sealed.toString('base64')}`;
}

/** Decrypts a box. Throws for a wrong token or a changed box. */
export function openWith(token: string, box: string): string {
  const [sender = '', sealed = ''] = box.split('.');
  const privateKey = privateKeyOf(token) as KeyObject;
  const key = boxKey(privateKey, fromPublic(sender), sender, publicKeyOf(token) as string);
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12));
  decipher.setAuthTag(bytes.subarray(-16));
  return gunzipSync(Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()])).toString();
}
