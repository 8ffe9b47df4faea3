import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal, PersonKind } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';

registerEnumType(PersonKind, {
  name: 'PersonKind',
  description: 'Kind of an erased person.',
  valuesConfig: {
    PARTNER: { description: 'A partner, including its contact.' },
    MEMBER: { description: 'Id of a member of a partner.' },
    CUSTOMER: { description: 'A customer.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'Data that an erasure left, because a law requires it.' })
export class KeptRecord {
  @Field({ description: 'The data that stays.' })
  what!: string;

  @Field({ description: 'Reason, such as a law.' })
  reason!: string;

  @Field(() => LocalDate, { description: 'Last day on which the data must stay.' })
  until!: string;
}

/** The record of an erasure, with ids only, so that the erasure can be repeated after a backup was restored. */
@Entity({ tableName: 'erasures' })
@NotPersonal('ids of erased persons: the log that proves and repeats erasures')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'An erasure of the data of a person, and the data that had to stay.',
})
export class Erasure extends Base {
  @Field(() => PersonKind, { description: 'Kind of the person.' })
  @Enum({ items: () => PersonKind })
  kind!: PersonKind;

  @Field(() => ID, {
    description: 'Id of the partner, member or customer: the only data that still identifies the person.',
  })
  @Property({ type: 'uuid' })
  personId!: string;

  @Field(() => Date, { description: 'Time of the erasure.' })
  @Property({ type: 'timestamptz', length: 3 })
  erasedAt!: Date;

  @Field({ description: 'Id of the actor that erased the person.' })
  @Property({ type: 'text' })
  erasedBy!: string;

  @Field({ description: 'Reason for the erasure.' })
  @Property({ type: 'text' })
  reason!: string;

  @Field(() => [KeptRecord], { description: 'Data that had to stay, with reason and last day.' })
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
