import { ArrayMaxSize, Max, Min, ValidateNested } from 'class-validator';
import { Field, InputType, Int } from 'type-graphql';
import { FraudList, FraudMode, FraudRule } from '../../../domain/fraud.ts';
import { Domain, ExternalId } from '../../../kernel/request/kinds.ts';

@InputType({ description: 'New settings of a risk rule. Absent values do not change.' })
export class FraudRuleInput {
  @Field(() => FraudRule, { description: 'The rule.' })
  rule!: FraudRule;

  @Field(() => FraudMode, {
    nullable: true,
    description:
      'Effect of the rule when it matches. BLOCK is allowed only for rules whose recommended mode is BLOCK.',
  })
  mode?: FraudMode | null;

  @Field(() => Int, { nullable: true, description: 'Points that the rule adds to the score, 1 to 100.' })
  @Min(1, { message: 'must be from 1 to 100' })
  @Max(100, { message: 'must be from 1 to 100' })
  weight?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Limit of a rule that counts: seconds for FAST_PURCHASE, otherwise a number per hour. 1 to 1,000.',
  })
  @Min(1, { message: 'must be from 1 to 1,000' })
  @Max(1_000, { message: 'must be from 1 to 1,000' })
  limit?: number | null;
}

@InputType({ description: 'Changes of the risk rules. Absent values do not change.' })
export class UpdateFraudSettingsInput {
  @Field(() => Int, { nullable: true, description: 'Score from which a commission is held, 1 to 100.' })
  @Min(1, { message: 'must be from 1 to 100' })
  @Max(100, { message: 'must be from 1 to 100' })
  threshold?: number | null;

  @Field(() => [FraudRuleInput], { nullable: true, description: 'The changed rules, each at most once.' })
  @ArrayMaxSize(50, { message: 'must contain at most 50 rules' })
  @ValidateNested({ each: true })
  rules?: FraudRuleInput[] | null;
}

@InputType({ description: 'A customer or a mail domain for a list. Give exactly one of them.' })
export class FraudListEntryInput {
  @Field(() => FraudList, { description: 'The list.' })
  list!: FraudList;

  @Field(() => String, {
    nullable: true,
    description:
      'Id of the customer in your system, for example `cust_abc123`. A new id creates the customer.',
  })
  @ExternalId(200)
  customerId?: string | null;

  @Field(() => String, { nullable: true, description: 'The mail domain, for example `mailinator.com`.' })
  @Domain()
  domain?: string | null;
}
