import type { Opt } from '@mikro-orm/core';
import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType } from 'type-graphql';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { partnerTable } from '../../partners/partner/public.ts';

/** A code that buyers enter with their order. The sale is attributed to the partner of the coupon. */
@Entity({ tableName: 'coupons' })
@NotPersonal('a code of the program; its partner is an id')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description:
    'A code that buyers enter with their order. The sale is attributed to the partner of the coupon.',
})
export class Coupon extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Field({ description: 'Code of the coupon. Upper and lower case are equal.' })
  @Property({ type: 'text' })
  code!: string;

  @Field(() => Date, { description: 'Start of validity.' })
  @Property({ type: 'timestamptz', length: 3 })
  startsAt!: Date;

  @Field(() => Date, { nullable: true, description: 'End of validity, exclusive; null for no end.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  endsAt?: Date | null;

  @Field(() => Int, { nullable: true, description: 'Maximum number of uses; null for no limit.' })
  @Property({ type: 'integer', nullable: true })
  maxUses?: number | null;

  @Field(() => Int, {
    description:
      'Number of uses: sales that count, and free trials. A sale that is refunded in full, rejected or lost in a dispute gives its use back. A dispute that is won later takes the use again, also above `maxUses`.',
  })
  @Property({ type: 'integer' })
  uses: Opt<number> = 0;

  @Field(() => Date, {
    nullable: true,
    description: 'Time at which the coupon was ended early; null otherwise.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  endedAt?: Date | null;

  @Field({ description: 'Id of the actor that created it.' })
  @Property({ type: 'text' })
  createdBy!: string;
}

export const couponTable: Table<Coupon> = {
  type: Coupon,
  from: 'coupons q',
  alias: 'q',
  kind: 'referral',
  attributes: owned('q', 'q.partner_id'),
  columns: columnsOf(Coupon, 'q'),
  one: { partner: { key: 'q.partner_id', table: () => partnerTable } },
  needs: { partner: ['partnerId'] },
};
