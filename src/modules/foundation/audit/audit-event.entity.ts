import type { Opt } from '@mikro-orm/core';
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { Base } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { JSONObject } from '../../../kernel/request/scalars.ts';
import { together } from './change.ts';

/** An audit entry: actor, action and row, written in the transaction of the change. The database refuses updates. */
@Entity({ tableName: 'audit_events' })
@Shows(['createdAt'], 'PARTNER', 'MEMBER')
@ObjectType({
  simpleResolvers: true,
  description:
    'An audit entry: who did what to which row. One entry for each change, stored in the same transaction and never changed.',
})
export class AuditEvent extends Base {
  @Field(() => ID, { description: 'Id of the actor, from its credential; `system` for jobs of the product.' })
  @Property({ type: 'text' })
  @ShownTo('MEMBER')
  actorId!: string;

  @Field({ description: 'Role of the actor.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER', 'MEMBER')
  actorRole!: string;

  @Field({ description: 'Kind of credential: `TOKEN`, `OIDC` or `API_KEY`; `NONE` for jobs of the product.' })
  @Property({ type: 'text' })
  @Withheld('of the caller')
  credential!: string;

  @Field(() => ID, { description: 'Id of the request, as in the log.' })
  @Property({ type: 'text' })
  @Withheld('of the call')
  requestId!: string;

  @Field({ description: 'Action, e.g. `payout.approved`.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER', 'MEMBER')
  action!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the changed row; null for the program itself, and for a change of many rows.',
  })
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  subjectId?: string | null;

  @Property({ type: 'uuid[]' })
  @Withheld('ids')
  subjects!: string[];

  @Field(() => [ID], { description: 'Ids of the changed rows, if one call changed many.' })
  get subjectIds(): Opt<string[]> {
    return this.subjects;
  }

  @Field(() => ID, { nullable: true, description: 'Partner that the change concerns.' })
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  partnerId?: string | null; // no foreign key, so that an entry outlives its row

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Changed values before the change. Personal values are null after their erasure.',
  })
  @Property({ type: 'json', nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  before?: Record<string, unknown> | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Changed values after the change. Personal values are null after their erasure.',
  })
  @Property({ type: 'json', nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  after?: Record<string, unknown> | null;

  @Field(() => String, { nullable: true, description: 'Reason, if one was given.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  reason?: string | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('a salted hash of audit_personal')
  personalHash?: string | null;

  @Field(() => Boolean, { description: 'True after the personal values of the entry were erased.' })
  declare erased: Opt<boolean>;

  @Field(() => Boolean, {
    description: 'True when the audit chain contains the entry: within two seconds while the worker runs.',
  })
  declare chained: Opt<boolean>;
}

/** The personal values of an audit entry. They can be erased: the entry itself keeps only their salted hash. */
@Entity({ tableName: 'audit_personal' })
export class AuditPersonal {
  @PrimaryKey({ type: 'uuid' })
  @ShownTo('PARTNER', 'MEMBER', 'CUSTOMER')
  eventId!: string;

  @Property({ type: 'text' })
  @Withheld('the tenant')
  tenantId!: string;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  partnerId?: string | null;

  @Property({ type: 'json' })
  @ShownTo('PARTNER', 'MEMBER', 'CUSTOMER')
  data!: object;

  @Property({ type: 'text' })
  @Withheld('random')
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
    ...columnsOf(AuditEvent, 'e'),
    subjects: column('e.subjects::text[]'),
    before: side('before'),
    after: side('after'),
    erased: column('e.personal_hash is not null and d.event_id is null', personal),
    chained: column('l.event_id is not null', link),
  },
  needs: { subjectIds: ['subjects'] },
};
