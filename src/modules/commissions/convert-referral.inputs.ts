import { Length, MaxLength } from 'class-validator';
import { GraphQLEmailAddress } from 'graphql-scalars';
import { Field, InputType } from 'type-graphql';
import { DateTime, Decimal, JSONObject } from '../../kernel/scalars.ts';

@InputType({ description: 'The purchase that closes a referral.' })
export class ConvertReferralInput {
  @Field({ description: 'Your own id of the customer, e.g. `cust_abc123`; one seen first is made.' })
  @Length(1, 200, { message: 'must be 1 to 200 characters long' })
  customerId!: string;

  @Field(() => GraphQLEmailAddress, { nullable: true, description: "The customer's e-mail address." })
  @MaxLength(254, { message: 'must be at most 254 characters long' })
  customerEmail?: string | null;

  @Field(() => Decimal, { description: 'What the customer paid, tax not included: more than 0.' })
  amount!: string;

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the amount; default: the partner's.",
  })
  currency?: string | null;

  @Field(() => String, { nullable: true, description: 'Your own id of the order; an order converts once.' })
  @Length(1, 200, { message: 'must be 1 to 200 characters long' })
  orderId?: string | null;

  @Field(() => String, { nullable: true, description: 'Your own id of the subscription.' })
  @Length(1, 200, { message: 'must be 1 to 200 characters long' })
  subscriptionId?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When it happened. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request repeatable: the same key gives the same answer.',
  })
  @Length(1, 255, { message: 'must be 1 to 255 characters long' })
  idempotencyKey?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Your own notes on the commission that it makes, at most 16 kB.',
  })
  metadata?: Record<string, unknown> | null;
}
