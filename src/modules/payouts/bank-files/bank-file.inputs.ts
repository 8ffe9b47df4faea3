import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { BankFileStatus, BankLineOutcome, BankPaymentStatus } from '../../../domain/bank-status.ts';
import { KnownCurrency } from '../../../kernel/request/kinds.ts';

const uuid = { message: 'must be a UUID' };

@InputType({ description: 'Selection of the waiting payments for a bank file.' })
export class CreateBankFileInput {
  @Field(() => String, { description: 'ISO 4217 code of the payments. A file has one currency.' })
  @KnownCurrency()
  currency!: string;

  @Field(() => ID, {
    nullable: true,
    description:
      'Only payments of this payout run. Default: all waiting payments, including payouts created individually.',
  })
  @IsUUID(undefined, uuid)
  runId?: string | null;
}

@InputType({ description: 'Filter for bank files. Fields that are left out do not restrict the result.' })
export class BankFileFilter {
  @Field(() => BankFileStatus, { nullable: true, description: 'Bank files with this status.' })
  status?: BankFileStatus | null;

  @Field(() => String, { nullable: true, description: 'Bank files of this currency.' })
  @KnownCurrency()
  currency?: string | null;
}

@InputType({
  description: 'Filter for payments by bank file. Fields that are left out do not restrict the result.',
})
export class BankPaymentFilter {
  @Field(() => BankPaymentStatus, { nullable: true, description: 'Payments with this status.' })
  status?: BankPaymentStatus | null;

  @Field(() => ID, { nullable: true, description: 'Payments of this payout.' })
  @IsUUID(undefined, uuid)
  payoutId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Payments of this payout run.' })
  @IsUUID(undefined, uuid)
  runId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True: only payments whose bank status contradicts our records. False: no restriction.',
  })
  different?: boolean | null;
}

@InputType({
  description: 'Filter for lines of a bank status file. Fields that are left out do not restrict the result.',
})
export class BankStatusLineFilter {
  @Field(() => BankLineOutcome, { nullable: true, description: 'Lines with this result.' })
  outcome?: BankLineOutcome | null;
}
