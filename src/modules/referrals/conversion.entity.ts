import { Embedded, Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Base, byPartner } from '../../kernel/base.entity.ts';
import { MoneyColumn } from '../../kernel/money.column.ts';

/** The purchase that closed a referral. */
@Entity({ tableName: 'conversions' })
@Filter({ name: 'mine', cond: byPartner, default: true })
export class Conversion extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Property({ type: 'uuid' })
  referralId!: string;

  @Property({ type: 'uuid' })
  customerId!: string;

  @Property({ type: 'text', nullable: true })
  orderId?: string | null;

  @Property({ type: 'text', nullable: true })
  subscriptionId?: string | null;

  @Property({ type: 'text' })
  source!: string; // of its referral, so that metrics need no join

  @Embedded(() => MoneyColumn)
  amount!: MoneyColumn;

  @Property({ type: 'timestamptz', length: 3 })
  occurredAt!: Date;
}
