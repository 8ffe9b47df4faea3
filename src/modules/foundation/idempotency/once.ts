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
  /** Absent: the request is not repeatable and always has its effect. */
  readonly key: string | null | undefined;
  readonly input: object;
}

/** What of a request is compared with its repetition: all but the key itself. */
export const requestHash = (input: object): string =>
  createHash('sha256')
    .update(canonical({ ...input, idempotencyKey: undefined }))
    .digest('hex');

/** Runs `effect` once for its key and answers with the id of what it made; a repetition with the same input gets
 *  that id again, one with other input CONFLICT. Two at once: the second waits for the first (DOMAIN section 2). */
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

/** The id that a repeated request was answered with; refuses one with other input. */
export async function resultOf(
  run: Run,
  { actor }: Pick<Context, 'actor'>,
  { tenantId, operation, key, input }: Repeatable,
): Promise<string> {
  const [stored] = await run(sql<{ request_hash: string; result_id: string }>`
    select request_hash, result_id from idempotency_keys
    where tenant_id = ${tenantId} and actor_id = ${actor.id} and operation = ${operation} and key = ${key ?? null}`);
  if (stored?.request_hash !== requestHash(input)) {
    throw conflict(`the idempotency key was used for another ${operation} request`, {
      field: 'input.idempotencyKey',
      reason: 'IDEMPOTENCY_MISMATCH',
    });
  }
  return stored.result_id;
}
