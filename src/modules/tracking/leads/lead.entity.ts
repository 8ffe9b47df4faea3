import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { LeadStatus } from '../../../domain/prospect.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { partnerTable } from '../../partners/partner/public.ts';

registerEnumType(LeadStatus, {
  name: 'LeadStatus',
  description: 'What became of a lead.',
  valuesConfig: {
    SUBMITTED: { description: 'Nobody has looked at it yet.' },
    ACCEPTED: { description: "Worth following: a sale that names it is its partner's." },
    REJECTED: { description: 'Not followed, for the reason that is given.' },
    CONVERTED: { description: 'Became a sale.' },
  },
});

/** Somebody who may buy, named by a partner. */
@Entity({ tableName: 'leads' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'Somebody who may buy, named by a partner.' })
export class Lead extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Field({ description: 'The company.' })
  @Property({ type: 'text' })
  @Withheld('a company')
  company!: string;

  @Field(() => String, { nullable: true, description: 'Whom to talk to.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  @ErasedTo(erased.nothing)
  contactName?: string | null;

  @Field(() => String, { nullable: true, description: 'Its e-mail address.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  @ErasedTo(erased.nothing)
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'What the partner says of it.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  @ErasedTo(erased.nothing)
  notes?: string | null;

  @Field(() => LeadStatus, { description: 'What became of it.' })
  @Enum({ items: () => LeadStatus })
  @Withheld('what became of it')
  status: Opt<LeadStatus> = 'SUBMITTED';

  @Field({ description: 'Who handed it in.' })
  @Property({ type: 'text' })
  @Withheld('somebody of the partner')
  submittedBy!: string;

  @Field(() => Date, { nullable: true, description: 'When it was accepted or rejected.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('when')
  decidedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff')
  decidedBy?: string | null;

  @Field(() => String, { nullable: true, description: 'Why it was rejected.' })
  @Property({ type: 'text', nullable: true })
  @Withheld('why staff did not follow it')
  reason?: string | null;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  referralId?: string | null;
}

export const leadTable: Table<Lead> = {
  type: Lead,
  from: 'leads e',
  alias: 'e',
  kind: 'referral',
  attributes: owned('e', 'e.partner_id'),
  columns: columnsOf(Lead, 'e'),
  one: { partner: { key: 'e.partner_id', table: () => partnerTable } },
  needs: { partner: ['partnerId'] },
};
