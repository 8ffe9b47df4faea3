import { ArrayMaxSize, Min, ValidateNested } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { PartnerTier } from '../../../domain/partner.ts';
import { ExternalId } from '../../../kernel/request/kinds.ts';
import { Decimal, LocalDate, Percentage } from '../../../kernel/request/scalars.ts';
import { CommissionRuleInput, CreateCommissionRuleInput } from '../plans/public.ts';

@InputType({ description: 'A rule that replaces an existing rule in a simulation.' })
export class ChangedRuleInput {
  @Field(() => ID, { description: 'Id of any version of the replaced rule.' })
  ruleId!: string;

  @ValidateNested()
  @Field(() => CommissionRuleInput, {
    description: 'The complete terms of the rule. They apply in all simulated months.',
  })
  rule!: CommissionRuleInput;
}

@InputType({ description: 'Simulated values of a tier. Absent values stay as they are.' })
export class ChangedTierInput {
  @Field(() => PartnerTier, { description: 'The tier.' })
  tier!: PartnerTier;

  @Field(() => Percentage, { nullable: true, description: 'Rate in percent of a sale.' })
  commissionRate?: number | null; // basis points

  @Field(() => Decimal, {
    nullable: true,
    description: "Net revenue in a month that the tier requires, in the program's currency.",
  })
  minMonthlyRevenue?: string | null;

  @Field(() => Int, { nullable: true, description: 'Active customers that the tier requires.' })
  @Min(0, { message: 'must not be negative' })
  minCustomers?: number | null;
}

@InputType({ description: 'Past months, and the terms by which their sales are recomputed.' })
export class SimulatePlanInput {
  @Field(() => LocalDate, { description: 'Any day of the first month.' })
  from!: string;

  @Field(() => LocalDate, {
    description: 'Any day of the last month. A simulation covers at most 36 months.',
  })
  to!: string;

  @Field(() => [CreateCommissionRuleInput], {
    nullable: true,
    description: 'Rules to add, at most 50. They apply in all simulated months.',
  })
  @ArrayMaxSize(50, { message: 'must contain at most 50 rules' })
  @ValidateNested({ each: true })
  add?: CreateCommissionRuleInput[] | null;

  @Field(() => [ChangedRuleInput], {
    nullable: true,
    description: 'Rules to replace, at most 50.',
  })
  @ArrayMaxSize(50, { message: 'must contain at most 50 rules' })
  @ValidateNested({ each: true })
  change?: ChangedRuleInput[] | null;

  @Field(() => [ID], {
    nullable: true,
    description: 'Rules to leave out, by the id of any version, at most 50.',
  })
  @ArrayMaxSize(50, { message: 'must contain at most 50 rules' })
  remove?: string[] | null;

  @Field(() => [ChangedTierInput], {
    nullable: true,
    description: 'Tiers with other requirements or rates, each tier once.',
  })
  @ArrayMaxSize(5, { message: 'must contain each tier at most once' })
  @ValidateNested({ each: true })
  tiers?: ChangedTierInput[] | null;

  @Field(() => Percentage, {
    nullable: true,
    description:
      "One rate in percent for every sale, instead of rules, partners' rates and tiers. Amounts and rates given with a sale stay.",
  })
  flatRate?: number | null; // basis points

  @Field(() => String, {
    nullable: true,
    description: 'Idempotency key. A repeated call with the same key returns the same simulation.',
  })
  @ExternalId(255)
  idempotencyKey?: string | null;
}
