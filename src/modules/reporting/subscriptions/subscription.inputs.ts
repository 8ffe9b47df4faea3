import { Field, InputType } from 'type-graphql';
import { BillingInterval } from '../../../domain/metrics.ts';
import { Currency, ExternalId } from '../../../kernel/request/kinds.ts';
import { DateTime, Decimal } from '../../../kernel/request/scalars.ts';

@InputType({
  description:
    'Recurring price that a customer pays. A repeated call with the same `externalId` and `startedAt` replaces the earlier values. A later `startedAt` records a new price.',
})
export class RecordSubscriptionInput {
  @Field({ description: 'Id of the subscription in your own system, 1 to 200 characters.' })
  @ExternalId(200)
  externalId!: string;

  @Field({
    description:
      'Id of the customer in your own system, 1 to 200 characters. The customer must be bound to a partner.',
  })
  @ExternalId(200)
  customerId!: string;

  @Field(() => Decimal, { description: 'Price per billing interval, net of tax; 0 or more.' })
  price!: string;

  @Field({ description: 'ISO 4217 code of the price.' })
  @Currency()
  currency!: string;

  @Field(() => BillingInterval, { description: 'Billing interval.' })
  interval!: BillingInterval;

  @Field(() => DateTime, { nullable: true, description: 'Time when the subscription starts. Default: now.' })
  startedAt?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Time when the subscription ends; it may be in the future. Null: no end.',
  })
  endedAt?: Date | null;
}
