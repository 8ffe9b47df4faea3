import { ArrayMaxSize, IsUUID, Length, Matches, Max, MaxLength, Min, ValidateNested } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { PartnerStatus, PartnerTier, PartnerType } from '../../../domain/partner.ts';
import { PayoutFrequency, PayoutMethod } from '../../../domain/payout.ts';
import { IdentityOrgId, Name } from '../../../kernel/request/input.ts';

import { Decimal, EmailAddress, JSONObject, LocalDate, Percentage } from '../../../kernel/request/scalars.ts';

@InputType({
  description: 'What a reseller may do, and where; what is left out stays, or takes its default.',
})
export class ResellerConfigInput {
  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether it creates and manages customer accounts (default true).',
  })
  managesCustomers?: boolean;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether it bills its customers itself (default false).',
  })
  managesBilling?: boolean;

  @Field(() => Percentage, {
    nullable: true,
    description: 'How far below list price it may sell, percent (default 0).',
  })
  pricingAuthority?: number; // basis points

  @Field(() => [String], {
    nullable: true,
    description: 'ISO 3166 country codes it may sell in; empty: everywhere.',
  })
  @ArrayMaxSize(250, { message: 'takes at most 250 countries' })
  @Matches(/^[A-Z]{2}$/, { each: true, message: 'takes ISO 3166 codes such as "DE"' })
  countries?: string[];

  @Field(() => [String], { nullable: true, description: 'Products it may sell; empty: all.' })
  @ArrayMaxSize(250, { message: 'takes at most 250 products' })
  @Length(1, 100, { each: true, message: 'takes product ids of 1 to 100 characters' })
  products?: string[];

  @Field(() => Decimal, { nullable: true, description: "Smallest order, in the partner's currency." })
  minimumOrder?: string | null;

  @Field(() => Decimal, { nullable: true, description: "How much it may owe, in the partner's currency." })
  creditLimit?: string | null;
}

@InputType({
  description: "How an affiliate's clicks and purchases count; what is left out stays, or takes its default.",
})
export class AffiliateConfigInput {
  @Field(() => Int, {
    nullable: true,
    description: 'Days during which a click can become a conversion: 1 to 365 (default 30).',
  })
  @Min(1, { message: 'must be from 1 to 365' })
  @Max(365, { message: 'must be from 1 to 365' })
  cookieDays?: number;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether only a customer's first purchase earns (default false).",
  })
  firstPurchaseOnly?: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'Months from the first purchase during which further ones earn: 1 to 120; null: no end.',
  })
  @Min(1, { message: 'must be from 1 to 120' })
  @Max(120, { message: 'must be from 1 to 120' })
  recurringMonths?: number | null;

  @Field(() => Decimal, {
    nullable: true,
    description: "Smallest purchase that earns, itself included, in the partner's currency.",
  })
  minimumPurchase?: string | null;
}

@InputType({ description: "How a white-label partner's brand looks; what is left out stays." })
export class WhiteLabelConfigInput {
  @Field(() => String, { nullable: true, description: 'Name of the brand (default: the company name).' })
  @Name(100)
  brandName?: string;

  @Field(() => String, { nullable: true, description: 'https address of the logo, on a public host.' })
  logoUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'https address of the small icon, on a public host.' })
  faviconUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'Main colour, `#rrggbb`.' })
  @Matches(/^#[0-9a-fA-F]{6}$/, { message: 'must be a colour such as "#1a73e8"' })
  primaryColor?: string | null;

  @Field(() => String, { nullable: true, description: 'Second colour, `#rrggbb`.' })
  @Matches(/^#[0-9a-fA-F]{6}$/, { message: 'must be a colour such as "#34a853"' })
  secondaryColor?: string | null;

  @Field(() => String, { nullable: true, description: 'Accent colour, `#rrggbb`.' })
  @Matches(/^#[0-9a-fA-F]{6}$/, { message: 'must be a colour such as "#fbbc04"' })
  accentColor?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Host name that serves the brand, in lower case; unique everywhere.',
  })
  // Not internationalised: letters that look like others imitate another one's brand.
  @Matches(/^(?=.{4,253}$)(?!(.*\.)?xn--)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, {
    message: 'must be a host name such as "finance.acme.com"',
  })
  domain?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the FinACEverse name is hidden (default false).',
  })
  hideFinACEverseBranding?: boolean;
}

