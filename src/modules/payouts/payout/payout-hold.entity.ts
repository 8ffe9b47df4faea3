import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

/** Nothing is paid to the partner while it is open; its lines go on being earned and approved. */
@Entity({ tableName: 'payout_holds' })
@Shows(['id'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'A hold on everything that would be paid to a partner.' })
export class PayoutHold extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Field(() => String, { description: 'Why, as the partner may read it.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  reason!: string;

  @Property({ type: 'text' })
  @Withheld('somebody of the staff; accounting records')
  heldBy!: string;

  @Field(() => Date, { description: 'Since when.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  heldAt!: Date;

  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff; accounting records')
  releasedBy?: string | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  releasedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  releaseReason?: string | null;
}

export const payoutHoldTable: Table<PayoutHold> = {
  type: PayoutHold,
  from: 'payout_holds h',
  alias: 'h',
  kind: 'payout',
  attributes: owned('h', 'h.partner_id'),
  columns: columnsOf(PayoutHold, 'h'),
};
