import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { PayoutFrequency, PayoutMethod, PayoutStatus } from '../../../domain/payout.ts';
import { ExternalId, KnownCurrency } from '../../../kernel/request/kinds.ts';
import { DateTime, JSONObject, LocalDate } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'A payout of the commissions that a partner earned in a period.' })
export class CreatePayoutInput {
  @Field(() => ID, { description: 'The partner to pay.' })
  partnerId!: string;

  @Field(() => LocalDate, {
    description: "First day of the period, inclusive, in the program's time zone.",
  })
  periodStart!: string;

  @Field(() => LocalDate, {
    description: "Last day of the period, inclusive, in the program's time zone.",
  })
  periodEnd!: string;

  @Field(() => PayoutMethod, {
    nullable: true,
    description: 'Payout method. Default: the method that the partner has chosen.',
  })
  method?: PayoutMethod | null;

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the commissions to pay. Default: the partner's currency.",
  })
  @KnownCurrency()
  currency?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Id of the person or system that requested the payout, 1 to 200 characters. Only platform administrators can set the value; for other callers it is the caller's id.",
  })
  @ExternalId(200)
  initiatedBy?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Idempotency key, 1 to 255 characters. The same key with the same input returns the same payout.',
  })
  @ExternalId(255)
  idempotencyKey?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      'Your own data about the payout, at most 16 kB. The key `sandbox` controls the sandbox rail: see docs/concepts/payouts.md.',
  })
  metadata?: Record<string, unknown> | null;
}

@InputType({ description: 'Partners and periods that a payout run pays.' })
export class RunPayoutsInput {
  @Field(() => DateTime, {
    nullable: true,
    description: 'The run pays all periods that ended at or before this time. Default: now.',
  })
  asOf?: Date | null;

  @Field(() => PayoutFrequency, {
    nullable: true,
    description: 'Only partners with this payout frequency. Default: all frequencies.',
  })
  frequency?: PayoutFrequency | null;
}

@InputType({ description: 'Filter for payouts. Fields that are left out do not restrict the result.' })
export class PayoutFilter {
  @Field(() => ID, { nullable: true, description: 'Payouts of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Payouts created by this payout run.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  runId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: payouts that require two approvals. False: payouts that require one.',
  })
  needsTwo?: boolean | null;

  @Field(() => PayoutStatus, { nullable: true, description: 'Payouts with this status.' })
  status?: PayoutStatus | null;

  @Field(() => PayoutMethod, { nullable: true, description: 'Payouts with this payout method.' })
  method?: PayoutMethod | null;

  @Field(() => LocalDate, { nullable: true, description: 'Payouts whose period ends on this day or later.' })
  from?: string | null;

  @Field(() => LocalDate, {
    nullable: true,
    description: 'Payouts whose period ends on this day or earlier.',
  })
  to?: string | null;
}
