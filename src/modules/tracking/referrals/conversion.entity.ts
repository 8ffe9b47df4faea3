import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import type { TouchBarred } from '../../../domain/attribution.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';

/** The purchase that converted a referral, or a partner's share of it. */
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
  source!: string; // copied from the referral, so that metrics need no join

  @Embedded(() => MoneyColumn)
  amount!: MoneyColumn; // this partner's share of a shared sale

  @Property({ type: 'uuid', nullable: true })
  partOf?: string | null; // for the share of another partner: the conversion of the referral

  @Property({ type: 'boolean' })
  counted: Opt<boolean> = true; // true for the one share of a sale that metrics count as the conversion

  @Property({ type: 'text', nullable: true })
  refused?: TouchBarred | null; // the reason if no partner is credited; metrics do not count it

  @Property({ type: 'timestamptz', length: 3 })
  occurredAt!: Date;
}
