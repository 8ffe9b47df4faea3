import { ArrayMaxSize, Min, ValidateNested } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { PartnerTier } from '../../../domain/partner.ts';
import { Name } from '../../../kernel/request/input.ts';
import { Decimal, LocalDate, Percentage } from '../../../kernel/request/scalars.ts';
import { CommissionRuleInput, CreateCommissionRuleInput } from '../plans/public.ts';

@InputType({ description: 'A rule that is tried in the place of one that there is.' })
export class ChangedRuleInput {
  @Field(() => ID, { description: 'The id of any version of the rule that it takes the place of.' })
  ruleId!: string;

  @ValidateNested()
  @Field(() => CommissionRuleInput, { description: 'All that it says; in force in all months.' })
  rule!: CommissionRuleInput;
}

@InputType({ description: 'What is tried of a tier; what is left out stays as it was.' })
export class ChangedTierInput {
  @Field(() => PartnerTier, { description: 'The tier.' })
  tier!: PartnerTier;

  @Field(() => Percentage, { nullable: true, description: 'Percent of a sale.' })
  commissionRate?: number | null; // basis points

  @Field(() => Decimal, {
    nullable: true,
    description: "Net revenue a month that the tier asks for, in the program's currency.",
  })
  minMonthlyRevenue?: string | null;

  @Field(() => Int, { nullable: true, description: 'Active customers that the tier asks for.' })
  @Min(0, { message: 'must not be negative' })
  minCustomers?: number | null;
}

@InputType({ description: 'Past months, and the terms to weigh their sales by instead.' })
export class SimulatePlanInput {
  @Field(() => LocalDate, { description: 'Any day of the first month.' })
  from!: string;

  @Field(() => LocalDate, { description: 'Any day of the last month; 36 months at most.' })
  to!: string;

  @Field(() => [CreateCommissionRuleInput], {
    nullable: true,
    description: 'Rules that are tried beside those that there are: at most 50. In force in all months.',
  })
  @ArrayMaxSize(50, { message: 'takes at most 50 rules' })
  @ValidateNested({ each: true })
  add?: CreateCommissionRuleInput[] | null;

  @Field(() => [ChangedRuleInput], {
    nullable: true,
    description: 'Rules that are tried in the place of others: at most 50.',
  })
  @ArrayMaxSize(50, { message: 'takes at most 50 rules' })
  @ValidateNested({ each: true })
  change?: ChangedRuleInput[] | null;

  @Field(() => [ID], {
    nullable: true,
    description: 'Rules that are left out, by the id of any version: at most 50.',
  })
  @ArrayMaxSize(50, { message: 'takes at most 50 rules' })
  remove?: string[] | null;

  @Field(() => [ChangedTierInput], { nullable: true, description: 'Tiers that ask or give something else.' })
  @ArrayMaxSize(5, { message: 'takes each tier once' })
  @ValidateNested({ each: true })
  tiers?: ChangedTierInput[] | null;

  @Field(() => Percentage, {
    nullable: true,
    description:
      "One rate for every sale instead of rules, partners' rates and tiers. Amounts and rates that were given with a sale stay.",
  })
  flatRate?: number | null; // basis points

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request repeatable: the same key gives the same simulation.',
  })
  @Name(255)
  idempotencyKey?: string | null;
}
