import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const IV = 12;
const TAG = 16;
const ENVELOPE = /^v1\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]+)$/;

/** The row and column of an encrypted value. The value cannot be decrypted for another place. */
export interface Place {
  readonly tenantId: string;
  readonly table: string;
  readonly column: string;
  readonly rowId: string;
}

export interface DataKey {
  readonly id: string;
  readonly key: KeyObject;
}

const bound = (keyId: string, { tenantId, table, column, rowId }: Place): Buffer =>
  Buffer.from(JSON.stringify(['v1', keyId, tenantId, `${table}.${column}:${rowId}`]));

/** AES-256-GCM: `v1.<data key>.<iv, tag and ciphertext as base64url>`. */
export function seal({ id, key }: DataKey, place: Place, value: string): string {
  const iv = randomBytes(IV);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(bound(id, place));
  const ciphertext = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return `v1.${id}.${Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString('base64url')}`;
}

/** Decrypts an envelope. Throws if it was changed or was encrypted for another place. */
export function open({ id, key }: DataKey, place: Place, envelope: string): string {
  const bytes = bytesOf(envelope, id);
  if (!bytes) throw refused(place);
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV), { authTagLength: TAG })
    .setAAD(bound(id, place))
    .setAuthTag(bytes.subarray(IV, IV + TAG));
  const value = decipher.update(bytes.subarray(IV + TAG));
  try {
    return Buffer.concat([value, decipher.final()]).toString('utf8');
  } catch {
    throw refused(place); // Node's error does not name the place
  }
}

/** Returns the id of the data key of an envelope, or null for any other text. */
export const keyIdOf = (envelope: string): string | null => ENVELOPE.exec(envelope)?.[1] ?? null;

function bytesOf(envelope: string, id: string): Buffer | null {
  const [, keyId, text = ''] = ENVELOPE.exec(envelope) ?? [];
  const bytes = Buffer.from(text, 'base64url');
  // Only one spelling of a value is valid: base64url has unused bits that decoding would ignore.
  const whole = bytes.length >= IV + TAG && bytes.toString('base64url') === text;
  return keyId === id && whole ? bytes : null;
}

export const refused = ({ table, column, rowId }: Place): Error =>
  new Error(`the encrypted value of ${table}.${column}, row ${rowId}, was changed or moved`);

/** A keyed hash for equality search: the same value gives the same text within a tenant and column, and no other. */
export function blindIndex(root: KeyObject, tenantId: string, column: string, value: string): string {
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', root, tenantId, `blind index ${column}`, 32)));
  return createHmac('sha256', key).update(value).digest().subarray(0, 16).toString('hex');
}
