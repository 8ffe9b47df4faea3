import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { PayoutFrequency, PayoutMethod, PayoutStatus } from '../../../domain/payout.ts';
import { Name } from '../../../kernel/request/input.ts';
import { DateTime, JSONObject, LocalDate } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'A payout of what a partner earned in a period.' })
export class CreatePayoutInput {
  @Field(() => ID, { description: 'The partner to pay.' })
  partnerId!: string;

  @Field(() => LocalDate, {
    description: "First day of the period, itself included, in the program's time zone.",
  })
  periodStart!: string;

  @Field(() => LocalDate, {
    description: "Last day of the period, itself included, in the program's time zone.",
  })
  periodEnd!: string;

  @Field(() => PayoutMethod, {
    nullable: true,
    description: 'The rail; default: the one that the partner has chosen.',
  })
  method?: PayoutMethod | null;

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the lines to pay; default: the partner's.",
  })
  currency?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Who asked for it; counts from platform administrators only, else the credential says.',
  })
  @Name(200)
  initiatedBy?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request repeatable: the same key gives the same payout.',
  })
  @Name(255)
  idempotencyKey?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      'Your own notes on it, at most 16 kB. The sandbox rail does what `sandbox` says: see the README.',
  })
  metadata?: Record<string, unknown> | null;
}

@InputType({ description: 'Which partners a payout run pays.' })
export class RunPayoutsInput {
  @Field(() => DateTime, {
    nullable: true,
    description: 'Pays every period that has ended by this instant. Default: now.',
  })
  asOf?: Date | null;

  @Field(() => PayoutFrequency, { nullable: true, description: 'Only partners of this frequency.' })
  frequency?: PayoutFrequency | null;
}

@InputType({ description: 'Which payouts; what is left out does not narrow.' })
export class PayoutFilter {
  @Field(() => ID, { nullable: true, description: 'Of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Made by this run.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  runId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Those that two people must approve, or those that one may.',
  })
  needsTwo?: boolean | null;

  @Field(() => PayoutStatus, { nullable: true, description: 'Of this status.' })
  status?: PayoutStatus | null;

  @Field(() => PayoutMethod, { nullable: true, description: 'Over this rail.' })
  method?: PayoutMethod | null;

  @Field(() => LocalDate, { nullable: true, description: 'Of periods that end on this day or later.' })
  from?: string | null;

  @Field(() => LocalDate, { nullable: true, description: 'Of periods that end on this day or earlier.' })
  to?: string | null;
}
