import { ArrayMaxSize, ArrayMinSize, Max, Min, ValidateNested } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { CommissionType } from '../../../domain/commission.ts';
import { Country, Currency, ExternalId } from '../../../kernel/request/kinds.ts';
import { DateTime, Decimal, JSONObject } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'One billed line item of an order.' })
export class SaleLineInput {
  @Field(() => String, {
    nullable: true,
    description: 'Id of the product in your system. Selects the rules for this product.',
  })
  @ExternalId(200)
  product?: string | null;

  @Field(() => Int, { nullable: true, description: 'Units sold, 1 to 1,000,000. Default: 1.' })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  quantity?: number | null;

  @Field(() => Decimal, { description: 'Amount for all units together, before tax. Negative for a credit.' })
  amount!: string;
}

@InputType({ description: 'A whole order or invoice.' })
export class RecordSaleInput {
  @Field(() => ID, { description: 'Id of the partner who earns on the order.' })
  partnerId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Id of the customer in your system, for example `cust_abc123`. A new id creates the customer.',
  })
  @ExternalId(200)
  customerId?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Identifier of the card or account at your payment provider, for example Stripe's `fingerprint`. Never send the card number. The product stores a keyed hash for the risk rules. Requires `customerId`.",
  })
  @ExternalId(200)
  paymentFingerprint?: string | null;

  @Field(() => String, { description: 'Id of the order in your system. An order is recorded once.' })
  @ExternalId(200)
  orderId!: string;

  @Field(() => [SaleLineInput], {
    description: 'The billed line items, 1 to 100. Line items of the same product are added up.',
  })
  @ArrayMinSize(1, { message: 'must contain at least one line item' })
  @ArrayMaxSize(100, { message: 'must contain at most 100 line items' })
  @ValidateNested({ each: true })
  lines!: SaleLineInput[];

  @Field(() => Decimal, { nullable: true, description: 'Discount on the whole order. Default: 0.' })
  discount?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'Tax on the whole order. Tax earns no commission. Default: 0.',
  })
  tax?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description:
      'The collected part of the total, which is line items less discount plus tax. Default: the total. A partly collected order earns in proportion.',
  })
  collected?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the amounts. Default: the partner's currency.",
  })
  @Currency()
  currency?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'ISO 3166 code of the billing country, for example `DE`. Selects the rules for this country.',
  })
  @Country()
  country?: string | null;

  @Field(() => CommissionType, {
    nullable: true,
    description:
      'Cause of the commissions. BONUS, TRUE_UP, ADJUSTMENT and REVERSAL are not allowed here. Default: ONE_TIME.',
  })
  type?: CommissionType | null;

  @Field(() => DateTime, { nullable: true, description: 'Time of the sale. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Id of the subscription in your system.' })
  @ExternalId(200)
  subscriptionId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Idempotency key. A repeated call with the same key returns the same result.',
  })
  @ExternalId(255)
  idempotencyKey?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Your own data about the commissions, as a JSON object of at most 16 kB.',
  })
  metadata?: Record<string, unknown> | null;
}
