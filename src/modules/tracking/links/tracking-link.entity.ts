import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { partnerTable } from '../../partners/partner/public.ts';

/** A path of a partner's own, which leads where the partner says, within the program's hosts. */
@Entity({ tableName: 'tracking_links' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A tracking link with a path of its own: clicks on it are those of its partner.',
})
export class TrackingLink extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Field({ description: 'The last part of its address; in any case it is the same.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.name)
  path!: string;

  @Field({ description: 'What it is for.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.word)
  name!: string;

  @Field(() => String, { nullable: true, description: "Where it leads; null: to the program's page." })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  targetUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'The campaign that its clicks are of.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  campaign?: string | null;

  @Field(() => Date, { nullable: true, description: 'Since when it leads nowhere.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('when')
  archivedAt?: Date | null;

  @Field({ description: 'Who made it.' })
  @Property({ type: 'text' })
  @Withheld('somebody of the partner or of the staff')
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
  needs: { partner: ['partnerId'], url: ['path'] },
};
