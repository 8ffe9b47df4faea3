import { ArrayMaxSize, IsUUID, Max, Min, ValidateNested } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { PartnerStatus, PartnerTier, PartnerType } from '../../../domain/partner.ts';
import { PayoutFrequency, PayoutMethod } from '../../../domain/payout.ts';
import {
  Country,
  Currency,
  ExternalId,
  IdentityOrgId,
  Name,
  OwnRules,
  Pattern,
} from '../../../kernel/request/kinds.ts';

import { Decimal, EmailAddress, JSONObject, LocalDate, Percentage } from '../../../kernel/request/scalars.ts';

@InputType({
  description: 'Rights and limits of a reseller. Absent fields keep their value, or take the default.',
})
export class ResellerConfigInput {
  @Field(() => Boolean, {
    nullable: true,
    description: 'True if the reseller creates and manages customer accounts (default true).',
  })
  managesCustomers?: boolean;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True if the reseller bills its customers itself (default false).',
  })
  managesBilling?: boolean;

  @Field(() => Percentage, {
    nullable: true,
    description: 'Largest discount from the list price, in percent (default 0).',
  })
  pricingAuthority?: number; // basis points

  @Field(() => [String], {
    nullable: true,
    description: 'ISO 3166 codes of the countries in which the reseller may sell; empty for all countries.',
  })
  @ArrayMaxSize(250, { message: 'must contain at most 250 countries' })
  @Country()
  countries?: string[];

  @Field(() => [String], {
    nullable: true,
    description: 'Products that the reseller may sell; empty for all products.',
  })
  @ArrayMaxSize(250, { message: 'must contain at most 250 products' })
  @ExternalId(100)
  products?: string[];

  @Field(() => Decimal, {
    nullable: true,
    description: "Minimum order value, inclusive, in the partner's currency.",
  })
  minimumOrder?: string | null;

  @Field(() => Decimal, { nullable: true, description: "Credit limit in the partner's currency." })
  creditLimit?: string | null;
}

@InputType({
  description:
    'Attribution and commission terms of an affiliate. Absent fields keep their value, or take the default.',
})
export class AffiliateConfigInput {
  @Field(() => Int, {
    nullable: true,
    description:
      'Days after a click within which a purchase is attributed to the click: 1 to 365 (default 30).',
  })
  @Min(1, { message: 'must be from 1 to 365' })
  @Max(365, { message: 'must be from 1 to 365' })
  cookieDays?: number;

  @Field(() => Boolean, {
    nullable: true,
    description: "True if only a customer's first purchase earns a commission (default false).",
  })
  firstPurchaseOnly?: boolean;

  @Field(() => Int, {
    nullable: true,
    description:
      'Months after the first purchase in which further purchases earn: 1 to 120; null for no limit.',
  })
  @Min(1, { message: 'must be from 1 to 120' })
  @Max(120, { message: 'must be from 1 to 120' })
  recurringMonths?: number | null;

  @Field(() => Decimal, {
    nullable: true,
    description: "Minimum purchase that earns, inclusive, in the partner's currency.",
  })
  minimumPurchase?: string | null;
}

@InputType({ description: 'Brand of a white-label partner. Absent fields keep their value.' })
export class WhiteLabelConfigInput {
  @Field(() => String, { nullable: true, description: 'Name of the brand (default: the company name).' })
  @Name(100)
  brandName?: string;

  @Field(() => String, { nullable: true, description: 'https URL of the logo, on a public host.' })
  @OwnRules(2_000)
  logoUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'https URL of the favicon, on a public host.' })
  @OwnRules(2_000)
  faviconUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'Primary colour, `#rrggbb`.' })
  @Pattern(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as "#1a73e8"')
  primaryColor?: string | null;

  @Field(() => String, { nullable: true, description: 'Secondary colour, `#rrggbb`.' })
  @Pattern(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as "#34a853"')
  secondaryColor?: string | null;

  @Field(() => String, { nullable: true, description: 'Accent colour, `#rrggbb`.' })
  @Pattern(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as "#fbbc04"')
  accentColor?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Host name of the brand, in lower case; unique across all partners.',
  })
  // ASCII only, because similar letters of other scripts could imitate another brand.
  @Pattern(
    /^(?=.{4,253}$)(?!(.*\.)?xn--)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
    'must be a host name such as "finance.acme.com"',
  )
  domain?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'True if the FinACEverse brand is hidden (default false).',
  })
  hideFinACEverseBranding?: boolean;
}

@InputType({ description: 'Data of a new partner.' })
export class CreatePartnerInput {
  @Field(() => String, {
    nullable: true,
    description:
      "Tenant of the partner. Only platform administrators may name another tenant than their own. Default: the credential's tenant.",
  })
  @Pattern(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    'must be 1 to 100 letters, digits, dots, dashes or underscores',
  )
  tenantId?: string;

