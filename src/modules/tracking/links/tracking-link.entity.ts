import type { Opt } from '@mikro-orm/core';
import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { partnerTable } from '../../partners/partner/public.ts';

/** A path of a partner that redirects to a page on the program's hosts. */
@Entity({ tableName: 'tracking_links' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A tracking link with its own path. Its clicks are attributed to its partner.',
})
export class TrackingLink extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Field({
    description:
      'Path of the link, unique in the program. Upper and lower case are equal. `url` ends with the path, or with the path and a suffix.',
  })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.name)
  path!: string;

  /** Set by the database: the path, with a suffix if another tenant has it. */
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.name)
  code: Opt<string> = '';

  @Field({ description: 'Name of the link.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.word)
  name!: string;

  @Field(() => String, { nullable: true, description: "Target page; null for the program's default page." })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  targetUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'Campaign of its clicks.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  campaign?: string | null;

  @Field(() => Date, { nullable: true, description: 'Time of archiving; null for an active link.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('a time')
  archivedAt?: Date | null;

  @Field({ description: 'Id of the actor that created it.' })
  @Property({ type: 'text' })
  @Withheld('a member of the partner or a staff member')
  createdBy!: string;
}

export const trackingLinkTable: Table<TrackingLink> = {
  type: TrackingLink,
  from: 'tracking_links l',
  alias: 'l',
  kind: 'referral',
  attributes: owned('l', 'l.partner_id'),
  columns: columnsOf(TrackingLink, 'l'),
  one: { partner: { key: 'l.partner_id', table: () => partnerTable } },
  needs: { partner: ['partnerId'], url: ['code'] },
};
