import { Matches, Max, MaxLength, Min } from 'class-validator';
import { Field, InputType, Int } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';
import { DateTime, Decimal, EmailAddress, JSONObject } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'The purchase that closes a referral.' })
export class ConvertReferralInput {
  @Field({ description: 'Your own id of the customer, e.g. `cust_abc123`; one seen first is made.' })
  @Name(200)
  customerId!: string;

  @Field(() => EmailAddress, { nullable: true, description: "The customer's e-mail address." })
  @MaxLength(254, { message: 'must be at most 254 characters long' })
  customerEmail?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "What your payment provider calls the card or account that paid, e.g. Stripe's `fingerprint`: never its number. Kept as a keyed hash, for the risk rules.",
  })
  @Name(200)
  paymentFingerprint?: string | null;

  @Field(() => Decimal, { description: 'What the customer paid, tax not included: more than 0.' })
  amount!: string;

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the amount; default: the partner's.",
  })
  currency?: string | null;

  @Field(() => String, { nullable: true, description: 'Your own id of the order; an order converts once.' })
  @Name(200)
  orderId?: string | null;

  @Field(() => String, { nullable: true, description: 'Your own id of the subscription.' })
  @Name(200)
  subscriptionId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Your own id of the product that was bought: rules for it apply.',
  })
  @Name(200)
  product?: string | null;

  @Field(() => Int, { nullable: true, description: 'Units that were bought, 1 to 1,000,000; default 1.' })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  quantity?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'ISO 3166 code of the country that was billed, e.g. `DE`: rules for it apply.',
  })
  @Matches(/^[A-Z]{2}$/, { message: 'must be an ISO 3166 code such as "DE"' })
  country?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When it happened. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request repeatable: the same key gives the same answer.',
  })
  @Name(255)
  idempotencyKey?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Your own notes on the commission that it makes, at most 16 kB.',
  })
  metadata?: Record<string, unknown> | null;
}
