import type { EntityManager } from '@mikro-orm/postgresql';
import type { Context } from '../../kernel/context.ts';
import { AuditEvent } from './audit-event.entity.ts';

/** `details` says what was decided, in plain values: bigint becomes text. */
export function record(
  em: EntityManager,
  { actor, requestId }: Pick<Context, 'actor' | 'requestId'>,
  action: string,
  subject: { readonly id: string; readonly tenantId: string },
  details: Record<string, unknown> = {},
): void {
  em.create(AuditEvent, {
    tenantId: subject.tenantId,
    actorId: actor.id,
    actorRole: actor.role,
    requestId,
    action,
    subjectId: subject.id,
    details: JSON.parse(
      JSON.stringify(details, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    ),
  });
}
