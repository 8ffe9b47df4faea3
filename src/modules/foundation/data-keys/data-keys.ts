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

/** Whose data a key encrypts; `partnerId` null: the tenant's own. */
export interface Owner {
  readonly tenantId: string;
  readonly partnerId: string | null;
}

export interface StoredKey extends Owner {
  readonly id: string;
  /** null: shredded. */
  readonly wrapped: string | null;
  readonly kekId: string;
}

/** Seals a value of the transaction's owner for a column of a row. */
export type Sealer = (table: string, column: string, rowId: string, value: string) => string;

/** A transaction that writes encrypted fields. It holds the owner's data key, so that no rotation overtakes it; the
 *  key itself is fetched before, because the key service is no part of a transaction. */
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
      if (!held) return null; // replaced since: the next try takes the new one
      const sealer: Sealer = (table, column, rowId, value) =>
        seal(key, { tenantId: owner.tenantId, table, column, rowId }, value);
      return { result: await work(em, sealer) };
    });
    if (done) return done.result;
  }
  throw new Error('the data key was replaced again and again');
}

export interface Sealed {
  readonly place: Place;
  readonly envelope: string;
}

/** The values; null for what was shredded. Throws where an envelope is not what was written at its place. */
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

/** What equal values of a column have in common within a tenant. */
export async function blindIndexOf(
  ctx: Context,
  tenantId: string,
  column: string,
  value: string,
): Promise<string> {
  const { key } = await dataKeyOf(ctx, { tenantId, partnerId: null }, 'INDEX');
  return blindIndex(key, tenantId, column, value);
}

/** Makes everything that was encrypted for a partner unreadable, for every process at once. A backup of before has the
 *  wrapped key still: whoever restores one repeats the erasure. */
export async function shredDataKeys(em: EntityManager, partnerId: string): Promise<void> {
  await sql`update data_keys set wrapped = null, shredded_at = now() where partner_id = ${partnerId} and shredded_at is null
  `.execute(em);
}

/** The owner's key for what is new; made at its first use. */
export async function dataKeyOf(ctx: Context, owner: Owner, purpose: KeyPurpose): Promise<DataKey> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const [row] = await storedKeys(
      ctx,
      sql`tenant_id = ${owner.tenantId} and partner_id is not distinct from ${owner.partnerId}::uuid and purpose = ${purpose} and replaced_at is null and shredded_at is null`,
    );
    if (row) return unwrapped(ctx, row);
    const made = await newKey(ctx, owner);
    await transact(ctx, (em) => keep(em, made, purpose)); // of two at once one is kept, and both read it
  }
  throw new Error('a data key was made and is not there');
}

/** A new key, wrapped, and not kept yet. */
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

/** What the key service binds a wrapped key to. */
export const contextOf = ({ id, tenantId, partnerId }: Owner & { id: string }): KeyContext => ({
  dataKey: id,
  tenant: tenantId,
  ...(partnerId && { partner: partnerId }),
});

const caches = new WeakMap<KeyService, Map<string, Promise<KeyObject>>>();

/** The key itself. It is kept for some minutes, outside of JavaScript's memory; OpenSSL clears it when it goes. Its row
 *  is read each time, so a key that was shredded is of no use to any process at once. */
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
