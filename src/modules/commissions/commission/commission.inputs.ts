import { IsUUID, Max, Min } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { CommissionMethod, CommissionStatus, CommissionType } from '../../../domain/commission.ts';
import { Country, Currency, ExternalId, KnownCurrency, Name } from '../../../kernel/request/kinds.ts';
import { DateTime, Decimal, JSONObject, Percentage } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'A commission that a person creates.' })
export class CreateCommissionInput {
  @Field(() => ID, { description: 'Id of the partner who earned the commission.' })
  partnerId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Id of the customer in your system, for example `cust_abc123`. A new id creates the customer.',
  })
  @ExternalId(200)
  customerId?: string | null;

  @Field(() => String, { nullable: true, description: 'Id of the subscription in your system.' })
  @ExternalId(200)
  subscriptionId?: string | null;

  @Field(() => CommissionType, {
    description: 'Cause of the commission. TRUE_UP, ADJUSTMENT and REVERSAL are not allowed here.',
  })
  type!: CommissionType;

  @Field(() => CommissionMethod, {
    nullable: true,
    description: 'Method of computation. Default: FLAT when `flatAmount` is given, otherwise PERCENTAGE.',
  })
  method?: CommissionMethod | null;

  @Field(() => Decimal, {
    description: 'The amount that the customer paid. The commission is computed from this amount less tax.',
  })
  amount!: string;

  @Field(() => Decimal, {
    nullable: true,
    description: 'The part of `amount` that is tax. Tax earns no commission.',
  })
  tax?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the amounts. Default: the partner's currency.",
  })
  @Currency()
  currency?: string | null;

  @Field(() => Percentage, {
    nullable: true,
    description:
      "Rate for this commission alone, in percent of the sale. Default: the partner's rate, otherwise the rate of the partner's tier at the time of the sale.",
  })
  commissionRate?: number | null; // basis points

  @Field(() => Decimal, { nullable: true, description: 'The commission for one unit, for the method FLAT.' })
  flatAmount?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Units sold, for the method FLAT: 1 to 1,000,000. Default: 1.',
  })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  quantity?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the sold product in your system. Selects the rules for this product.',
  })
  @ExternalId(200)
  product?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'ISO 3166 code of the billing country, for example `DE`. Selects the rules for this country.',
  })
  @Country()
  country?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Time of the sale. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Idempotency key. A repeated call with the same key returns the same commission.',
  })
  @ExternalId(255)
  idempotencyKey?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Your own data about the commission, as a JSON object of at most 16 kB.',
  })
  metadata?: Record<string, unknown> | null;
}

@InputType({ description: 'A refund or chargeback.' })
export class ReverseCommissionInput {
  @Field(() => Decimal, {
    nullable: true,
    description:
      'The refunded part of the sale, net of tax, in the currency of the sale. Default: the part that is not refunded yet.',
  })
  amount?: string | null;

  @Field(() => String, { nullable: true, description: 'Reason for the refund, 1 to 1000 characters.' })
  @Name(1_000)
  reason?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Time of the refund. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Idempotency key. A repeated call with the same key reverses once.',
  })
  @ExternalId(255)
  idempotencyKey?: string | null;
}

@InputType({
  description: 'Conditions that commissions must meet. An absent condition does not restrict the result.',
})
export class CommissionFilter {
  @Field(() => ID, { nullable: true, description: 'Commissions of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => CommissionStatus, { nullable: true, description: 'Commissions with this status.' })
  status?: CommissionStatus | null;

  @Field(() => CommissionType, { nullable: true, description: 'Commissions with this cause.' })
  type?: CommissionType | null;

  @Field(() => String, {
    nullable: true,
    description: 'Commissions owed in this currency, an ISO 4217 code.',
  })
  @KnownCurrency()
  currency?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Commissions of sales at this time or later.' })
  from?: Date | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'True: the hold days are over (`holdUntil` has passed). False: they are not. With `status: PENDING`, true selects the commissions that can be approved now.',
  })
  pastHold?: boolean | null;

  @Field(() => DateTime, { nullable: true, description: 'Commissions of sales before this time.' })
  to?: Date | null;
}
