import { IsIP, IsUrl, IsUUID, Matches } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { ReferralStatus } from '../../../domain/referral.ts';
import { Country, ExternalId, LinkCode, OwnRules } from '../../../kernel/request/kinds.ts';
import { DateTime, JSONObject } from '../../../kernel/request/scalars.ts';

const web = {
  protocols: ['http', 'https'],
  require_protocol: true,
  require_valid_protocol: true,
  require_tld: false,
  disallow_auth: true, // a password would be stored, and a name before an @ looks like the host
};

// IsUrl reads "https:evil.com" as that host; a browser on a page of the portal does not.
const WITH_HOST = /^https?:\/\/[^/\\]/i;

@InputType({ description: "A visitor's click on a partner's link." })
export class TrackReferralInput {
  @Field({ description: 'Code of the link, in upper or lower case.' })
  @LinkCode()
  referralCode!: string;

  @Field(() => String, { nullable: true, description: 'Landing page of the visitor.' })
  @OwnRules(2_000)
  @IsUrl(web, { message: 'must be a web address such as "https://finaceverse.com/pricing"' })
  @Matches(WITH_HOST, { message: 'must be a web address such as "https://finaceverse.com/pricing"' })
  landingUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'Referring page.' })
  @OwnRules(2_000)
  @IsUrl(web, { message: 'must be a web address such as "https://acme.com/partners"' })
  @Matches(WITH_HOST, { message: 'must be a web address such as "https://acme.com/partners"' })
  referrerUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'IP address of the visitor. Used only from platform administrators; otherwise the address of the connection counts. Stored as a hash.',
  })
  @OwnRules(45)
  @IsIP(undefined, { message: 'must be an IP address' })
  ipAddress?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'User agent of the visitor; the first 500 characters are stored.',
  })
  @OwnRules(4_000)
  userAgent?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "ISO 3166 code of the visitor's country, e.g. `DE`.",
  })
  @Country()
  country?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Visitor id of an earlier click (`visitorId`), if you know it.',
  })
  @IsUUID(undefined, { message: 'must be a UUID' })
  visitorId?: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Time of the click; accepted from staff only. Default: now.',
  })
  occurredAt?: Date | null;

  @Field(() => JSONObject, {
    nullable: true,
    description: 'Your own data about the referral, at most 16 kB of JSON.',
  })
  metadata?: Record<string, unknown> | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Idempotency key, 1 to 255 characters. A repeated call with the same key and input returns the same referral.',
  })
  @ExternalId(255)
  idempotencyKey?: string | null;
}

@InputType({ description: 'Filter of referrals. Absent fields do not filter.' })
export class ReferralFilter {
  @Field(() => ID, { nullable: true, description: 'Rows of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => ReferralStatus, { nullable: true, description: 'Rows with this status.' })
  status?: ReferralStatus | null;

  @Field(() => DateTime, { nullable: true, description: 'Clicked at this instant or later.' })
  from?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Clicked before this instant.' })
  to?: Date | null;
}
