import type { Opt } from '@mikro-orm/core';
import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { moneyColumn, owned, type Table } from '../../../kernel/data/rows.ts';
import { partnerTable } from '../../partners/partner/public.ts';

/** A refund of an order. Before the sale is recorded the refund may have no partner; then only staff can read it. */
@Entity({ tableName: 'sale_refunds' })
@Shows(['id', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A refund of an order. A refund that arrives before its sale waits for it.',
})
export class SaleRefund extends Base {
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  partnerId?: string | null;

  @Field({ description: 'Id of the order in your system.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  orderId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the refunded product in your system. Null for the whole order.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  product?: string | null;

  @Field(() => String, { nullable: true, description: 'Id of the refund in your system.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  refundId?: string | null;

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  partMinor?: bigint | null; // this refund alone; null together with `totalMinor`: the rest of the order

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  totalMinor?: bigint | null; // the sum of all refunds of the order, this one included

  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  currency?: string | null; // the order's currency once the refund is applied

  @Field({ description: 'Reason for the refund.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  reason!: string;

  @Field(() => Date, { description: 'Time of the refund.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  occurredAt!: Date;

  @Property({ type: 'text' })
  @Withheld('a staff member or an API client; accounting records')
  statedBy!: string;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the refund was applied. Null while the refund waits.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  settledAt?: Date | null;

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  takenMinor?: bigint | null; // taken from the order: less than requested when less was left

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  unearnedMinor?: bigint | null; // the part of takenMinor that fell on products that earned nothing

  @Property({ type: 'json' })
  @ShownTo('PARTNER')
  lines: Opt<string[]> = []; // ids of the negative commissions that the refund created
}

/** A caller who may read commissions may read their refunds. */
export const saleRefundTable: Table<SaleRefund> = {
  type: SaleRefund,
  from: 'sale_refunds f',
  alias: 'f',
  kind: 'commission',
  attributes: owned('f', 'f.partner_id'),
  columns: {
    ...columnsOf(SaleRefund, 'f'),
    amount: moneyColumn('f.part_minor', 'f.currency'),
    total: moneyColumn('f.total_minor', 'f.currency'),
    taken: moneyColumn('f.taken_minor', 'f.currency'),
  },
  one: { partner: { key: 'f.partner_id', table: () => partnerTable } },
  needs: {
    waiting: ['settledAt'],
    partner: ['partnerId'],
    amount: ['amount'],
    amountRefundedSoFar: ['total'],
    taken: ['taken'],
    commissions: ['lines'],
  },
};
