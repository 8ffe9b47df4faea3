import { Max, Min } from 'class-validator';
import { Field, InputType, Int } from 'type-graphql';
import { Country, Currency, ExternalId } from '../../../kernel/request/kinds.ts';
import { DateTime, Decimal, EmailAddress, JSONObject } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'The purchase or free trial that converts a referral.' })
export class ConvertReferralInput {
  @Field({
    description:
      'Id of the customer in your system, for example `cust_abc123`. A new id creates the customer.',
  })
  @ExternalId(200)
  customerId!: string;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address of the customer.' })
  customerEmail?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Identifier of the card or account at your payment provider, for example Stripe's `fingerprint`. Never send the card number. The product stores a keyed hash for the risk rules.",
  })
  @ExternalId(200)
  paymentFingerprint?: string | null;

  @Field(() => Decimal, {
    description:
      'The amount that the customer paid, without tax. 0 for a free trial: it binds the customer to the partner and earns nothing, and the first paid order is the first purchase.',
  })
  amount!: string;

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the amount. Default: the partner's currency.",
  })
  @Currency()
  currency?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the order in your system. An order converts once.',
  })
  @ExternalId(200)
  orderId?: string | null;

  @Field(() => String, { nullable: true, description: 'Id of the subscription in your system.' })
  @ExternalId(200)
  subscriptionId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the product in your system. Selects the rules for this product.',
  })
  @ExternalId(200)
  product?: string | null;

  @Field(() => Int, { nullable: true, description: 'Units bought, 1 to 1,000,000. Default: 1.' })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  quantity?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      'ISO 3166 code of the billing country, for example `DE`. Selects the rules for this country.',
  })
  @Country()
  country?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Time of the purchase. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Idempotency key. A repeated call with the same key returns the same result.',
  })
  @ExternalId(255)
  idempotencyKey?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Your own data about the commission, as a JSON object of at most 16 kB.',
  })
  metadata?: Record<string, unknown> | null;
}
