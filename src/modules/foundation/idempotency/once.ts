import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { type Run, within } from '../../../kernel/data/transact.ts';
import { canonical } from '../../../kernel/request/canonical.ts';
import type { Context } from '../../../kernel/request/context.ts';

export interface Repeatable {
  readonly tenantId: string;
  readonly operation: string;
  /** Without a key, each request has its effect. */
  readonly key: string | null | undefined;
  readonly input: object;
}

/** Returns the part of a request that must be equal in a repetition: all but the key itself. */
export const requestHash = (input: object): string =>
  createHash('sha256')
    .update(canonical({ ...input, idempotencyKey: undefined }))
    .digest('hex');

/** Runs `effect` once for its key and returns the id of the created row. A repetition with the same input returns the
 *  same id; with other input it fails with CONFLICT. Of two concurrent requests the second waits for the first. */
export async function once(
  em: EntityManager,
  { actor }: Pick<Context, 'actor'>,
  { tenantId, operation, key, input }: Repeatable,
  effect: () => Promise<string>,
): Promise<string> {
  if (key == null) return effect();
  const hash = requestHash(input);
  const nobody = '00000000-0000-0000-0000-000000000000';
  const [made] = await sql`
    insert into idempotency_keys (tenant_id, actor_id, operation, key, request_hash, result_id)
    values (${tenantId}, ${actor.id}, ${operation}, ${key}, ${hash}, ${nobody})
    on conflict do nothing returning key`.execute(em);
  if (!made) return resultOf(within(em), { actor }, { tenantId, operation, key, input });
  const id = await effect();
  await sql`
    update idempotency_keys set result_id = ${id}
    where tenant_id = ${tenantId} and actor_id = ${actor.id} and operation = ${operation} and key = ${key}
  `.execute(em);
  return id;
}

/** Returns the id that the first request returned. Throws CONFLICT for other input. */
export async function resultOf(
  run: Run,
  { actor }: Pick<Context, 'actor'>,
  { tenantId, operation, key, input }: Repeatable,
): Promise<string> {
  const [stored] = await run(sql<{ request_hash: string; result_id: string }>`
    select request_hash, result_id from idempotency_keys
    where tenant_id = ${tenantId} and actor_id = ${actor.id} and operation = ${operation} and key = ${key ?? null}`);
  if (stored?.request_hash !== requestHash(input)) {
    throw conflict(`must be a new key: a ${operation} request with other input used it`, {
      field: 'input.idempotencyKey',
      reason: 'IDEMPOTENCY_MISMATCH',
    });
  }
  return stored.result_id;
}
