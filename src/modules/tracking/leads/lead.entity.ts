import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { LeadStatus } from '../../../domain/prospect.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
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
  partnerId!: string;

  @Field({ description: 'The company.' })
  @Property({ type: 'text' })
  company!: string;

  @Field(() => String, { nullable: true, description: 'Name of the contact person.' })
  @Property({ type: 'text', nullable: true })
  contactName?: string | null;

  @Field(() => String, { nullable: true, description: 'E-mail address of the contact.' })
  @Property({ type: 'text', nullable: true })
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'Notes of the partner.' })
  @Property({ type: 'text', nullable: true })
  notes?: string | null;

  @Field(() => LeadStatus, { description: 'Status.' })
  @Enum({ items: () => LeadStatus })
  status: Opt<LeadStatus> = 'SUBMITTED';

  @Field({ description: 'Id of the actor that submitted the lead.' })
  @Property({ type: 'text' })
  submittedBy!: string;

  @Field(() => Date, { nullable: true, description: 'Time of acceptance or rejection; null before.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  decidedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  decidedBy?: string | null;

  @Field(() => String, { nullable: true, description: 'Reason of the rejection; null otherwise.' })
  @Property({ type: 'text', nullable: true })
  reason?: string | null;

  @Property({ type: 'uuid', nullable: true })
  referralId?: string | null;
}

export const leadTable: Table<Lead> = {
  type: Lead,
  from: 'leads e',
  alias: 'e',
  kind: 'referral',
  attributes: owned('e', 'e.partner_id'),
  columns: {
    id: column('e.id'),
    partnerId: column('e.partner_id'),
    company: column('e.company'),
    contactName: column('e.contact_name'),
    email: column('e.email'),
    notes: column('e.notes'),
    status: column('e.status'),
    submittedBy: column('e.submitted_by'),
    decidedAt: column('e.decided_at'),
    reason: column('e.reason'),
    createdAt: column('e.created_at'),
  },
  one: { partner: { key: 'e.partner_id', table: () => partnerTable } },
  needs: { partner: ['partnerId'] },
};
