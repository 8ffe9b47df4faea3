import { IsUUID, Matches, Max, Min } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { CommissionMethod, CommissionStatus, CommissionType } from '../../../domain/commission.ts';
import { Name } from '../../../kernel/request/input.ts';
import { DateTime, Decimal, JSONObject, Percentage } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'A commission made by hand.' })
export class CreateCommissionInput {
  @Field(() => ID, { description: 'The partner that earned it.' })
  partnerId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Your own id of the customer, e.g. `cust_abc123`; one seen first is made.',
  })
  @Name(200)
  customerId?: string | null;

  @Field(() => String, { nullable: true, description: 'Your own id of the subscription.' })
  @Name(200)
  subscriptionId?: string | null;

  @Field(() => CommissionType, { description: 'Its cause; REVERSAL is made by reverseCommission only.' })
  type!: CommissionType;

  @Field(() => CommissionMethod, {
    nullable: true,
    description: 'Default: FLAT where flatAmount is given, else PERCENTAGE.',
  })
  method?: CommissionMethod | null;

  @Field(() => Decimal, {
    description: 'The sale: what the customer paid. The commission is computed from it.',
  })
  amount!: string;

  @Field(() => Decimal, { nullable: true, description: 'The part of amount that is tax; it earns nothing.' })
  tax?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the amounts; default: the partner's.",
  })
  currency?: string | null;

  @Field(() => Percentage, {
    nullable: true,
    description:
      "Percent of the sale, for this line only; absent: the partner's rate, else its tier's when the sale happened.",
  })
  commissionRate?: number | null; // basis points

  @Field(() => Decimal, { nullable: true, description: 'For FLAT: the commission for one unit.' })
  flatAmount?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Units that were sold, for FLAT commissions: 1 to 1,000,000; default 1.',
  })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  quantity?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Your own id of the product that was sold: rules for it apply.',
  })
  @Name(200)
  product?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'ISO 3166 code of the country that was billed, e.g. `DE`: rules for it apply.',
  })
  @Matches(/^[A-Z]{2}$/, { message: 'must be an ISO 3166 code such as "DE"' })
  country?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When the sale happened. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request repeatable: the same key gives the same line.',
  })
  @Name(255)
  idempotencyKey?: string | null;

  @Field(() => JSONObject, { nullable: true, description: 'Your own notes on it, at most 16 kB.' })
  metadata?: Record<string, unknown> | null;
}

@InputType({ description: 'A refund or chargeback.' })
export class ReverseCommissionInput {
  @Field(() => Decimal, {
    nullable: true,
    description:
      "The part of the sale that was refunded, net of tax and in the sale's currency; absent: all that is left of it.",
  })
  amount?: string | null;

  @Field(() => String, { nullable: true, description: 'Why: 1 to 1000 characters.' })
  @Name(1_000)
  reason?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When the refund happened. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request repeatable: the same key takes back once.',
  })
  @Name(255)
  idempotencyKey?: string | null;
}

@InputType({ description: 'Which commissions; what is left out does not narrow.' })
export class CommissionFilter {
  @Field(() => ID, { nullable: true, description: 'Of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => CommissionStatus, { nullable: true, description: 'Of this status.' })
  status?: CommissionStatus | null;

  @Field(() => CommissionType, { nullable: true, description: 'Of this cause.' })
  type?: CommissionType | null;

  @Field(() => String, { nullable: true, description: 'Owed in this ISO 4217 currency.' })
  @Matches(/^[A-Z]{3}$/, { message: 'must be an ISO 4217 code such as "USD"' })
  currency?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Of sales at this instant or later.' })
  from?: Date | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether their refund period is over (`holdUntil`): with `status: PENDING`, what may be approved now.',
  })
  pastHold?: boolean | null;

  @Field(() => DateTime, { nullable: true, description: 'Of sales before this instant.' })
  to?: Date | null;
}
