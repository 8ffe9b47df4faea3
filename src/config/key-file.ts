import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS = 0o007; // the group may read it, because a container gets the file by its group

/** The keys of a file `{ "keys": [{ "id": "2026-11", "key": "<32 bytes as base64>" }, ...] }` by their ids, the newest last. */
export function readKeyFile(path: string): ReadonlyMap<string, Buffer> {
  const fault = keyFileFault(path);
  if (fault) throw new Error(`the key file ${path} ${fault}`);
  return readKeys(path);
}

/** Returns the fault of a key file, without showing its content; null for a valid file. */
export function keyFileFault(path: string): string | null {
  if (!existsSync(path)) return 'does not exist';
  if (statSync(path).mode & OTHERS) return 'must not be accessible to other users: chmod 600';
  try {
    readKeys(path);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Creates the file with one key if it does not exist. Two processes that start at the same time use the same key. */
export function makeKeyFile(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const key = { id: 'development', key: randomBytes(32).toString('base64') };
  writeFileSync(draft, `${JSON.stringify({ keys: [key] }, null, 2)}\n`, { mode: 0o600 });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
}

function readKeys(path: string): ReadonlyMap<string, Buffer> {
  const keys = new Map<string, Buffer>();
  for (const { id, key } of listed(readFileSync(path, 'utf8'))) {
    const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : Buffer.alloc(0);
    if (typeof id !== 'string' || !/^[A-Za-z0-9._-]{1,64}$/.test(id))
      throw new Error('must have key ids of 1 to 64 letters, digits, dots, dashes or underscores');
    if (keys.has(id)) throw new Error(`has two keys with the id ${id}`);
    if (bytes.length !== 32 || new Set(bytes).size < 8)
      throw new Error(`has a key, ${id}, that is not 32 random bytes as base64: openssl rand -base64 32`);
    keys.set(id, bytes);
  }
  if (keys.size === 0) throw new Error('has no keys');
  return keys;
}

function listed(text: string): { id?: unknown; key?: unknown }[] {
  try {
    const { keys } = JSON.parse(text);
    if (Array.isArray(keys)) return keys;
  } catch {} // the parser's own message would repeat the file
  throw new Error('is not JSON of the form { "keys": [{ "id": "...", "key": "..." }] }');
}
