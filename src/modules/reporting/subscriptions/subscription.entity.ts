import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Enum, Filter, Index, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { BillingInterval } from '../../../domain/metrics.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { moneyColumn, owned, type Table } from '../../../kernel/data/rows.ts';

registerEnumType(BillingInterval, {
  name: 'BillingInterval',
  description: 'How often a subscription is paid for.',
  valuesConfig: {
    WEEK: { description: 'Each week; 52 of them are a year.' },
    MONTH: { description: 'Each month.' },
    QUARTER: { description: 'Each three months.' },
    YEAR: { description: 'Each year.' },
    TWO_YEARS: { description: 'Each two years.' },
  },
});

/** What a customer pays again and again, from an instant on. A change of price is a further row. */
@Entity({ tableName: 'customer_subscriptions' })
@NotPersonal('what a customer pays regularly, by ids; accounting records')
@Filter({ name: 'mine', cond: byPartner, default: true })
@Unique({ name: 'customer_subscriptions_start', properties: ['tenantId', 'externalId', 'startedAt'] })
@ObjectType({
  simpleResolvers: true,
  description:
    'What a customer pays again and again, from an instant on. A change of price ends it and begins another of the same `externalId`.',
})
export class CustomerSubscription extends Base {
  @Index({ name: 'customer_subscriptions_partner', properties: ['partnerId', 'id'] })
  @Property({ type: 'uuid' })
  partnerId!: string; // whose customer it is now: it follows the customer

  @Index({ name: 'customer_subscriptions_customer' })
  @Property({ type: 'uuid' })
  customerId!: string;

  @Field({ description: 'Your own id of the subscription.' })
  @Property({ type: 'text' })
  externalId!: string;

  @Field(() => BillingInterval, { description: 'How often it is paid for.' })
  @Enum({ items: () => BillingInterval, fieldName: 'billing_interval', type: 'text' })
  interval!: BillingInterval;

  @Field(() => MoneyColumn, { description: 'The price of an interval, net of tax.' })
  @Embedded(() => MoneyColumn)
  price!: MoneyColumn;

  @Field(() => MoneyColumn, { description: 'The price as it comes to in a month: its part of the MRR.' })
  monthly!: MoneyColumn;

  @Property({ type: 'bigint' })
  monthlyMinor!: bigint;

  @Field(() => Date, { description: 'From when on it is paid.' })
  @Property({ type: 'timestamptz', length: 3 })
  startedAt!: Date;

  @Field(() => Date, { nullable: true, description: 'From when on it no longer is; null: it goes on.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  endedAt?: Date | null;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  updatedAt!: Opt<Date>;
}

export const subscriptionTable: Table<CustomerSubscription> = {
  type: CustomerSubscription,
  from: 'customer_subscriptions s',
  alias: 's',
  kind: 'metrics',
  attributes: owned('s', 's.partner_id'),
  columns: {
    ...columnsOf(CustomerSubscription, 's'),
    monthly: moneyColumn('s.monthly_minor', 's.price_currency'),
  },
};
