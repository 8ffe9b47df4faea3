import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PartnerStatus, PartnerTier, PartnerType } from '../../../domain/partner.ts';
import { PayoutFrequency, PayoutMethod, payoutMethods } from '../../../domain/payout.ts';
import { Base } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { EmailAddress, JSONObject, LocalDate, Percentage } from '../../../kernel/request/scalars.ts';

registerEnumType(PartnerType, {
  name: 'PartnerType',
  description: 'Type of partner.',
  valuesConfig: {
    RESELLER: { description: 'Resells to its own customers within its limits.' },
    AFFILIATE: { description: 'Sends visitors through tracking links and earns on their purchases.' },
    REFERRAL: { description: 'Refers customers with its referral code. Needs no configuration.' },
    WHITE_LABEL: { description: 'Offers the product under its own brand.' },
  },
});
registerEnumType(PartnerStatus, {
  name: 'PartnerStatus',
  description: 'Status of a partner. Only ACTIVE partners earn and are paid.',
  valuesConfig: {
    PENDING: { description: 'Not approved yet.' },
    ACTIVE: { description: 'Earns and is paid.' },
    INACTIVE: { description: 'Left the program, or was deleted.' },
    SUSPENDED: { description: 'Suspended: its clicks and sales do not count.' },
  },
});
registerEnumType(PayoutFrequency, {
  name: 'PayoutFrequency',
  description: "Payout frequency. Periods start in the program's time zone.",
  valuesConfig: {
    WEEKLY: { description: 'Monday to Sunday.' },
    BIWEEKLY: { description: 'Two weeks, counted from Monday 1 January 2024.' },
    MONTHLY: { description: 'Calendar month.' },
    QUARTERLY: { description: 'Calendar quarter.' },
  },
});
registerEnumType(PayoutMethod, {
  name: 'PayoutMethod',
  description: 'Payment rail of a payout.',
  valuesConfig: payoutMethods,
});

/** A company or person that refers or resells. */
@Entity({ tableName: 'partners' })
@Shows(['id', 'tenantId', 'createdAt'], 'PARTNER')
@Filter({
  name: 'mine',
  cond: ({ tenantId, partnerId }: Record<string, string>) => ({
    tenantId: tenantId as string,
    id: partnerId as string,
    deletedAt: null,
  }),
  default: true,
})
@ObjectType({ simpleResolvers: true, description: 'A company or person that refers or resells.' })
export class Partner extends Base {
  @Field(() => String, { description: 'Tenant whose program the partner is in.' })
  declare tenantId: string;

  @Field(() => PartnerType, { description: 'Type of the partner.' })
  @Enum({ items: () => PartnerType })
  @ShownTo('PARTNER')
  partnerType!: PartnerType;

  @Field(() => PartnerStatus, { description: 'Status of the partner.' })
  @Enum({ items: () => PartnerStatus })
  @ShownTo('PARTNER')
  status!: PartnerStatus;

  @Field(() => PartnerTier, { description: 'Current tier.' })
  @Enum({ items: () => PartnerTier })
  @ShownTo('PARTNER')
  tier!: PartnerTier;

  @Field({ description: 'Name of the company.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.name)
  companyName!: string;

  @Field(() => String, { nullable: true, description: 'Name of the contact person.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  contactName?: string | null;

  @Field(() => EmailAddress, { description: 'E-mail address of the contact.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.email)
  email!: string;

  /** Earlier e-mail addresses, written by the database. A purchase from one of them is a purchase of the partner. */
  @Property({ type: 'text[]', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  earlierEmails?: string[] | null;

  @Field({ description: 'Referral code of its links; unique across all programs, in upper case.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.code)
  referralCode!: string;

  @Property({ type: 'integer', nullable: true })
  @ShownTo('PARTNER')
  rateBps?: number | null;

  @Field(() => Percentage, {
    nullable: true,
    description:
      "The partner's own commission rate in percent; null if the tier's rate applies (`tierConfig.commissionRate`).",
  })
  get commissionRate(): Opt<number> | null {
    return this.rateBps ?? null;
  }

  @Field(() => Int, {
    nullable: true,
    description:
      "The partner's own limit of API calls an hour; null if the tier's limit applies (`tierConfig.apiCallsPerHour`).",
  })
  @Property({ type: 'integer', nullable: true })
  @Withheld('a limit of the API')
  apiLimitOverride?: number | null;

  @Field({ description: "ISO 4217 code of the partner's currency." })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  currency!: string;

  @Field(() => PayoutFrequency, { description: 'Payout frequency.' })
  @Enum({ items: () => PayoutFrequency })
  @ShownTo('PARTNER')
  payoutFrequency!: PayoutFrequency;

  @Field(() => PayoutMethod, { nullable: true, description: 'Payout method; null before one is chosen.' })
  @Enum({ items: () => PayoutMethod, nullable: true })
  @ShownTo('PARTNER')
  payoutMethod?: PayoutMethod | null;

  @Field(() => LocalDate, { nullable: true, description: 'First day of the contract, e.g. `2026-01-16`.' })
  @Property({ type: 'date', nullable: true })
  @ShownTo('PARTNER')
  contractStartDate?: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      "The partner's organisation at the identity provider. Its users with a role sign in as members of the partner.",
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  identityOrgId?: string | null;

  @Field(() => JSONObject, { description: "The tenant's own data about the partner, at most 16 kB of JSON." })
  @Property({ type: 'json' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.notes)
  metadata: Opt<Record<string, unknown>> = {};

  @Field(() => Date, { nullable: true, description: 'Time of deletion; null for an existing partner.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  deletedAt?: Date | null;

  @Field(() => Date, { description: 'Time of the last change.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  @ShownTo('PARTNER')
  readonly updatedAt!: Opt<Date>;
}

export const partnerTable: Table<Partner> = {
  type: Partner,
  from: 'partners p',
  alias: 'p',
  kind: 'partner',
  attributes: owned('p', 'p.id'),
  columns: columnsOf(Partner, 'p'),
  needs: {
    commissionRate: ['rateBps'],
    tierConfig: ['tenantId', 'tier'],
    tierProgress: ['tenantId', 'tier'],
    metrics: ['currency', 'tenantId'],
    resellerConfig: ['partnerType'],
    affiliateConfig: ['partnerType'],
    whiteLabelConfig: ['partnerType'],
  },
};
