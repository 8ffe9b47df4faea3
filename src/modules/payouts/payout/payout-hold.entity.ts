import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';

/** No payout is sent to the partner while the hold is open. Commissions are still earned and approved. */
@Entity({ tableName: 'payout_holds' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'A hold on all payouts of a partner.' })
export class PayoutHold extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Field(() => String, { description: 'Reason for the hold. The partner can read the reason.' })
  @Property({ type: 'text' })
  reason!: string;

  @Property({ type: 'text' })
  heldBy!: string;

  @Field(() => Date, { description: 'Time when the hold was placed.' })
  @Property({ type: 'timestamptz', length: 3 })
  heldAt!: Date;

  @Property({ type: 'text', nullable: true })
  releasedBy?: string | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  releasedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  releaseReason?: string | null;
}

export const payoutHoldTable: Table<PayoutHold> = {
  type: PayoutHold,
  from: 'payout_holds h',
  alias: 'h',
  kind: 'payout',
  attributes: owned('h', 'h.partner_id'),
  columns: {
    id: column('h.id'),
    partnerId: column('h.partner_id'),
    reason: column('h.reason'),
    heldAt: column('h.held_at'),
    createdAt: column('h.created_at'),
  },
};
