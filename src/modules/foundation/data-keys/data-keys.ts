import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import {
  blindIndex,
  type DataKey,
  keyIdOf,
  open,
  type Place,
  refused,
  seal,
} from '../../../kernel/data/field-cipher.ts';
import { query } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { KeyContext, KeyService } from '../../../ports/key-service.ts';
import type { KeyPurpose } from './data-key.entity.ts';

const TRIES = 5;
const KEPT = 1_000;
const KEPT_MS = 5 * 60_000;

/** The owner of the data that a key encrypts. `partnerId` is null for data of the tenant itself. */
export interface Owner {
  readonly tenantId: string;
  readonly partnerId: string | null;
}

export interface StoredKey extends Owner {
  readonly id: string;
  /** Null for a shredded key. */
  readonly wrapped: string | null;
  readonly kekId: string;
}

/** Encrypts a value of the transaction's owner for a column of a row. */
export type Sealer = (table: string, column: string, rowId: string, value: string) => string;

/** Runs a transaction that writes encrypted fields. The transaction locks the row of the owner's data key, so that no
 *  rotation replaces the key meanwhile. The key is decrypted before, because no call to the key service belongs inside a
 *  transaction. */
export async function transactSealing<T>(
  ctx: Context,
  owner: Owner,
  work: (em: EntityManager, sealer: Sealer) => Promise<T>,
): Promise<T> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const key = await dataKeyOf(ctx, owner, 'FIELDS');
    const done = await transact(ctx, async (em) => {
      const [held] =
        await sql`select 1 from data_keys where id = ${key.id} and replaced_at is null and shredded_at is null for share
        `.execute(em);
      if (!held) return null; // the key was replaced meanwhile: the next attempt takes the new key
      const sealer: Sealer = (table, column, rowId, value) =>
        seal(key, { tenantId: owner.tenantId, table, column, rowId }, value);
      return { result: await work(em, sealer) };
    });
    if (done) return done.result;
  }
  throw new Error('The data key was replaced during every attempt.');
}

export interface Sealed {
  readonly place: Place;
  readonly envelope: string;
}

/** Returns the decrypted values; null for a value whose key was shredded. Throws for an envelope that was not written
 *  for its column and row. */
export async function openAll(ctx: Context, sealed: readonly Sealed[]): Promise<(string | null)[]> {
  const ids = [...new Set(sealed.map(({ envelope }) => keyIdOf(envelope)).filter((id) => id !== null))];
  const stored = await storedKeys(ctx, sql`id = any(${ids})`);
  const keys = new Map(
    await Promise.all(
      stored.map(async (row) => [row.id, row.wrapped === null ? null : await unwrapped(ctx, row)] as const),
    ),
  );
  return sealed.map(({ place, envelope }) => {
    const key = keys.get(keyIdOf(envelope) ?? '');
    if (key === undefined) throw refused(place);
    return key && open(key, place, envelope);
  });
}

/** Returns the blind index of a value: equal for equal values of a column within a tenant. */
export async function blindIndexOf(
  ctx: Context,
  tenantId: string,
  column: string,
  value: string,
): Promise<string> {
  const { key } = await dataKeyOf(ctx, { tenantId, partnerId: null }, 'INDEX');
  return blindIndex(key, tenantId, column, value);
}

/** Makes all values that were encrypted for a partner unreadable, at once in every process. An older backup still
 *  contains the wrapped key, so erasures must be repeated after a restore. */
export async function shredDataKeys(em: EntityManager, partnerId: string): Promise<void> {
  await sql`update data_keys set wrapped = null, shredded_at = now() where partner_id = ${partnerId} and shredded_at is null
  `.execute(em);
}

/** Returns the owner's current key for new values, and creates it at its first use. */
export async function dataKeyOf(ctx: Context, owner: Owner, purpose: KeyPurpose): Promise<DataKey> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const [row] = await storedKeys(
      ctx,
      sql`tenant_id = ${owner.tenantId} and partner_id is not distinct from ${owner.partnerId}::uuid and purpose = ${purpose} and replaced_at is null and shredded_at is null`,
    );
    if (row) return unwrapped(ctx, row);
    const made = await newKey(ctx, owner);
    await transact(ctx, (em) => keep(em, made, purpose)); // of two concurrent inserts one is kept, and both callers read that key
  }
  throw new Error('A data key was created but cannot be read.');
}

/** Creates a wrapped key that is not stored yet. */
export async function newKey({ keys }: Pick<Context, 'keys'>, owner: Owner): Promise<StoredKey> {
  const id = v7();
  const bytes = randomBytes(32);
  const { kekId, bytes: wrapped } = await keys.wrap(bytes, contextOf({ id, ...owner }));
  bytes.fill(0);
  return { id, ...owner, wrapped: Buffer.from(wrapped).toString('base64'), kekId };
}

export async function keep(em: EntityManager, key: StoredKey, purpose: KeyPurpose): Promise<void> {
  await sql`
    insert into data_keys (id, tenant_id, partner_id, purpose, wrapped, kek_id)
    values (${key.id}, ${key.tenantId}, ${key.partnerId}, ${purpose}, ${key.wrapped}, ${key.kekId})
    on conflict do nothing`.execute(em);
}

export async function storedKeys(ctx: Context, condition: Sql, limit?: number): Promise<StoredKey[]> {
  return query(
    ctx,
    sql<StoredKey>`
      select id, tenant_id as "tenantId", partner_id as "partnerId", wrapped, kek_id as "kekId"
      from data_keys where ${condition} order by id ${limit ? sql`limit ${limit}` : sql``}`,
  );
}

/** The context to which the key service binds a wrapped key. */
export const contextOf = ({ id, tenantId, partnerId }: Owner & { id: string }): KeyContext => ({
  dataKey: id,
  tenant: tenantId,
  ...(partnerId && { partner: partnerId }),
});

const caches = new WeakMap<KeyService, Map<string, Promise<KeyObject>>>();

/** Returns the decrypted key. It is cached for some minutes outside of JavaScript's memory; OpenSSL clears it when it is
 *  released. The row is read on each use, so a shredded key stops working at once in every process. */
async function unwrapped({ keys }: Pick<Context, 'keys'>, row: StoredKey): Promise<DataKey> {
  const cache = caches.get(keys) ?? new Map<string, Promise<KeyObject>>();
  caches.set(keys, cache);
  const known = cache.get(row.id);
  if (known) return { id: row.id, key: await known };
  const asked = keys
    .unwrap({ kekId: row.kekId, bytes: Buffer.from(row.wrapped ?? '', 'base64') }, contextOf(row))
    .then((bytes) => {
      const key = createSecretKey(bytes);
      bytes.fill(0);
      return key;
    });
  const [oldest] = cache.keys();
  if (cache.size >= KEPT && oldest) cache.delete(oldest);
  cache.set(row.id, asked);
  setTimeout(() => cache.delete(row.id), KEPT_MS).unref();
  return { id: row.id, key: await asked.catch((error: unknown) => forget(cache, row.id, error)) };
}

function forget(cache: Map<string, unknown>, id: string, error: unknown): never {
  cache.delete(id);
  throw error;
}
