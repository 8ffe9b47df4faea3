import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { ExternalId, KnownCurrency, Name } from '../../../kernel/request/kinds.ts';
import { DateTime, Decimal } from '../../../kernel/request/scalars.ts';

@InputType({
  description:
    'A refund of an order. Give `amount` for this refund alone, `amountRefundedSoFar` for all refunds together, or neither to refund the rest.',
})
export class RefundSaleInput {
  @Field(() => String, { description: 'Id of the order in your system. The order may still be unknown.' })
  @ExternalId(200)
  orderId!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the partner who earned on the order. Default: the partner of the order.',
  })
  partnerId?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description:
      'The amount of this refund, net of tax. An amount above the rest of the order counts as the rest.',
  })
  amount?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description:
      'The sum of all refunds of the order up to `occurredAt`, this one included, net of tax, as payment providers report it. A repeated or late total reverses nothing more. The total includes a single refund that happened before it, also when that refund is reported later.',
  })
  amountRefundedSoFar?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "ISO 4217 code of the amount. Default: the order's currency, or the partner's while the order is unknown.",
  })
  @KnownCurrency()
  currency?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the refunded product in your system. Default: all products in proportion.',
  })
  @ExternalId(200)
  product?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the refund in your system. The same refund of an order takes effect once.',
  })
  @ExternalId(200)
  refundId?: string | null;

  @Field({ description: 'Reason for the refund, 1 to 1000 characters.' })
  @Name(1_000)
  reason!: string;

  @Field(() => DateTime, { nullable: true, description: 'Time of the refund. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Idempotency key. A repeated call with the same key returns the same result.',
  })
  @ExternalId(255)
  idempotencyKey?: string | null;
}

@InputType({
  description: 'Conditions that refunds must meet. An absent condition does not restrict the result.',
})
export class SaleRefundFilter {
  @Field(() => ID, { nullable: true, description: 'Refunds of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => String, { nullable: true, description: 'Refunds of the order with this id in your system.' })
  @ExternalId(200)
  orderId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: refunds that wait for the sale or for its exchange rate. False: applied refunds.',
  })
  waiting?: boolean | null;
}