@InputType({ description: 'A new partner.' })
export class CreatePartnerInput {
  @Field(() => String, {
    nullable: true,
    description:
      "The tenant it belongs to; platform administrators only, others may repeat their own. Default: the credential's.",
  })
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, {
    message: 'must be 1 to 100 letters, digits, dots, dashes or underscores',
  })
  tenantId?: string;

  @Field(() => PartnerType, { description: 'How it brings business.' })
  partnerType!: PartnerType;

  @Field(() => PartnerStatus, { nullable: true, description: 'Default ACTIVE.' })
  status?: PartnerStatus;

  @Field(() => PartnerTier, { nullable: true, description: 'Default BRONZE.' })
  tier?: PartnerTier;

  @Field({ description: 'Name of the company: 1 to 200 characters.' })
  @Name(200)
  companyName!: string;

  @Field(() => String, { nullable: true, description: 'Name of the person to talk to: 1 to 200 characters.' })
  @Name(200)
  contactName?: string | null;

  @Field(() => EmailAddress, { description: 'E-mail address of the contact.' })
  @MaxLength(254, { message: 'must be at most 254 characters long' })
  email!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The code that its links carry: 4 to 32 letters, digits and dashes; default: made from the name.',
  })
  @Matches(/^[A-Za-z0-9][A-Za-z0-9-]{2,30}[A-Za-z0-9]$/, {
    message: 'must be 4 to 32 letters, digits and dashes',
  })
  referralCode?: string;

  @Field(() => Percentage, {
    nullable: true,
    description: "Its own rate, percent of a sale; absent: its tier's rate.",
  })
  commissionRate?: number | null; // basis points

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code it is usually paid in; default: the program's.",
  })
  currency?: string;

  @Field(() => PayoutFrequency, { nullable: true, description: 'Default MONTHLY.' })
  payoutFrequency?: PayoutFrequency;

  @Field(() => PayoutMethod, { nullable: true, description: 'How it is paid.' })
  payoutMethod?: PayoutMethod | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day of the contract, e.g. `2026-01-16`.' })
  contractStartDate?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Its organisation at the identity provider; needs a sign-in of the last 15 minutes.',
  })
  @IdentityOrgId()
  identityOrgId?: string;

  @Field(() => JSONObject, { nullable: true, description: 'Your own notes on it, at most 16 kB.' })
  metadata?: Record<string, unknown>;

  @Field(() => ResellerConfigInput, { nullable: true, description: 'For a RESELLER only.' })
  @ValidateNested()
  reseller?: ResellerConfigInput;

  @Field(() => AffiliateConfigInput, { nullable: true, description: 'For an AFFILIATE only.' })
  @ValidateNested()
  affiliate?: AffiliateConfigInput;

  @Field(() => WhiteLabelConfigInput, { nullable: true, description: 'For a WHITE_LABEL partner only.' })
  @ValidateNested()
  whiteLabel?: WhiteLabelConfigInput;

  @Field(() => String, {
    nullable: true,
    description: 'Makes the request repeatable: the same key answers with the same partner.',
  })
  @Name(255)
  idempotencyKey?: string;
}

@InputType({
  description: 'What to change; what is left out stays. A partner may change contactName and email only.',
})
export class UpdatePartnerInput {
  @Field(() => PartnerStatus, { nullable: true, description: 'Whether it takes part in the program.' })
  status?: PartnerStatus;

  @Field(() => PartnerTier, { nullable: true, description: 'Its tier, from now on.' })
  tier?: PartnerTier;

  @Field(() => String, { nullable: true, description: 'Name of the company: 1 to 200 characters.' })
  @Name(200)
  companyName?: string;

  @Field(() => String, { nullable: true, description: 'Name of the person to talk to; null: nobody.' })
  @Name(200)
  contactName?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address of the contact.' })
  @MaxLength(254, { message: 'must be at most 254 characters long' })
  email?: string;

  @Field(() => Percentage, {
    nullable: true,
    description: "Its own rate, percent of a sale; null: its tier's rate.",
  })
  commissionRate?: number | null; // basis points

  @Field(() => Int, {
    nullable: true,
    description: "API calls an hour that it may make, 1 to 1,000,000; null: its tier's limit.",
  })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  apiLimitOverride?: number | null;

  @Field(() => PayoutFrequency, { nullable: true, description: 'How often it is paid.' })
  payoutFrequency?: PayoutFrequency;

  @Field(() => PayoutMethod, { nullable: true, description: 'How it is paid; null: not.' })
  payoutMethod?: PayoutMethod | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day of the contract.' })
  contractStartDate?: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      'Its organisation at the identity provider; null: none. Needs a sign-in of the last 15 minutes.',
  })
  @IdentityOrgId()
  identityOrgId?: string | null;

  @Field(() => JSONObject, { nullable: true, description: 'Replaces your notes on it, at most 16 kB.' })
  metadata?: Record<string, unknown>;

  @Field(() => ResellerConfigInput, { nullable: true, description: 'For a RESELLER only.' })
  @ValidateNested()
  reseller?: ResellerConfigInput;

  @Field(() => AffiliateConfigInput, { nullable: true, description: 'For an AFFILIATE only.' })
  @ValidateNested()
  affiliate?: AffiliateConfigInput;

  @Field(() => WhiteLabelConfigInput, { nullable: true, description: 'For a WHITE_LABEL partner only.' })
  @ValidateNested()
  whiteLabel?: WhiteLabelConfigInput;
}

@InputType({ description: 'Which partners; what is left out does not narrow.' })
export class PartnerFilter {
  @Field(() => PartnerTier, { nullable: true, description: 'Of this tier.' })
  tier?: PartnerTier | null;

  @Field(() => PartnerStatus, { nullable: true, description: 'Of this status.' })
  status?: PartnerStatus | null;

  @Field(() => PartnerType, { nullable: true, description: 'Of this type.' })
  partnerType?: PartnerType | null;

  @Field(() => ID, { nullable: true, description: 'Sponsored by this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  sponsorId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Part of the company name, contact name, e-mail address or referral code, in any case.',
  })
  @MaxLength(100, { message: 'must be at most 100 characters long' })
  search?: string | null;
}
