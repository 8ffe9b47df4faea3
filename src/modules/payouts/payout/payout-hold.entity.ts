import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

/** Nothing is paid to the partner while it is open; its lines go on being earned and approved. */
@Entity({ tableName: 'payout_holds' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'A hold on everything that would be paid to a partner.' })
export class PayoutHold extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Field(() => String, { description: 'Why, as the partner may read it.' })
  @Property({ type: 'text' })
  reason!: string;

  @Property({ type: 'text' })
  heldBy!: string;

  @Field(() => Date, { description: 'Since when.' })
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
  columns: columnsOf(PayoutHold, 'h'),
};
