import { ArrayMaxSize, Matches, Max, Min } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { AttributionModel, AttributionUnit } from '../../../domain/attribution.ts';
import { FlatRefund, Settlement } from '../../../domain/commission.ts';
import { RoundingMode } from '../../../domain/money.ts';
import { PartnerTier } from '../../../domain/partner.ts';
import { TrackingConsent } from '../../../domain/touch.ts';
import {
  Host,
  IdentityOrgId,
  KnownCurrency,
  Name,
  OwnRules,
  TimeZone,
} from '../../../kernel/request/kinds.ts';
import { Decimal, Percentage } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Minimum payout of a currency, inclusive.' })
export class MinimumPayoutInput {
  @Field(() => String, { description: 'ISO 4217 code.' })
  @KnownCurrency()
  currency!: string;

  @Field(() => Decimal, { description: 'Minimum amount; 0 for no minimum.' })
  amount!: string;
}

@InputType({ description: 'Settings to change. Absent fields keep their value.' })
export class UpdateProgramInput {
  @Field(() => String, { nullable: true, description: 'IANA time zone, e.g. `America/New_York`.' })
  @TimeZone()
  timeZone?: string;

  @Field(() => RoundingMode, { nullable: true, description: 'Rounding of new commissions.' })
  roundingMode?: RoundingMode;

  @Field(() => FlatRefund, {
    nullable: true,
    description: 'Effect of a partial refund on a flat commission.',
  })
  flatRefund?: FlatRefund;

  @Field(() => Settlement, {
    nullable: true,
    description: 'Settlement currency of new commissions. PARTNER needs exchange rates.',
  })
  settlement?: Settlement;

  @Field(() => Int, {
    nullable: true,
    description: 'Days from the sale to `Commission.holdUntil` of new commissions: 0 to 365.',
  })
  @Min(0, { message: 'must be from 0 to 365' })
  @Max(365, { message: 'must be from 0 to 365' })
  holdDays?: number;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True if tiers are evaluated automatically each month.',
  })
  automaticTiers?: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'Days between the end of a month and its tier evaluation: 0 to 28.',
  })
  @Min(0, { message: 'must be from 0 to 28' })
  @Max(28, { message: 'must be from 0 to 28' })
  tierSettleDays?: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Months below its tier after which a partner still keeps the tier: 0 to 12.',
  })
  @Min(0, { message: 'must be from 0 to 12' })
  @Max(12, { message: 'must be from 0 to 12' })
  tierGraceMonths?: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Largest number of tiers by which one month lowers a partner: 1 to 4.',
  })
  @Min(1, { message: 'must be from 1 to 4' })
  @Max(4, { message: 'must be from 1 to 4' })
  tierMaxDrop?: number;

  @Field(() => Int, {
    nullable: true,
    description:
      'Days after its last purchase during which a customer counts as active for tiers: 1 to 1,095.',
  })
  @Min(1, { message: 'must be from 1 to 1,095' })
  @Max(1095, { message: 'must be from 1 to 1,095' })
  customerActiveDays?: number;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True to approve commissions automatically after their refund period.',
  })
  autoApprove?: boolean;

  @Field(() => Decimal, {
    nullable: true,
    description:
      "Minimum payout in the program's currency, inclusive. `minimumPayouts` has the other currencies.",
  })
  minimumPayout?: string;

  @Field(() => [MinimumPayoutInput], {
    nullable: true,
    description:
      "Minimum payouts by currency, at most 200. Absent currencies have no minimum; the program's currency keeps its minimum.",
  })
  @ArrayMaxSize(200, { message: 'must contain at most 200 currencies' })
  minimumPayouts?: MinimumPayoutInput[];

  @Field(() => Boolean, {
    nullable: true,
    description: 'True if payout runs start automatically at the end of a period.',
  })
  autoPayouts?: boolean;

  @Field(() => Decimal, {
    nullable: true,
    description:
      "Payouts above this amount, in the program's currency, need two approvers who did not create them. Null: one approver is enough.",
  })
  secondApprovalAbove?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Payouts to one partner within this number of days count together for that limit: 1 to 90.',
  })
  @Min(1, { message: 'must be from 1 to 90' })
  @Max(90, { message: 'must be from 1 to 90' })
  splitDays?: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Days for which the first partner to submit a prospect owns it: 1 to 365.',
  })
  @Min(1, { message: 'must be from 1 to 365' })
  @Max(365, { message: 'must be from 1 to 365' })
  prospectDays?: number;

  @Field(() => Percentage, {
    nullable: true,
    description:
      'Change of an exchange rate, in percent of the rate before, above which a second person confirms the new rate: 0 to 50.',
  })
  @Min(0, { message: 'must be from 0 to 50' })
  @Max(5_000, { message: 'must be from 0 to 50' })
  rateChangeLimit?: number; // basis points

  @Field(() => Int, {
    nullable: true,
    description: 'Largest number of open deals that a partner registered itself: 0 to 10,000.',
  })
  @Min(0, { message: 'must be from 0 to 10,000' })
  @Max(10_000, { message: 'must be from 0 to 10,000' })
  dealsPerPartner?: number;

  @Field(() => [String], {
    nullable: true,
    description: 'Allowed hosts of tracking links, at most 50, e.g. `shop.example.com`.',
  })
  @ArrayMaxSize(50, { message: 'must contain at most 50 hosts' })
  @Host()
  landingHosts?: string[];

  @Field(() => String, {
    nullable: true,
    description: 'Default page of tracking links, on one of the allowed hosts; null for none.',
  })
  @OwnRules(2_000)
  landingUrl?: string | null;

  @Field(() => TrackingConsent, {
    nullable: true,
    description: 'Condition for setting a cookie.',
  })
  trackingConsent?: TrackingConsent;

  @Field(() => AttributionModel, {
    nullable: true,
    description: 'Attribution model of sales from now on.',
  })
  attributionModel?: AttributionModel;

  @Field(() => AttributionUnit, { nullable: true, description: 'Unit of the attribution model.' })
  attributionUnit?: AttributionUnit;

  @Field(() => ID, {
    nullable: true,
    description:
      "The tenant's organisation at the identity provider; null to remove it. Only for platform administrators.",
  })
  @IdentityOrgId()
  identityOrgId?: string | null;
}

@InputType({ description: 'Fields of a tier to change. Absent fields keep their value.' })
export class UpdateTierConfigInput {
  @Field(() => PartnerTier, { description: 'The tier to change.' })
  tier!: PartnerTier;

  @Field(() => Decimal, {
    nullable: true,
    description: "Required net revenue a month, inclusive, in the program's currency.",
  })
  minMonthlyRevenue?: string;

  @Field(() => Int, { nullable: true, description: 'Required active customers, inclusive.' })
  @Min(0, { message: 'must not be negative' })
  minCustomers?: number;

  @Field(() => Percentage, { nullable: true, description: 'Commission rate in percent of a sale.' })
  commissionRate?: number; // basis points

  @Field(() => Int, { nullable: true, description: 'Limit of API calls an hour: 1 to 1,000,000.' })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  apiCallsPerHour?: number;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True if partners of the tier have a dedicated account manager.',
  })
  dedicatedManager?: boolean;

  @Field(() => [String], {
    nullable: true,
    description: 'Further benefits as text: at most 20 lines of 200 characters.',
  })
  @ArrayMaxSize(20, { message: 'must contain at most 20 lines' })
  @Matches(/^[^\n]*$/, { each: true, message: 'must contain lines of 1 to 200 characters' })
  @Name(200)
  benefits?: string[];
}
