import { createHash, randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { canonical } from '../../kernel/canonical.ts';
import type { Context } from '../../kernel/context.ts';
import { AuditEvent, AuditPersonal } from './audit-event.entity.ts';
import { apart, changeOf } from './change.ts';

/** What a mutation was about: a row and whose it is. */
interface Subject {
  /** Null: the program itself, or the rows that `subjects` lists. */
  readonly id: string | null;
  readonly tenantId: string;
  /** The partner whom it concerns. */
  readonly partnerId?: string | null | undefined;
}

interface Change {
  /** Given both, the entry keeps only what differs. */
  readonly before?: object | null;
  readonly after?: object | null;
  readonly reason?: string | null | undefined;
  /** Every row, where one call changed many. */
  readonly subjects?: readonly string[];
}

/** The one entry of a mutation; it is stored with the mutation or not at all. */
export function record(
  em: EntityManager,
  { actor, requestId }: Pick<Context, 'actor' | 'requestId'>,
  action: string,
  { id, tenantId, partnerId = null }: Subject,
  { before, after, reason, subjects = [] }: Change = {},
): void {
  const { kept, personal } = apart(changeOf(before, after));
  const salt = personal && randomBytes(16).toString('base64url');
  const event = em.create(AuditEvent, {
    tenantId,
    actorId: actor.id,
    actorRole: actor.role,
    credential: actor.credential,
    requestId,
    action,
    subjectId: id,
    subjects: [...subjects],
    partnerId,
    ...kept,
    reason: reason ?? null,
    personalHash: personal && salt ? personalHash(salt, personal) : null,
  });
  if (personal && salt)
    em.create(AuditPersonal, { eventId: event.id, tenantId, partnerId, data: personal, salt });
}

export const personalHash = (salt: string, data: unknown): string =>
  createHash('sha256').update(salt).update(canonical(data)).digest('hex');
