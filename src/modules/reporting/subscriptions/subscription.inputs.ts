import { Field, InputType } from 'type-graphql';
import { BillingInterval } from '../../../domain/metrics.ts';
import { Name } from '../../../kernel/request/input.ts';
import { DateTime, Decimal } from '../../../kernel/request/scalars.ts';

@InputType({
  description:
    'What a customer pays again and again. Sent again with the same `externalId` and `startedAt` it replaces what was said; with a later `startedAt` it is the new price.',
})
export class RecordSubscriptionInput {
  @Field({ description: 'Your own id of the subscription: 1 to 200 characters.' })
  @Name(200)
  externalId!: string;

  @Field({ description: 'Your own id of the customer, who has a partner already.' })
  @Name(200)
  customerId!: string;

  @Field(() => Decimal, { description: 'The price of an interval, net of tax; 0 or more.' })
  price!: string;

  @Field({ description: 'ISO 4217 code of the price.' })
  currency!: string;

  @Field(() => BillingInterval, { description: 'How often it is paid for.' })
  interval!: BillingInterval;

  @Field(() => DateTime, { nullable: true, description: 'From when on; default: now.' })
  startedAt?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'From when on it is no longer paid, which may be yet to come; null: it goes on.',
  })
  endedAt?: Date | null;
}