  @Field(() => PartnerType, { description: 'Type of the partner.' })
  partnerType!: PartnerType;

  @Field(() => PartnerStatus, { nullable: true, description: 'Status of the partner; default ACTIVE.' })
  status?: PartnerStatus;

  @Field(() => PartnerTier, { nullable: true, description: 'Tier of the partner; default BRONZE.' })
  tier?: PartnerTier;

  @Field({ description: 'Name of the company: 1 to 200 characters.' })
  @Name(200)
  companyName!: string;

  @Field(() => String, { nullable: true, description: 'Name of the contact person: 1 to 200 characters.' })
  @Name(200)
  contactName?: string | null;

  @Field(() => EmailAddress, { description: 'E-mail address of the contact.' })
  email!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Referral code of its links: 4 to 32 letters, digits and dashes; default: derived from the name. A code that is in use elsewhere gets a suffix.',
  })
  @Pattern(/^[A-Za-z0-9][A-Za-z0-9-]{2,30}[A-Za-z0-9]$/, 'must be 4 to 32 letters, digits and dashes')
  referralCode?: string;

  @Field(() => Percentage, {
    nullable: true,
    description: "The partner's own commission rate in percent; absent for the tier's rate.",
  })
  commissionRate?: number | null; // basis points

  @Field(() => String, {
    nullable: true,
    description: "ISO 4217 code of the partner's currency; default: the program's currency.",
  })
  @Currency()
  currency?: string;

  @Field(() => PayoutFrequency, { nullable: true, description: 'Payout frequency; default MONTHLY.' })
  payoutFrequency?: PayoutFrequency;

  @Field(() => PayoutMethod, { nullable: true, description: 'Payout method.' })
  payoutMethod?: PayoutMethod | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day of the contract, e.g. `2026-01-16`.' })
  contractStartDate?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The partner's organisation at the identity provider.",
  })
  @IdentityOrgId()
  identityOrgId?: string;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Your own data about the partner, at most 16 kB of JSON.',
  })
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
    description: 'Makes the request safe to repeat: the same key returns the same partner.',
  })
  @ExternalId(255)
  idempotencyKey?: string;
}

@InputType({
  description:
    'Fields to change; absent fields keep their value. A partner may only change contactName and email.',
})
export class UpdatePartnerInput {
  @Field(() => PartnerStatus, { nullable: true, description: 'Status of the partner.' })
  status?: PartnerStatus;

  @Field(() => PartnerTier, { nullable: true, description: 'Tier from now on.' })
  tier?: PartnerTier;

  @Field(() => String, { nullable: true, description: 'Name of the company: 1 to 200 characters.' })
  @Name(200)
  companyName?: string;

  @Field(() => String, { nullable: true, description: 'Name of the contact person; null to remove it.' })
  @Name(200)
  contactName?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'E-mail address of the contact.' })
  email?: string;

  @Field(() => Percentage, {
    nullable: true,
    description: "The partner's own commission rate in percent; null for the tier's rate.",
  })
  commissionRate?: number | null; // basis points

  @Field(() => Int, {
    nullable: true,
    description: "The partner's own limit of API calls an hour, 1 to 1,000,000; null for the tier's limit.",
  })
  @Min(1, { message: 'must be from 1 to 1,000,000' })
  @Max(1_000_000, { message: 'must be from 1 to 1,000,000' })
  apiLimitOverride?: number | null;

  @Field(() => PayoutFrequency, { nullable: true, description: 'Payout frequency.' })
  payoutFrequency?: PayoutFrequency;

  @Field(() => PayoutMethod, { nullable: true, description: 'Payout method; null to remove it.' })
  payoutMethod?: PayoutMethod | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day of the contract.' })
  contractStartDate?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The partner's organisation at the identity provider; null to remove it.",
  })
  @IdentityOrgId()
  identityOrgId?: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Replaces your own data about the partner, at most 16 kB of JSON.',
  })
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

@InputType({ description: 'Filter of partners. Absent fields do not filter.' })
export class PartnerFilter {
  @Field(() => PartnerTier, { nullable: true, description: 'Partners of this tier.' })
  tier?: PartnerTier | null;

  @Field(() => PartnerStatus, { nullable: true, description: 'Partners with this status.' })
  status?: PartnerStatus | null;

  @Field(() => PartnerType, { nullable: true, description: 'Partners of this type.' })
  partnerType?: PartnerType | null;

  @Field(() => ID, { nullable: true, description: 'Partners that this partner sponsors now.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  sponsorId?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Text within the company name, contact name, e-mail address or referral code, ignoring case and accents.',
  })
  @OwnRules(100)
  search?: string | null;
}
