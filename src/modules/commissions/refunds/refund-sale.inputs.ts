import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';
import { DateTime, Decimal } from '../../../kernel/request/scalars.ts';

@InputType({
  description:
    'What was refunded of an order: `amount` of this refund, `amountRefundedSoFar` of all, or neither for all that is left.',
})
export class RefundSaleInput {
  @Field(() => String, { description: 'Your own id of the order; it need not be known yet.' })
  @Name(200)
  orderId!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The partner that earned it; needed only where several earned on the order.',
  })
  partnerId?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'What this refund gave back, net of tax; more than what is left counts as all of it.',
  })
  amount?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description:
      'What all refunds of the order gave back so far, this one included, net of tax, as providers report it: every refund up to `occurredAt`. Sent twice or late it takes nothing more, and a single refund told after it that happened before it is in it.',
  })
  amountRefundedSoFar?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "ISO 4217 code of the amount; default: the order's, or, while that is not known, the partner's.",
  })
  currency?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Your own id of the product that was refunded; default: all of them, in proportion.',
  })
  @Name(200)
  product?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Your own id of the refund: the same refund of an order has its effect once.',
  })
  @Name(200)
  refundId?: string | null;

  @Field({ description: 'Why: 1 to 1000 characters.' })
  reason!: string;

  @Field(() => DateTime, { nullable: true, description: 'When it was refunded. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request repeatable: the same key gives the same answer.',
  })
  @Name(255)
  idempotencyKey?: string | null;
}

@InputType({ description: 'Which refunds; what is left out does not narrow.' })
export class SaleRefundFilter {
  @Field(() => ID, { nullable: true, description: 'Of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => String, { nullable: true, description: 'Of this order: your own id of it.' })
  orderId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether they still wait for their sale, or for its exchange rate.',
  })
  waiting?: boolean | null;
}
