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

// What DER puts before the 32 bytes of a private key of X25519.
const X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');

const publicPart = (key: KeyObject): string =>
  key.export({ type: 'spki', format: 'der' }).toString('base64url');

function privateKeyOf(token: string): KeyObject | null {
  const seed = Buffer.from(token, 'base64url');
  return seed.length === 32
    ? createPrivateKey({ key: Buffer.concat([X25519, seed]), format: 'der', type: 'pkcs8' })
    : null;
}

/** A token that opens what is sealed to its public key later on, by somebody who never sees the token. */
export function newToken(): { token: string; publicKey: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, publicKey: publicKeyOf(token) as string };
}

/** Null where it is no token at all. */
export function publicKeyOf(token: string): string | null {
  const key = privateKeyOf(token);
  return key && publicPart(createPublicKey(key));
}

/** A key of its own for each box, agreed between the token's key and one that is thrown away. */
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
  const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(12)); // the key is used once
  const sealed = Buffer.concat([cipher.update(gzipSync(text)), cipher.final(), cipher.getAuthTag()]);
  return `${sender}.${sealed.toString('base64')}`;
}

/** Throws where the token is another one's or the box was changed. */
export function openWith(token: string, box: string): string {
  const [sender = '', sealed = ''] = box.split('.');
  const privateKey = privateKeyOf(token) as KeyObject;
  const key = boxKey(privateKey, fromPublic(sender), sender, publicKeyOf(token) as string);
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12));
  decipher.setAuthTag(bytes.subarray(-16));
  return gunzipSync(Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()])).toString();
}
