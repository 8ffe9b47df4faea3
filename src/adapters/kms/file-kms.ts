import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type KeyService, textOf } from '../../ports/key-service.ts';

const IV = 12;
const TAG = 16;

/** Keys in a local file, by their ids, the newest last. The file is read again when a requested key is
 *  missing, so that a key can be added without a restart. */
export function fileKms(load: () => ReadonlyMap<string, Buffer>): KeyService {
  let keys = load();

  return {
    async wrap(dataKey, context) {
      keys = load(); // another process may already use a newer key
      const [kekId, kek] = [...keys].at(-1) as [string, Buffer];
      const iv = randomBytes(IV);
      const cipher = createCipheriv('aes-256-gcm', kek, iv).setAAD(Buffer.from(textOf(context)));
      return {
        kekId: `file:${kekId}`,
        bytes: Buffer.concat([iv, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]),
      };
    },

    async unwrap({ kekId, bytes }, context) {
      const id = kekId.replace(/^file:/, '');
      if (!keys.has(id)) keys = load();
      const kek = keys.get(id);
      if (!kek)
        throw new Error(`The key file does not contain the key ${JSON.stringify(id)}. Restore this key.`);
      const decipher = createDecipheriv('aes-256-gcm', kek, bytes.subarray(0, IV), { authTagLength: TAG })
        .setAAD(Buffer.from(textOf(context)))
        .setAuthTag(bytes.subarray(-TAG));
      return Buffer.concat([decipher.update(bytes.subarray(IV, -TAG)), decipher.final()]);
    },
  };
}
