import { createHash } from 'node:crypto';
import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { conflict } from '../../domain/errors.ts';
import { canonical } from '../../kernel/canonical.ts';
import type { Context } from '../../kernel/context.ts';

export interface Repeatable {
  readonly tenantId: string;
  readonly operation: string;
  /** Absent: the request is not repeatable and always has its effect. */
  readonly key: string | null | undefined;
  readonly input: object;
}

const hashOf = (input: object): string => createHash('sha256').update(canonical(input)).digest('hex');

/** Runs `effect` once for its key and answers with the id of what it made; a repetition with the same input gets
 *  that id again, one with other input CONFLICT. Two at once: the second waits for the first (DOMAIN section 2). */
export async function once(
  em: EntityManager,
  { actor }: Pick<Context, 'actor'>,
  { tenantId, operation, key, input }: Repeatable,
  effect: () => Promise<string>,
): Promise<string> {
  if (key == null) return effect();
  const hash = hashOf({ ...input, idempotencyKey: undefined });
  const nobody = '00000000-0000-0000-0000-000000000000';
  const [made] = await em.execute<object[]>(sql`
    insert into idempotency_keys (tenant_id, actor_id, operation, key, request_hash, result_id)
    values (${tenantId}, ${actor.id}, ${operation}, ${key}, ${hash}, ${nobody})
    on conflict do nothing returning key`);
  const name = sql`tenant_id = ${tenantId} and actor_id = ${actor.id} and operation = ${operation} and key = ${key}`;
  if (!made) {
    const [stored] = await em.execute<{ request_hash: string; result_id: string }[]>(
      sql`select request_hash, result_id from idempotency_keys where ${name}`,
    );
    if (stored?.request_hash !== hash) {
      throw conflict(`the idempotency key was used for another ${operation} request`, {
        field: 'input.idempotencyKey',
        reason: 'IDEMPOTENCY_MISMATCH',
      });
    }
    return stored.result_id;
  }
  const id = await effect();
  await em.execute(sql`update idempotency_keys set result_id = ${id} where ${name}`);
  return id;
}
