import { IsUUID, Max, Min } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { Pattern } from '../../../kernel/request/kinds.ts';
import { DateTime } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Data of a new coupon.' })
export class CreateCouponInput {
  @Field(() => ID, { description: 'Partner of the coupon.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;

  @Field({
    description: 'Code: 2 to 40 letters, digits, `-` and `_`; unique in the program, ignoring case.',
  })
  @Pattern(/^[A-Za-z0-9][A-Za-z0-9_-]{1,39}$/, 'must be 2 to 40 letters, digits, "-" and "_"')
  code!: string;

  @Field(() => DateTime, { nullable: true, description: 'Start of validity; default: now.' })
  startsAt?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'End of validity, exclusive.' })
  endsAt?: Date | null;

  @Field(() => Int, { nullable: true, description: 'Maximum number of uses: 1 to 1,000,000.' })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  maxUses?: number | null;
}

@InputType({ description: 'Filter of coupons. Absent fields do not filter.' })
export class CouponFilter {
  @Field(() => ID, { nullable: true, description: 'Rows of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;
}
