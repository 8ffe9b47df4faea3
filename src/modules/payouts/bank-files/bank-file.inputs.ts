import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { BankFileStatus, BankLineOutcome, BankPaymentStatus } from '../../../domain/bank-status.ts';

const uuid = { message: 'must be a UUID' };

@InputType({ description: 'Which waiting payments go into a file.' })
export class CreateBankFileInput {
  @Field(() => String, { description: 'ISO 4217 code: a file has one currency.' })
  currency!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'Only those of this payout run; default: all that wait, those made by hand too.',
  })
  @IsUUID(undefined, uuid)
  runId?: string | null;
}

@InputType({ description: 'Which bank files; what is left out does not narrow.' })
export class BankFileFilter {
  @Field(() => BankFileStatus, { nullable: true, description: 'Of this status.' })
  status?: BankFileStatus | null;

  @Field(() => String, { nullable: true, description: 'Of this currency.' })
  currency?: string | null;
}

@InputType({ description: 'Which payments by bank file; what is left out does not narrow.' })
export class BankPaymentFilter {
  @Field(() => BankPaymentStatus, { nullable: true, description: 'Of this status.' })
  status?: BankPaymentStatus | null;

  @Field(() => ID, { nullable: true, description: 'Of this payout.' })
  @IsUUID(undefined, uuid)
  payoutId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Of this payout run.' })
  @IsUUID(undefined, uuid)
  runId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "true: where the bank's word contradicts what we know.",
  })
  different?: boolean | null;
}

@InputType({ description: 'Which lines of a status file; what is left out does not narrow.' })
export class BankStatusLineFilter {
  @Field(() => BankLineOutcome, { nullable: true, description: 'With this outcome.' })
  outcome?: BankLineOutcome | null;
}
