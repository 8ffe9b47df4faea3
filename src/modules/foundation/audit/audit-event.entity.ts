import type { Opt } from '@mikro-orm/core';
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { Base } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { JSONObject } from '../../../kernel/request/scalars.ts';
import { together } from './change.ts';

/** Who did what to which row, in the transaction that did it. The database refuses to change one. */
@Entity({ tableName: 'audit_events' })
@Shows(['createdAt'], 'PARTNER', 'MEMBER')
@ObjectType({
  simpleResolvers: true,
  description: 'Who did what to which row: one entry for each change, stored with it. It never changes.',
})
export class AuditEvent extends Base {
  @Field(() => ID, { description: 'Who did it, as the credential says; `system` for our own jobs.' })
  @Property({ type: 'text' })
  @ShownTo('MEMBER')
  actorId!: string;

  @Field({ description: 'In which role.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER', 'MEMBER')
  actorRole!: string;

  @Field({ description: 'How it proved who it is: `TOKEN`, `OIDC`, `API_KEY`; `NONE` for our own jobs.' })
  @Property({ type: 'text' })
  @Withheld('of the caller')
  credential!: string;

  @Field(() => ID, { description: 'The request that did it, as the log has it.' })
  @Property({ type: 'text' })
  @Withheld('of the call')
  requestId!: string;

  @Field({ description: 'What was done, e.g. `payout.approved`.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER', 'MEMBER')
  action!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The row that it was done to; null for the program itself, and where there were many.',
  })
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  subjectId?: string | null;

  @Property({ type: 'uuid[]' })
  @Withheld('ids')
  subjects!: string[];

  @Field(() => [ID], { description: 'The rows, where one call changed many.' })
  get subjectIds(): Opt<string[]> {
    return this.subjects;
  }

  @Field(() => ID, { nullable: true, description: 'The partner whom it concerns.' })
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  partnerId?: string | null; // no reference, so that an entry outlives what it speaks of

  @Field(() => JSONObject, {
    nullable: true,
    description: 'What was, of that which changed. What it said of a person is null once it was erased.',
  })
  @Property({ type: 'json', nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  before?: Record<string, unknown> | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'What is since. What it said of a person is null once it was erased.',
  })
  @Property({ type: 'json', nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  after?: Record<string, unknown> | null;

  @Field(() => String, { nullable: true, description: 'Why, where a reason was given.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  reason?: string | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('a salted hash of what stands in audit_personal')
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
