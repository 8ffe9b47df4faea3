import type { Opt } from '@mikro-orm/core';
import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { DealStatus } from '../../../domain/prospect.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Withheld } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';
import { partnerTable } from '../../partners/partner/public.ts';

registerEnumType(DealStatus, {
  name: 'DealStatus',
  description: 'Status of a registered deal.',
  valuesConfig: {
    OPEN: { description: 'The prospect is reserved for the partner until the deal expires.' },
    WON: { description: 'The prospect bought.' },
    CLOSED: { description: 'Closed early without a sale.' },
    EXPIRED: { description: 'Expired without a sale.' },
  },
});

/** A prospect that a partner was the first to register. */
@Entity({ tableName: 'deals' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A prospect that a partner was the first to register.',
})
export class Deal extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Field({ description: 'The company.' })
  @Property({ type: 'text' })
  @Withheld('a company')
  company!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Domain of the prospect. It covers every e-mail address of the domain.',
  })
  @Property({ type: 'text', nullable: true })
  @Withheld('data of a company')
  domain?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address of the prospect.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  @ErasedTo(erased.email)
  email?: string | null;

  @Field({ description: 'Partner that registered the prospect.' })
  @Property({ type: 'text' })
  @Withheld('a member of the partner')
  registeredBy!: string;

  @Field(() => Date, { description: 'Start of the reservation.' })
  @Property({ type: 'timestamptz', length: 3 })
  @Withheld('a time')
  registeredAt!: Date;

  @Field(() => Date, { description: 'End of the reservation, exclusive.' })
  @Property({ type: 'timestamptz', length: 3 })
  @Withheld('a time')
  expiresAt!: Date;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('a time')
  closedAt?: Date | null;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  referralId?: string | null;

  @Field(() => DealStatus, { description: 'Status.' })
  status!: Opt<DealStatus>; // not stored, because time alone makes a deal expire
}

export const dealTable: Table<Deal> = {
  type: Deal,
  from: 'deals i',
  alias: 'i',
  kind: 'referral',
  attributes: owned('i', 'i.partner_id'),
  columns: {
    ...columnsOf(Deal, 'i'),
    status: column(
      "case when i.referral_id is not null then 'WON' when i.closed_at < i.expires_at then 'CLOSED' when i.expires_at <= now() then 'EXPIRED' else 'OPEN' end",
    ),
  },
  one: { partner: { key: 'i.partner_id', table: () => partnerTable } },
  needs: { partner: ['partnerId'] },
};
