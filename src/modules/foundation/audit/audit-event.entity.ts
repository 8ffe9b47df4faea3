import type { Opt } from '@mikro-orm/core';
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { Base } from '../../../kernel/data/base.entity.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { JSONObject } from '../../../kernel/request/scalars.ts';
import { together } from './change.ts';

/** Who did what to which row, in the transaction that did it. The database refuses to change one. */
@Entity({ tableName: 'audit_events' })
@ObjectType({
  simpleResolvers: true,
  description: 'Who did what to which row: one entry for each change, stored with it. It never changes.',
})
export class AuditEvent extends Base {
  @Field(() => ID, { description: 'Who did it, as the credential says; `system` for our own jobs.' })
  @Property({ type: 'text' })
  actorId!: string;

  @Field({ description: 'In which role.' })
  @Property({ type: 'text' })
  actorRole!: string;

  @Field({ description: 'How it proved who it is: `TOKEN`, `OIDC`, `API_KEY`; `NONE` for our own jobs.' })
  @Property({ type: 'text' })
  credential!: string;

  @Field(() => ID, { description: 'The request that did it, as the log has it.' })
  @Property({ type: 'text' })
  requestId!: string;

  @Field({ description: 'What was done, e.g. `payout.approved`.' })
  @Property({ type: 'text' })
  action!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The row that it was done to; null for the program itself, and where there were many.',
  })
  @Property({ type: 'uuid', nullable: true })
  subjectId?: string | null;

  @Property({ type: 'uuid[]' })
  subjects!: string[];

  @Field(() => [ID], { description: 'The rows, where one call changed many.' })
  get subjectIds(): Opt<string[]> {
    return this.subjects;
  }

  @Field(() => ID, { nullable: true, description: 'The partner whom it concerns.' })
  @Property({ type: 'uuid', nullable: true })
  partnerId?: string | null; // no reference, so that an entry outlives what it speaks of

  @Field(() => JSONObject, {
    nullable: true,
    description: 'What was, of that which changed. What it said of a person is null once it was erased.',
  })
  @Property({ type: 'json', nullable: true })
  before?: Record<string, unknown> | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'What is since. What it said of a person is null once it was erased.',
  })
  @Property({ type: 'json', nullable: true })
  after?: Record<string, unknown> | null;

  @Field(() => String, { nullable: true, description: 'Why, where a reason was given.' })
  @Property({ type: 'text', nullable: true })
  reason?: string | null;

  @Property({ type: 'text', nullable: true })
  personalHash?: string | null;

  @Field(() => Boolean, { description: 'Whether what it said of a person was erased.' })
  declare erased: Opt<boolean>;

  @Field(() => Boolean, {
    description: 'Whether the chain of hashes covers it already: within two seconds, where the worker runs.',
  })
  declare chained: Opt<boolean>;
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

const personal = 'left join audit_personal d on d.event_id = e.id';
const link = 'left join audit_links l on l.event_id = e.id';
const side = (name: 'before' | 'after') => ({
  sql: [`e.${name}`, `d.data -> '${name}'`],
  join: personal,
  read: together,
});

export const auditTable: Table<AuditEvent> = {
  type: AuditEvent,
  from: 'audit_events e',
  alias: 'e',
  kind: 'audit',
  attributes: owned('e', 'e.partner_id'),
  columns: {
    id: column('e.id'),
    actorId: column('e.actor_id'),
    actorRole: column('e.actor_role'),
    credential: column('e.credential'),
    requestId: column('e.request_id'),
    action: column('e.action'),
    subjectId: column('e.subject_id'),
    subjects: column('e.subjects::text[]'),
    partnerId: column('e.partner_id'),
    before: side('before'),
    after: side('after'),
    reason: column('e.reason'),
    erased: column('e.personal_hash is not null and d.event_id is null', personal),
    chained: column('l.event_id is not null', link),
    createdAt: column('e.created_at'),
  },
  needs: { subjectIds: ['subjects'] },
};
