import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { LeadStatus } from '../../../domain/prospect.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';
import { partnerTable } from '../../partners/partner/public.ts';

registerEnumType(LeadStatus, {
  name: 'LeadStatus',
  description: 'Status of a lead.',
  valuesConfig: {
    SUBMITTED: { description: 'Not reviewed yet.' },
    ACCEPTED: { description: 'Accepted: a sale that names the lead is attributed to its partner.' },
    REJECTED: { description: 'Rejected, with a reason.' },
    CONVERTED: { description: 'Converted to a sale.' },
  },
});

/** A potential customer that a partner submitted. */
@Entity({ tableName: 'leads' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'A potential customer that a partner submitted.' })
export class Lead extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Field({ description: 'The company.' })
  @Property({ type: 'text' })
  @Withheld('a company')
  company!: string;

  @Field(() => String, { nullable: true, description: 'Name of the contact person.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  @ErasedTo(erased.nothing)
  contactName?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Domain of the prospect. It covers every e-mail address of the domain.',
  })
  @Property({ type: 'text', nullable: true })
  @Withheld('data of a company')
  domain?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address of the contact.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  @ErasedTo(erased.nothing)
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'Notes of the partner.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  @ErasedTo(erased.nothing)
  notes?: string | null;

  @Field(() => LeadStatus, { description: 'Status.' })
  @Enum({ items: () => LeadStatus })
  @Withheld('a status')
  status: Opt<LeadStatus> = 'SUBMITTED';

  @Field({ description: 'Id of the actor that submitted the lead.' })
  @Property({ type: 'text' })
  @Withheld('a member of the partner')
  submittedBy!: string;

  @Field(() => Date, { nullable: true, description: 'Time of acceptance or rejection; null before.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('a time')
  decidedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member')
  decidedBy?: string | null;

  @Field(() => String, { nullable: true, description: 'Reason of the rejection; null otherwise.' })
  @Property({ type: 'text', nullable: true })
  @Withheld('the reason of staff for the rejection')
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
