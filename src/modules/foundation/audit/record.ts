import { createHash, randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 } from 'uuid';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { canonical } from '../../../kernel/request/canonical.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { AuditEvent, AuditPersonal } from './audit-event.entity.ts';
import { apart, changeOf } from './change.ts';

/** The subject of a mutation: a row and its owner. */
interface Subject {
  /** Null for the program itself, or with `subjects`. */
  readonly id: string | null;
  readonly tenantId: string;
  /** The partner that the change concerns. */
  readonly partnerId?: string | null | undefined;
}

interface Change {
  /** If both `before` and `after` are given, the entry keeps only the differences. */
  readonly before?: object | null;
  readonly after?: object | null;
  readonly reason?: string | null | undefined;
  /** The ids of all rows, if one call changed many. */
  readonly subjects?: readonly string[];
}

type Recorder = Pick<Context, 'actor' | 'requestId'>;

/** Records the audit entry of a mutation, in its transaction. The database writes the events of the entry in the same
 *  statement: one for each row that `subjects` lists, else one for the subject (`record_events`). So this function and
 *  `recordIn` are the only sources of events. */
export function record(
  em: EntityManager,
  ctx: Recorder,
  action: string,
  subject: Subject,
  change: Change = {},
): void {
  const { event, personal } = entryOf(ctx, action, subject, change);
  em.create(AuditEvent, event);
  if (personal) em.create(AuditPersonal, personal);
}

/** Records the same entry and events as one more `with` of the statement that changes the row. */
export function recordIn(ctx: Recorder, action: string, subject: Subject, change: Change): Sql {
  const { event, personal } = entryOf(ctx, action, subject, change);
  const { id, tenantId, partnerId } = event;
  const entry = sql`, entry as (insert into audit_events
      (id, tenant_id, actor_id, actor_role, credential, request_id, action, subject_id, subjects, partner_id, before, after, reason, personal_hash)
      values (${id}::uuid, ${tenantId}, ${event.actorId}, ${event.actorRole}, ${event.credential}, ${event.requestId}, ${action},
        ${event.subjectId}::uuid, ${event.subjects}::uuid[], ${partnerId}::uuid, ${jsonOf(event.before)}::jsonb,
        ${jsonOf(event.after)}::jsonb, ${event.reason}, ${event.personalHash}))`;
  if (!personal) return entry;
  return sql`${entry}, personal as (insert into audit_personal (event_id, tenant_id, partner_id, data, salt)
      values (${id}::uuid, ${tenantId}, ${partnerId}::uuid, ${jsonOf(personal.data)}::jsonb, ${personal.salt}))`;
}

const jsonOf = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));

function entryOf(
  { actor, requestId }: Recorder,
  action: string,
  { id: subjectId, tenantId, partnerId = null }: Subject,
  { before, after, reason = null, subjects = [] }: Change,
) {
  const { kept, personal } = apart(changeOf(before, after));
  const salt = personal && randomBytes(16).toString('base64url');
  const event = {
    id: v7(),
    tenantId,
    actorId: actor.id,
    actorRole: actor.role,
    credential: actor.credential,
    requestId,
    action,
    subjectId,
    subjects: [...subjects],
    partnerId,
    ...kept,
    reason,
    personalHash: personal && salt ? personalHash(salt, personal) : null,
  };
  return {
    event,
    personal: personal && salt && { eventId: event.id, tenantId, partnerId, data: personal, salt },
  };
}

export const personalHash = (salt: string, data: unknown): string =>
  createHash('sha256').update(salt).update(canonical(data)).digest('hex');
