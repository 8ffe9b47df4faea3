import { IsIP, IsUrl, IsUUID, Matches, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { ReferralStatus } from '../../../domain/referral.ts';
import { Name } from '../../../kernel/request/input.ts';
import { DateTime, JSONObject } from '../../../kernel/request/scalars.ts';

const web = {
  protocols: ['http', 'https'],
  require_protocol: true,
  require_valid_protocol: true,
  require_tld: false,
  disallow_auth: true, // a password would be kept, and a name before an @ passes for the host
};

// IsUrl takes "https:evil.com" for an address of that host; a browser on the portal's own pages does not.
const WITH_HOST = /^https?:\/\/[^/\\]/i;

@InputType({ description: "A visitor's click on a partner's link." })
export class TrackReferralInput {
  @Field({ description: 'The code that the link carried, in any case.' })
  @Name(64)
  referralCode!: string;

  @Field(() => String, { nullable: true, description: 'The page that the visitor landed on.' })
  @MaxLength(2_000, { message: 'must be at most 2000 characters long' })
  @IsUrl(web, { message: 'must be a web address such as "https://finaceverse.com/pricing"' })
  @Matches(WITH_HOST, { message: 'must be a web address such as "https://finaceverse.com/pricing"' })
  landingUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'The page that the visitor came from.' })
  @MaxLength(2_000, { message: 'must be at most 2000 characters long' })
  @IsUrl(web, { message: 'must be a web address such as "https://acme.com/partners"' })
  @Matches(WITH_HOST, { message: 'must be a web address such as "https://acme.com/partners"' })
  referrerUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The visitor's address; counts from platform administrators only, of others the connection's is taken. Kept as a hash.",
  })
  @IsIP(undefined, { message: 'must be an IP address' })
  ipAddress?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The visitor's browser, as it names itself; the first 500 characters are kept.",
  })
  @MaxLength(4_000, { message: 'must be at most 4000 characters long' })
  userAgent?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'ISO 3166 code of the country that the visitor is in, e.g. `DE`.',
  })
  @Matches(/^[A-Z]{2}$/, { message: 'must be an ISO 3166 code such as "DE"' })
  country?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'The visitor, where you know it from an earlier click (`visitorId`).',
  })
  @IsUUID(undefined, { message: 'must be a UUID' })
  visitorId?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When it happened; from staff only. Default: now.' })
  occurredAt?: Date | null;

  @Field(() => JSONObject, { nullable: true, description: 'Your own notes on it, at most 16 kB.' })
  metadata?: Record<string, unknown> | null;
}

@InputType({ description: 'Which referrals; what is left out does not narrow.' })
export class ReferralFilter {
  @Field(() => ID, { nullable: true, description: 'Of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => ReferralStatus, { nullable: true, description: 'Of this status.' })
  status?: ReferralStatus | null;

  @Field(() => DateTime, { nullable: true, description: 'Clicked at this instant or later.' })
  from?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Clicked before this instant.' })
  to?: Date | null;
}
