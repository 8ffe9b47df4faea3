import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import type { TouchBarred } from '../../../domain/attribution.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

/** The purchase or free trial that converted a referral, or a partner's share of it. */
@Entity({ tableName: 'conversions' })
@Shows(['id'], 'PARTNER', 'CUSTOMER')
@Filter({ name: 'mine', cond: byPartner, default: true })
export class Conversion extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'uuid' })
  @Withheld('an id')
  referralId!: string;

  @Property({ type: 'uuid' })
  @Withheld('an id')
  customerId!: string;

  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  orderId?: string | null;

  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  subscriptionId?: string | null;

  @Property({ type: 'text' })
  @ShownTo('PARTNER', 'CUSTOMER')
  source!: string; // copied from the referral, so that metrics need no join

  @Embedded(() => MoneyColumn)
  @ShownTo('PARTNER', 'CUSTOMER')
  amount!: MoneyColumn; // this partner's share of a shared sale

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  partOf?: string | null; // for the share of another partner: the conversion of the referral

  @Property({ type: 'boolean' })
  @Withheld('a marker for metrics of shared sales')
  counted: Opt<boolean> = true; // true for the one share of a sale that metrics count as the conversion

  @Property({ type: 'text', nullable: true })
  @Withheld('the reason if no partner is credited')
  refused?: TouchBarred | null; // the reason if no partner is credited; metrics do not count it

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  couponId?: string | null; // the coupon that credited the sale

  @Property({ type: 'boolean' })
  @ShownTo('PARTNER', 'CUSTOMER')
  isTrial: Opt<boolean> = false; // a free trial: it binds the customer, earns nothing and is no purchase

  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER', 'CUSTOMER')
  occurredAt!: Date;
}
