import type { Opt } from '@mikro-orm/core';
import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType } from 'type-graphql';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { partnerTable } from '../../partners/partner/public.ts';

/** A code that buyers give with their order: the sale is its partner's. */
@Entity({ tableName: 'coupons' })
@NotPersonal('a code that the program made; its partner is an id')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: "A code that buyers give with their order: the sale is its partner's.",
})
export class Coupon extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Field({ description: 'The code; in any case it is the same.' })
  @Property({ type: 'text' })
  code!: string;

  @Field(() => Date, { description: 'From when it counts.' })
  @Property({ type: 'timestamptz', length: 3 })
  startsAt!: Date;

  @Field(() => Date, { nullable: true, description: 'From this instant on it no longer counts; null: open.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  endsAt?: Date | null;

  @Field(() => Int, { nullable: true, description: 'How many sales it may bring; null: any number.' })
  @Property({ type: 'integer', nullable: true })
  maxUses?: number | null;

  @Field(() => Int, { description: 'How many sales it brought.' })
  @Property({ type: 'integer' })
  uses: Opt<number> = 0;

  @Field(() => Date, { nullable: true, description: 'When somebody ended it before its time.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  endedAt?: Date | null;

  @Field({ description: 'Who made it.' })
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
