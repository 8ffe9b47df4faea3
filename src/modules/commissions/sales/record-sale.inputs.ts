import { ArrayMaxSize, ArrayMinSize, Matches, Max, Min, ValidateNested } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { CommissionType } from '../../../domain/commission.ts';
import { Name } from '../../../kernel/request/input.ts';
import { DateTime, Decimal, JSONObject } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'One line of an order as it was billed.' })
export class SaleLineInput {
  @Field(() => String, { nullable: true, description: 'Your own id of the product: rules for it apply.' })
  @Name(200)
  product?: string | null;

  @Field(() => Int, { nullable: true, description: 'Units: 1 to 1,000,000; default 1.' })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  quantity?: number | null;

  @Field(() => Decimal, { description: 'For all of its units, before tax; negative for a credit.' })
  amount!: string;
}

@InputType({ description: 'An order or invoice, whole.' })
export class RecordSaleInput {
  @Field(() => ID, { description: 'The partner that earned it.' })
  partnerId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Your own id of the customer, e.g. `cust_abc123`; one seen first is made.',
  })
  @Name(200)
  customerId?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "What your payment provider calls the card or account that paid, e.g. Stripe's `fingerprint`: never its number. Kept as a keyed hash, for the risk rules; only with customerId.",
  })
  @Name(200)
  paymentFingerprint?: string | null;

  @Field(() => String, { description: 'Your own id of the order; a partner earns on an order once.' })
  @Name(200)
  orderId!: string;

  @Field(() => [SaleLineInput], {
    description: 'What was billed: 1 to 100 lines. Those of one product are one.',
  })
  @ArrayMinSize(1, { message: 'takes at least one line' })
  @ArrayMaxSize(100, { message: 'takes at most 100 lines' })
  @ValidateNested({ each: true })
  lines!: SaleLineInput[];

  @Field(() => Decimal, { nullable: true, description: 'Taken off the whole order; default 0.' })
  discount?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'Added to the whole order; it earns nothing. Default 0.',
  })
  tax?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'What was paid of lines less discount plus tax; default: all of it. A part earns in part.',
  })
  collected?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the amounts; default: the partner's.",
  })
  currency?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'ISO 3166 code of the country that was billed, e.g. `DE`: rules for it apply.',
  })
  @Matches(/^[A-Z]{2}$/, { message: 'must be an ISO 3166 code such as "DE"' })
  country?: string | null;

  @Field(() => CommissionType, { nullable: true, description: 'Its cause; default ONE_TIME.' })
  type?: CommissionType | null;

  @Field(() => DateTime, { nullable: true, description: 'When the sale happened. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Your own id of the subscription.' })
  @Name(200)
  subscriptionId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request repeatable: the same key gives the same answer.',
  })
  @Name(255)
  idempotencyKey?: string | null;

  @Field(() => JSONObject, { nullable: true, description: 'Your own notes on it, at most 16 kB.' })
  metadata?: Record<string, unknown> | null;
}
