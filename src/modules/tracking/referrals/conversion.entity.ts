import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import type { TouchBarred } from '../../../domain/attribution.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

/** The purchase that closed a referral, or a partner's part of it where several are credited. */
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
  source!: string; // of its referral, so that metrics need no join

  @Embedded(() => MoneyColumn)
  @ShownTo('PARTNER', 'CUSTOMER')
  amount!: MoneyColumn; // of a sale that is shared, this partner's part

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  partOf?: string | null; // the conversion that closed the referral, where this is a part for another partner

  @Property({ type: 'boolean' })
  @Withheld('which part of a shared sale figures count')
  counted: Opt<boolean> = true; // of the parts of a sale, the one that figures count as the conversion

  @Property({ type: 'text', nullable: true })
  @Withheld('why nobody is credited with it')
  refused?: TouchBarred | null; // why nobody is credited with it: no figure counts it

  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER', 'CUSTOMER')
  occurredAt!: Date;
}
