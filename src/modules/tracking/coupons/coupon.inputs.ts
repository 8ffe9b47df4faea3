import { IsUUID, Matches, Max, Min } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { DateTime } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'A new coupon of a partner.' })
export class CreateCouponInput {
  @Field(() => ID, { description: 'Whose sales it brings.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;

  @Field({
    description: 'The code, 2 to 40 letters, digits, `-` and `_`; once in a program, in whatever case.',
  })
  @Matches(/^[A-Za-z0-9][A-Za-z0-9_-]{1,39}$/, { message: 'takes 2 to 40 letters, digits, "-" and "_"' })
  code!: string;

  @Field(() => DateTime, { nullable: true, description: 'From when it counts; default: now.' })
  startsAt?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'From this instant on it no longer counts.' })
  endsAt?: Date | null;

  @Field(() => Int, { nullable: true, description: 'How many sales it may bring: 1 to 1,000,000.' })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  maxUses?: number | null;
}

@InputType({ description: 'Which coupons; what is left out does not narrow.' })
export class CouponFilter {
  @Field(() => ID, { nullable: true, description: 'Of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;
}
