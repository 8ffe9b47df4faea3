import { ArrayMaxSize, Matches, Max, MaxLength, Min } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { AttributionModel, AttributionUnit } from '../../../domain/attribution.ts';
import { FlatRefund, Settlement } from '../../../domain/commission.ts';
import { RoundingMode } from '../../../domain/money.ts';
import { PartnerTier } from '../../../domain/partner.ts';
import { TrackingConsent } from '../../../domain/touch.ts';
import { IdentityOrgId } from '../../../kernel/request/input.ts';
import { Decimal, Percentage } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'The smallest payout of a currency, itself included.' })
export class MinimumPayoutInput {
  @Field(() => String, { description: 'ISO 4217 code.' })
  currency!: string;

  @Field(() => Decimal, { description: 'The amount; 0: none.' })
  amount!: string;
}

@InputType({ description: 'The settings to change; what is left out stays.' })
export class UpdateProgramInput {
  @Field(() => String, { nullable: true, description: 'IANA time zone, e.g. `America/New_York`.' })
  @MaxLength(64)
  timeZone?: string;

  @Field(() => RoundingMode, { nullable: true, description: 'Rounding of new commission lines.' })
  roundingMode?: RoundingMode;

  @Field(() => FlatRefund, {
    nullable: true,
    description: 'What a partial refund does to a flat commission.',
  })
  flatRefund?: FlatRefund;

  @Field(() => Settlement, {
    nullable: true,
    description: 'In which currency new commission lines are owed; PARTNER needs exchange rates.',
  })
  settlement?: Settlement;

  @Field(() => Int, {
    nullable: true,
    description: 'Days from the sale to `Commission.holdUntil` of new lines; 0 to 365.',
  })
  @Min(0, { message: 'must be from 0 to 365' })
  @Max(365, { message: 'must be from 0 to 365' })
  holdDays?: number;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether each month raises and lowers tiers by itself.',
  })
  automaticTiers?: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'Days after a month until it is evaluated for tiers; 0 to 28.',
  })
  @Min(0, { message: 'must be from 0 to 28' })
  @Max(28, { message: 'must be from 0 to 28' })
  tierSettleDays?: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Months below its tier that a partner is forgiven; 0 to 12.',
  })
  @Min(0, { message: 'must be from 0 to 12' })
  @Max(12, { message: 'must be from 0 to 12' })
  tierGraceMonths?: number;

  @Field(() => Int, { nullable: true, description: 'Tiers that one month takes away at most; 1 to 4.' })
  @Min(1, { message: 'must be from 1 to 4' })
  @Max(4, { message: 'must be from 1 to 4' })
  tierMaxDrop?: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Days after its last purchase that a customer counts as active for tiers; 1 to 1,095.',
  })
  @Min(1, { message: 'must be from 1 to 1,095' })
  @Max(1095, { message: 'must be from 1 to 1,095' })
  customerActiveDays?: number;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether commissions past their refund period are approved by themselves.',
  })
  autoApprove?: boolean;

  @Field(() => Decimal, {
    nullable: true,
    description:
      "The smallest payout in the program's currency, itself included; those of others are `minimumPayouts`.",
  })
  minimumPayout?: string;

  @Field(() => [MinimumPayoutInput], {
    nullable: true,
    description:
      "The smallest payouts by currency, at most 200. Other currencies that are left out have none; the program's own keeps what it has.",
  })
  @ArrayMaxSize(200, { message: 'takes at most 200 currencies' })
  minimumPayouts?: MinimumPayoutInput[];

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether payout runs are made by themselves as soon as a period ends.',
  })
  autoPayouts?: boolean;

  @Field(() => Decimal, {
    nullable: true,
    description:
      "Payouts above it, in the program's currency, need two approvers, neither of whom made them; null: one is always enough.",
  })
  secondApprovalAbove?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Payouts to one partner within so many days count together against that limit; 1 to 90.',
  })
  @Min(1, { message: 'must be from 1 to 90' })
  @Max(90, { message: 'must be from 1 to 90' })
  splitDays?: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Deals that a partner may have open at once by its own registration; 0 to 10,000.',
  })
  @Min(0, { message: 'must be from 0 to 10,000' })
  @Max(10_000, { message: 'must be from 0 to 10,000' })
  dealsPerPartner?: number;

  @Field(() => [String], {
    nullable: true,
    description: 'Hosts that tracking links may lead to, at most 50, e.g. `shop.example.com`.',
  })
  @ArrayMaxSize(50, { message: 'takes at most 50 hosts' })
  @Matches(/^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/, {
    each: true,
    message: 'takes hosts such as "shop.example.com", in lower case',
  })
  landingHosts?: string[];

  @Field(() => String, {
    nullable: true,
    description: 'The page that a link leads to where it names no other: on one of the hosts; null: none.',
  })
  @MaxLength(2_000, { message: 'must be at most 2000 characters long' })
  landingUrl?: string | null;

  @Field(() => TrackingConsent, {
    nullable: true,
    description: 'Whether visitors must consent before a cookie is set.',
  })
  trackingConsent?: TrackingConsent;

  @Field(() => AttributionModel, {
    nullable: true,
    description: 'Which clicks are credited with sales from now on.',
  })
  attributionModel?: AttributionModel;

  @Field(() => AttributionUnit, { nullable: true, description: 'What the attribution model counts.' })
  attributionUnit?: AttributionUnit;

  @Field(() => ID, {
    nullable: true,
    description:
      "The tenant's organisation at the identity provider; null: none. For platform administrators, after a sign-in of the last 15 minutes.",
  })
  @IdentityOrgId()
  identityOrgId?: string | null;
}

@InputType({ description: 'What to change of a tier; what is left out stays.' })
export class UpdateTierConfigInput {
  @Field(() => PartnerTier, { description: 'The tier to change.' })
  tier!: PartnerTier;

  @Field(() => Decimal, {
    nullable: true,
    description: "Net revenue a month that the tier asks for, in the tier's currency.",
  })
  minMonthlyRevenue?: string;

  @Field(() => Int, { nullable: true, description: 'Active customers that the tier asks for.' })
  @Min(0, { message: 'must not be negative' })
  minCustomers?: number;

  @Field(() => Percentage, { nullable: true, description: 'Percent of a sale.' })
  commissionRate?: number; // basis points

  @Field(() => Int, { nullable: true, description: 'API calls an hour; 1 to 1,000,000.' })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  apiCallsPerHour?: number;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether its partners have a dedicated account manager.',
  })
  dedicatedManager?: boolean;

  @Field(() => [String], {
    nullable: true,
    description: 'What else the tier gives, in words: at most 20 lines of 200 characters.',
  })
  @ArrayMaxSize(20, { message: 'takes at most 20 lines' })
  @Matches(/^[^\n]{1,200}$/, { each: true, message: 'takes lines of 1 to 200 characters' })
  benefits?: string[];
}
