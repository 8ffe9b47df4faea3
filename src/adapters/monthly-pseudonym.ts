import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** Keyed hashes whose key changes each month (UTC), so that rows of different months cannot be joined
 *  by reading the rows alone. */
export function monthlyPseudonym(secret: string): (value: string, at: Date) => string {
  const keys = new Map<string, KeyObject>();
  return (value, at) => {
    const month = at.toISOString().slice(0, 7);
    let key = keys.get(month);
    if (!key) {
      // A key object, because a hash keyed by bytes takes five times as long.
      key = createSecretKey(
        Buffer.from(hkdfSync('sha256', secret, '', `visitor pseudonyms of ${month}`, 32)),
      );
      keys.set(month, key);
    }
    return createHmac('sha256', key).update(value).digest('base64url');
  };
}
