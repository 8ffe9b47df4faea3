import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const NAME = 8;
const SECRET = 43; // 62^43 is just above 2^256
const CHECKSUM = 6;
const TOKEN = new RegExp(
  `^(pp_(live|test)_[0-9A-Za-z]{${NAME}})_([0-9A-Za-z]{${SECRET}})([0-9A-Za-z]{${CHECKSUM}})$`,
);

export type KeyEnvironment = 'live' | 'test';

const letters = (count: number): string =>
  Array.from({ length: count }, () => LETTERS[randomInt(LETTERS.length)]).join('');

function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM; i++) {
    digits = LETTERS[rest % LETTERS.length] + digits;
    rest = Math.floor(rest / LETTERS.length);
  }
  return digits;
}

/** One round of SHA-256 is enough: 256 random bits cannot be guessed. */
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

export interface NewToken {
  readonly token: string;
  readonly hash: string;
}

export const newPrefix = (environment: KeyEnvironment): string => `pp_${environment}_${letters(NAME)}`;

export function newToken(prefix: string): NewToken {
  const secret = letters(SECRET);
  const text = `${prefix}_${secret}`;
  return { token: text + checksumOf(text), hash: hashOf(secret) };
}

/** True for text that looks like one of our keys, of any environment and even if mistyped. Such text is sent to no other party. */
export const looksLikeKey = (token: string): boolean => /^pp_(live|test)_/i.test(token);

/** Returns the prefix of a key and the hash of its secret. Null if the text is no key of this environment: a typo, or a
 *  key of another environment. */
export function readToken(
  token: string,
  environment: KeyEnvironment,
): { readonly prefix: string; readonly hash: string } | null {
  const [, prefix, mode, secret, checksum] = TOKEN.exec(token) ?? [];
  if (!prefix || !secret || mode !== environment) return null;
  return checksumOf(`${prefix}_${secret}`) === checksum ? { prefix, hash: hashOf(secret) } : null;
}

export const sameHash = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
