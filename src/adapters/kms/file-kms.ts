import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type KeyService, textOf } from '../../ports/key-service.ts';

const IV = 12;
const TAG = 16;

/** Keys in a file of this machine, by their ids, the newest last. The file is read again when a key is asked for that it
 *  did not have, so a key is added without a restart. */
export function fileKms(load: () => ReadonlyMap<string, Buffer>): KeyService {
  let keys = load();

  return {
    async wrap(dataKey, context) {
      keys = load(); // another process may have a newer key in use already
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
      if (!kek) throw new Error(`the key file has no key ${JSON.stringify(id)}: put it back`);
      const decipher = createDecipheriv('aes-256-gcm', kek, bytes.subarray(0, IV), { authTagLength: TAG })
        .setAAD(Buffer.from(textOf(context)))
        .setAuthTag(bytes.subarray(-TAG));
      return Buffer.concat([decipher.update(bytes.subarray(IV, -TAG)), decipher.final()]);
    },
  };
}
