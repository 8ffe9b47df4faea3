import type { Opt } from '@mikro-orm/core';
import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { moneyColumn, owned, type Table } from '../../../kernel/data/rows.ts';
import { partnerTable } from '../../partners/partner/public.ts';

/** What was refunded of an order. Before its sale it may have no partner yet, and is the program's alone. */
@Entity({ tableName: 'sale_refunds' })
@Shows(['id', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'What was refunded of an order; one that came before its sale waits for it.',
})
export class SaleRefund extends Base {
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  partnerId?: string | null;

  @Field({ description: 'Your own id of the order.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  orderId!: string;

  @Field(() => String, { nullable: true, description: 'Of this product alone; null: of the whole order.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  product?: string | null;

  @Field(() => String, { nullable: true, description: 'Your own id of the refund.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  refundId?: string | null;

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  partMinor?: bigint | null; // this refund; null with `totalMinor`: all that is left

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  totalMinor?: bigint | null; // all refunds of the order so far, this one included

  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  currency?: string | null; // the order's once it is settled

  @Field({ description: 'Why, in words.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  reason!: string;

  @Field(() => Date, { description: 'When it was refunded.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  occurredAt!: Date;

  @Property({ type: 'text' })
  @Withheld('somebody of the staff or a program; accounting records')
  statedBy!: string;

  @Field(() => Date, { nullable: true, description: 'When it was settled; null while it waits.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  settledAt?: Date | null;

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  takenMinor?: bigint | null; // of the order: less than asked where less was left

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  unearnedMinor?: bigint | null; // of that, what fell on products that earned nothing

  @Property({ type: 'json' })
  @ShownTo('PARTNER')
  lines: Opt<string[]> = []; // the negative lines that it made
}

/** Who sees commissions sees what was refunded of them. */
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
