import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal, PersonKind } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';

registerEnumType(PersonKind, {
  name: 'PersonKind',
  description: 'What a person is to the program.',
  valuesConfig: {
    PARTNER: { description: 'A partner, its contact included.' },
    MEMBER: { description: "A person of a partner's organisation." },
    CUSTOMER: { description: 'Who buys.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'What an erasure left, because a law asks for it.' })
export class KeptRecord {
  @Field({ description: 'What stays.' })
  what!: string;

  @Field({ description: 'Why it stays.' })
  reason!: string;

  @Field(() => LocalDate, { description: 'The last day of which it has to stay.' })
  until!: string;
}

/** Remembers by ids alone who was erased, so that it can be done again after a backup was restored. */
@Entity({ tableName: 'erasures' })
@NotPersonal('ids of who was erased: the log that an erasure is proved and repeated by')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A person whose data was erased, and what had to stay.',
})
export class Erasure extends Base {
  @Field(() => PersonKind, { description: 'What the person was.' })
  @Enum({ items: () => PersonKind })
  kind!: PersonKind;

  @Field(() => ID, { description: 'Id of the partner, member or customer: all that still names it.' })
  @Property({ type: 'uuid' })
  personId!: string;

  @Field(() => Date, { description: 'When it was done.' })
  @Property({ type: 'timestamptz', length: 3 })
  erasedAt!: Date;

  @Field({ description: 'Who did it.' })
  @Property({ type: 'text' })
  erasedBy!: string;

  @Field({ description: 'Why it was done.' })
  @Property({ type: 'text' })
  reason!: string;

  @Field(() => [KeptRecord], { description: 'What had to stay, why and until when.' })
  @Property({ type: 'json' })
  kept!: KeptRecord[];
}

export const erasureTable: Table<Erasure> = {
  type: Erasure,
  from: 'erasures e',
  alias: 'e',
  kind: 'privacy',
  attributes: owned('e'),
  columns: columnsOf(Erasure, 'e'),
};
