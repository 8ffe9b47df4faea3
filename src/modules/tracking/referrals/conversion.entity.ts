import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import type { TouchBarred } from '../../../domain/attribution.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';

/** The purchase that closed a referral, or a partner's part of it where several are credited. */
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
  amount!: MoneyColumn; // of a sale that is shared, this partner's part

  @Property({ type: 'uuid', nullable: true })
  partOf?: string | null; // the conversion that closed the referral, where this is a part for another partner

  @Property({ type: 'boolean' })
  counted: Opt<boolean> = true; // of the parts of a sale, the one that figures count as the conversion

  @Property({ type: 'text', nullable: true })
  refused?: TouchBarred | null; // why nobody is credited with it: no figure counts it

  @Property({ type: 'timestamptz', length: 3 })
  occurredAt!: Date;
}
