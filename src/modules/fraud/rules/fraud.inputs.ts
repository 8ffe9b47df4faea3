import { ArrayMaxSize, Matches, Max, Min, ValidateNested } from 'class-validator';
import { Field, InputType, Int } from 'type-graphql';
import { FraudList, FraudMode, FraudRule } from '../../../domain/fraud.ts';
import { Name } from '../../../kernel/request/input.ts';

@InputType({ description: 'What a risk rule does from now on; what is left out stays.' })
export class FraudRuleInput {
  @Field(() => FraudRule, { description: 'The rule.' })
  rule!: FraudRule;

  @Field(() => FraudMode, { nullable: true, description: 'What it does when it hits.' })
  mode?: FraudMode | null;

  @Field(() => Int, { nullable: true, description: 'What it adds to the score: 1 to 100.' })
  @Min(1, { message: 'must be from 1 to 100' })
  @Max(100, { message: 'must be from 1 to 100' })
  weight?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Of a rule that counts: seconds of FAST_PURCHASE, else how many an hour. 1 to 1,000.',
  })
  @Min(1, { message: 'must be from 1 to 1,000' })
  @Max(1_000, { message: 'must be from 1 to 1,000' })
  limit?: number | null;
}

@InputType({ description: 'Changes of the risk rules; what is left out stays.' })
export class UpdateFraudSettingsInput {
  @Field(() => Int, { nullable: true, description: 'From which score on a line is held: 1 to 100.' })
  @Min(1, { message: 'must be from 1 to 100' })
  @Max(100, { message: 'must be from 1 to 100' })
  threshold?: number | null;

  @Field(() => [FraudRuleInput], { nullable: true, description: 'The rules that change, each once.' })
  @ArrayMaxSize(50, { message: 'takes at most 50 rules' })
  @ValidateNested({ each: true })
  rules?: FraudRuleInput[] | null;
}

@InputType({ description: 'A customer or a mail domain to list: one of both.' })
export class FraudListEntryInput {
  @Field(() => FraudList, { description: 'The list.' })
  list!: FraudList;

  @Field(() => String, {
    nullable: true,
    description: 'Your own id of the customer, e.g. `cust_abc123`; one seen first is made.',
  })
  @Name(200)
  customerId?: string | null;

  @Field(() => String, { nullable: true, description: 'The domain, e.g. `mailinator.com`.' })
  @Matches(/^(?=.{4,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/i, {
    message: 'must be like "example.com"',
  })
  domain?: string | null;
}
