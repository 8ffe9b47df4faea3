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
  description: 'Billing interval of a subscription.',
  valuesConfig: {
    WEEK: { description: 'Weekly. A year has 52 weeks.' },
    MONTH: { description: 'Monthly.' },
    QUARTER: { description: 'Every three months.' },
    YEAR: { description: 'Yearly.' },
    TWO_YEARS: { description: 'Every two years.' },
  },
});

/** A recurring price that a customer pays from a start time. A change of price is another row. */
@Entity({ tableName: 'customer_subscriptions' })
@NotPersonal('regular payments of a customer, by ids; accounting records')
@Filter({ name: 'mine', cond: byPartner, default: true })
@Unique({ name: 'customer_subscriptions_start', properties: ['tenantId', 'externalId', 'startedAt'] })
@ObjectType({
  simpleResolvers: true,
  description:
    'Recurring price that a customer pays from a start time. A change of price ends the subscription and starts another one with the same `externalId`.',
})
export class CustomerSubscription extends Base {
  @Index({ name: 'customer_subscriptions_partner', properties: ['partnerId', 'id'] })
  @Property({ type: 'uuid' })
  partnerId!: string; // the partner to which the customer is bound now; updated when the customer moves

  @Index({ name: 'customer_subscriptions_customer' })
  @Property({ type: 'uuid' })
  customerId!: string;

  @Field({ description: 'Id of the subscription in your own system.' })
  @Property({ type: 'text' })
  externalId!: string;

  @Field(() => BillingInterval, { description: 'Billing interval.' })
  @Enum({ items: () => BillingInterval, fieldName: 'billing_interval', type: 'text' })
  interval!: BillingInterval;

  @Field(() => MoneyColumn, { description: 'Price per billing interval, net of tax.' })
  @Embedded(() => MoneyColumn)
  price!: MoneyColumn;

  @Field(() => MoneyColumn, { description: "Price per month: the subscription's contribution to MRR." })
  monthly!: MoneyColumn;

  @Property({ type: 'bigint' })
  monthlyMinor!: bigint;

  @Field(() => Date, { description: 'Time when the subscription started.' })
  @Property({ type: 'timestamptz', length: 3 })
  startedAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the subscription ended or will end. Null without an end.',
  })
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
