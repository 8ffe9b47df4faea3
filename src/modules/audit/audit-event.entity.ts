import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Base } from '../../kernel/base.entity.ts';

/** Who did what to which row, in the transaction that did it. The database refuses to change one. */
@Entity({ tableName: 'audit_events' })
export class AuditEvent extends Base {
  @Property({ type: 'text' })
  actorId!: string;

  @Property({ type: 'text' })
  actorRole!: string;

  @Property({ type: 'text' })
  credential!: string;

  @Property({ type: 'text' })
  requestId!: string;

  @Property({ type: 'text' })
  action!: string;

  @Property({ type: 'uuid', nullable: true })
  subjectId?: string | null; // null: the program itself, or the rows of `subjects`

  @Property({ type: 'uuid[]' })
  subjects!: string[];

  @Property({ type: 'uuid', nullable: true })
  partnerId?: string | null; // whom it concerns; no reference, so that an entry outlives what it speaks of

  @Property({ type: 'json', nullable: true })
  before?: object | null;

  @Property({ type: 'json', nullable: true })
  after?: object | null;

  @Property({ type: 'text', nullable: true })
  reason?: string | null;

  @Property({ type: 'text', nullable: true })
  personalHash?: string | null;
}

/** What an entry says of a person. It can be erased: the entry itself keeps only its salted hash. */
@Entity({ tableName: 'audit_personal' })
export class AuditPersonal {
  @PrimaryKey({ type: 'uuid' })
  eventId!: string;

  @Property({ type: 'text' })
  tenantId!: string;

  @Property({ type: 'uuid', nullable: true })
  partnerId?: string | null;

  @Property({ type: 'json' })
  data!: object;

  @Property({ type: 'text' })
  salt!: string;
}
