import { Entity, Property } from '@mikro-orm/decorators/legacy';
import { Base } from '../../kernel/base.entity.ts';

/** Who did what to which row, in the transaction that did it. The database refuses to change one. */
@Entity({ tableName: 'audit_events' })
export class AuditEvent extends Base {
  @Property({ type: 'text' })
  actorId!: string;

  @Property({ type: 'text' })
  actorRole!: string;

  @Property({ type: 'text' })
  requestId!: string;

  @Property({ type: 'text' })
  action!: string;

  @Property({ type: 'uuid' })
  subjectId!: string;

  @Property({ type: 'json' })
  details!: Record<string, unknown>;
}
