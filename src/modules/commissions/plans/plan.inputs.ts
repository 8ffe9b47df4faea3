import { ArrayMaxSize, ArrayMinSize, IsUUID, Max, Min } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { BandMode } from '../../../domain/bands.ts';
import { CommissionMethod, CommissionType } from '../../../domain/commission.ts';
import { CapScope, CustomerKind, RulePeriod } from '../../../domain/plan.ts';
import { Country, Currency, ExternalId, Name } from '../../../kernel/request/kinds.ts';
import { Decimal, Percentage } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'A new commission plan.' })
export class CreateCommissionPlanInput {
  @Field({ description: 'Name of the plan, unique in the program.' })
  @Name(100)
  name!: string;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'True: partners without an assigned plan use this plan. A program has at most one default plan. Default: false.',
  })
  isDefault?: boolean | null;
}

@InputType({ description: 'A band of a TIERED rule.' })
export class CommissionBandInput {
  @Field(() => Decimal, {
    description: 'Sales of the period from which the band applies, inclusive. The first band starts at 0.',
  })
  from!: string;

  @Field(() => Percentage, { description: 'Rate in percent of a sale.' })
  rate!: number; // basis points
}

@InputType({ description: 'The highest amount that a rule pays.' })
export class CommissionCapInput {
  @Field(() => Decimal, { description: 'The highest amount, inclusive.' })
  amount!: string;

  @Field(() => CapScope, { description: 'Scope of the limit.' })
  per!: CapScope;

  @Field(() => RulePeriod, {
    nullable: true,
    description: 'Period over which the cap counts. Default: LIFETIME.',
  })
  period?: RulePeriod | null;
}

@InputType({ description: 'Conditions and terms of a commission rule.' })
export class CommissionRuleInput {
  @Field({ description: 'Name of the rule, shown in explanations.' })
  @Name(100)
  name!: string;

  @Field(() => Date, {
    nullable: true,
    description:
      'Time from which the rule is in force. Default: now. A new version of an existing rule cannot start in the past.',
  })
  effectiveAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the product in your system. Default: any product.',
  })
  @ExternalId(200)
  product?: string | null;

  @Field(() => CustomerKind, { nullable: true, description: 'Kind of customer. Default: ANY.' })
  customerKind?: CustomerKind | null;

  @Field(() => [String], {
    nullable: true,
    description: 'ISO 3166 codes of the billing countries, for example `DE`. Default: any country.',
  })
  @ArrayMinSize(1, { message: 'must contain at least one country, or be absent' })
  @ArrayMaxSize(250, { message: 'must contain at most 250 countries' })
  @Country()
  countries?: string[] | null;

  @Field(() => [CommissionType], {
    nullable: true,
    description: 'Causes of commissions. Default: any cause.',
  })
  @ArrayMinSize(1, { message: 'must contain at least one type, or be absent' })
  @ArrayMaxSize(10, { message: 'must contain at most 10 types' })
  types?: CommissionType[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      "ISO 4217 code of the rule's amounts. Required for a rule with amounts, which applies only to sales in this currency.",
  })
  @Currency()
  currency?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description: 'The smallest sale to which the rule applies, inclusive.',
  })
  minimumPurchase?: string | null;

  @Field(() => CommissionMethod, { description: 'Method of computation.' })
  method!: CommissionMethod;

  @Field(() => Percentage, { nullable: true, description: 'For PERCENTAGE: rate in percent of a sale.' })
  rate?: number | null; // basis points

  @Field(() => Decimal, {
    nullable: true,
    description: 'For FLAT: the commission for one unit. Give this or `perOrder`.',
  })
  perUnit?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description:
      'For FLAT: the commission for one order, whatever its units. The products of the order to which the rule applies share the amount in proportion to their bases. A partly collected order, or a part of a shared sale, earns in proportion.',
  })
  perOrder?: string | null;

  @Field(() => [CommissionBandInput], {
    nullable: true,
    description:
      'For TIERED: the bands, lowest first, at most 20. A band ends where the next begins; the last band has no upper limit.',
  })
  @ArrayMaxSize(20, { message: 'must contain at most 20 bands' })
  bands?: CommissionBandInput[] | null;

  @Field(() => BandMode, {
    nullable: true,
    description: 'For TIERED: how the bands apply. Default: PROGRESSIVE.',
  })
  bandMode?: BandMode | null;

  @Field(() => RulePeriod, {
    nullable: true,
    description: 'For TIERED: period over which sales count. Default: MONTH.',
  })
  bandPeriod?: RulePeriod | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "True: only a customer's first purchase earns. Default: false.",
  })
  firstPurchaseOnly?: boolean | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Months after a customer's first purchase in which purchases earn, 1 to 120. Default: no limit.",
  })
  @Min(1, { message: 'must be from 1 to 120' })
  @Max(120, { message: 'must be from 1 to 120' })
  recurringMonths?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Number of a customer's purchases that earn, the first included, 1 to 1,000. Default: no limit.",
  })
  @Min(1, { message: 'must be from 1 to 1,000' })
  @Max(1_000, { message: 'must be from 1 to 1,000' })
  recurringCount?: number | null;

  @Field(() => Percentage, {
    nullable: true,
    description:
      'Rate in percent after `recurringMonths` or `recurringCount` is exceeded. Default: later sales earn nothing.',
  })
  stepDownRate?: number | null; // basis points

  @Field(() => CommissionCapInput, {
    nullable: true,
    description: 'The highest amount that the rule pays. Default: no limit.',
  })
  cap?: CommissionCapInput | null;
}

@InputType({ description: 'A new rule of a plan or of one partner. Give either `planId` or `partnerId`.' })
export class CreateCommissionRuleInput extends CommissionRuleInput {
  @Field(() => ID, { nullable: true, description: 'Id of the plan that gets the rule.' })
  planId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      "Id of the partner who gets the rule. A partner's own rule takes precedence over the rules of the plan.",
  })
  partnerId?: string | null;
}

@InputType({
  description: 'Conditions that rules must meet. An absent condition does not restrict the result.',
})
export class CommissionRuleFilter {
  @Field(() => ID, { nullable: true, description: 'Rules of this plan.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  planId?: string | null;

  @Field(() => ID, { nullable: true, description: "Rules of this partner's own." })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Versions in force at this time. Default: all versions, ended ones included.',
  })
  at?: Date | null;
}
