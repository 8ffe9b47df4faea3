import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

/** No payout is sent to the partner while the hold is open. Commissions are still earned and approved. */
@Entity({ tableName: 'payout_holds' })
@Shows(['id'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'A hold on all payouts of a partner.' })
export class PayoutHold extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Field(() => String, { description: 'Reason for the hold. The partner can read the reason.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  reason!: string;

  @Property({ type: 'text' })
  @Withheld('a staff member; accounting records')
  heldBy!: string;

  @Field(() => Date, { description: 'Time when the hold was placed.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  heldAt!: Date;

  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
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
