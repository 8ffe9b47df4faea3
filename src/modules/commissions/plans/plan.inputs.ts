import { ArrayMaxSize, ArrayMinSize, IsUUID, Matches, Max, Min } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { BandMode } from '../../../domain/bands.ts';
import { CommissionMethod, CommissionType } from '../../../domain/commission.ts';
import { CapScope, CustomerKind, RulePeriod } from '../../../domain/plan.ts';
import { Name } from '../../../kernel/request/input.ts';
import { Decimal, Percentage } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'A new plan.' })
export class CreateCommissionPlanInput {
  @Field({ description: 'Its name, unique in the program.' })
  @Name(100)
  name!: string;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether partners that were put on no plan are on this one; a program has one such plan.',
  })
  isDefault?: boolean | null;
}

@InputType({ description: 'A step of a tiered rule.' })
export class CommissionBandInput {
  @Field(() => Decimal, { description: 'Revenue of the period from which on it applies; the first one: 0.' })
  from!: string;

  @Field(() => Percentage, { description: 'Percent of a sale.' })
  rate!: number; // basis points
}

@InputType({ description: 'The most that a rule pays.' })
export class CommissionCapInput {
  @Field(() => Decimal, { description: 'The most, itself included.' })
  amount!: string;

  @Field(() => CapScope, { description: 'What it limits.' })
  per!: CapScope;

  @Field(() => RulePeriod, { nullable: true, description: 'Over what it counts; default: LIFETIME.' })
  period?: RulePeriod | null;
}

@InputType({ description: 'Which sales a rule is for and what they earn by it.' })
export class CommissionRuleInput {
  @Field({ description: 'What it is called, as explanations name it.' })
  @Name(100)
  name!: string;

  @Field(() => Date, {
    nullable: true,
    description: 'From when it is in force. Default: now. An edited rule can not begin in the past.',
  })
  effectiveAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Your own id of the product that it is for; absent: any.',
  })
  @Name(200)
  product?: string | null;

  @Field(() => CustomerKind, { nullable: true, description: 'Whose purchases it is for; default: ANY.' })
  customerKind?: CustomerKind | null;

  @Field(() => [String], {
    nullable: true,
    description: 'ISO 3166 codes of countries, e.g. `DE`; absent: any.',
  })
  @ArrayMinSize(1, { message: 'must name a country, or be left out' })
  @ArrayMaxSize(250, { message: 'takes at most 250 countries' })
  @Matches(/^[A-Z]{2}$/, { each: true, message: 'takes ISO 3166 codes such as "DE"' })
  countries?: string[] | null;

  @Field(() => [CommissionType], { nullable: true, description: 'The causes that it is for; absent: any.' })
  @ArrayMinSize(1, { message: 'must name a type, or be left out' })
  @ArrayMaxSize(10, { message: 'takes at most 10 types' })
  types?: CommissionType[] | null;

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the rule's amounts, and of the sales that a rule with amounts is for.",
  })
  currency?: string | null;

  @Field(() => Decimal, { nullable: true, description: 'The smallest sale that it is for, itself included.' })
  minimumPurchase?: string | null;

  @Field(() => CommissionMethod, { description: 'How it computes.' })
  method!: CommissionMethod;

  @Field(() => Percentage, { nullable: true, description: 'For PERCENTAGE: percent of a sale.' })
  rate?: number | null; // basis points

  @Field(() => Decimal, { nullable: true, description: 'For FLAT: the commission for one unit.' })
  perUnit?: string | null;

  @Field(() => [CommissionBandInput], {
    nullable: true,
    description: 'For TIERED: its bands, lowest first; each ends where the next begins, the last has no top.',
  })
  @ArrayMaxSize(20, { message: 'takes at most 20 bands' })
  bands?: CommissionBandInput[] | null;

  @Field(() => BandMode, { nullable: true, description: 'For TIERED; default: PROGRESSIVE.' })
  bandMode?: BandMode | null;

  @Field(() => RulePeriod, { nullable: true, description: 'For TIERED; default: MONTH.' })
  bandPeriod?: RulePeriod | null;

  @Field(() => Boolean, { nullable: true, description: "Whether only a customer's first purchase earns." })
  firstPurchaseOnly?: boolean | null;

  @Field(() => Int, {
    nullable: true,
    description: "Months from a customer's first purchase that earn; 1 to 120.",
  })
  @Min(1, { message: 'must be from 1 to 120' })
  @Max(120, { message: 'must be from 1 to 120' })
  recurringMonths?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Purchases of a customer that earn, the first included; 1 to 1,000.',
  })
  @Min(1, { message: 'must be from 1 to 1,000' })
  @Max(1_000, { message: 'must be from 1 to 1,000' })
  recurringCount?: number | null;

  @Field(() => Percentage, {
    nullable: true,
    description: 'Percent of the sales after its months or purchases are over; absent: nothing.',
  })
  stepDownRate?: number | null; // basis points

  @Field(() => CommissionCapInput, {
    nullable: true,
    description: 'The most that it pays; absent: no limit.',
  })
  cap?: CommissionCapInput | null;
}

@InputType({ description: 'A new rule of a plan or of one partner.' })
export class CreateCommissionRuleInput extends CommissionRuleInput {
  @Field(() => ID, { nullable: true, description: 'The plan that it is of; or give partnerId.' })
  planId?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The partner that it is for: it beats its plan's rules; or give planId.",
  })
  partnerId?: string | null;
}

@InputType({ description: 'Which rules; what is left out does not narrow.' })
export class CommissionRuleFilter {
  @Field(() => ID, { nullable: true, description: 'Of this plan.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  planId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Of this partner alone.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Versions in force at this instant. Default: every version, also ended ones.',
  })
  at?: Date | null;
}
