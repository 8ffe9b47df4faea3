import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PartnerStatus, PartnerTier, PartnerType } from '../../../domain/partner.ts';
import { PayoutFrequency, PayoutMethod } from '../../../domain/payout.ts';
import { Base } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { JSONObject, LocalDate, Percentage } from '../../../kernel/request/scalars.ts';

registerEnumType(PartnerType, {
  name: 'PartnerType',
  description: 'How a partner brings business.',
  valuesConfig: {
    RESELLER: { description: 'Sells to its own customers within its authority.' },
    AFFILIATE: { description: 'Sends visitors by tracked links and earns on what they buy.' },
    REFERRAL: { description: 'Recommends by its referral code; nothing to configure.' },
    WHITE_LABEL: { description: 'Offers the product under its own brand.' },
  },
});
registerEnumType(PartnerStatus, {
  name: 'PartnerStatus',
  description: 'Whether a partner takes part in the program. Only ACTIVE partners earn and are paid.',
  valuesConfig: {
    PENDING: { description: 'Not admitted yet.' },
    ACTIVE: { description: 'Earns and is paid.' },
    INACTIVE: { description: 'Left the program, or was deleted.' },
    SUSPENDED: { description: 'Barred for now: its clicks and sales do not count.' },
  },
});
registerEnumType(PayoutFrequency, {
  name: 'PayoutFrequency',
  description: "How often a partner is paid; periods begin in the program's time zone.",
  valuesConfig: {
    WEEKLY: { description: 'Monday to Sunday.' },
    BIWEEKLY: { description: 'Two weeks, counted from Monday 1 January 2024.' },
    MONTHLY: { description: 'Calendar month.' },
    QUARTERLY: { description: 'Calendar quarter.' },
  },
});
registerEnumType(PayoutMethod, {
  name: 'PayoutMethod',
  description: 'The rail that carries a payout.',
  valuesConfig: {
    BANK_TRANSFER: { description: 'Bank transfer.' },
    PAYPAL: { description: 'PayPal.' },
    STRIPE: { description: 'Stripe.' },
    RAZORPAY: { description: 'Razorpay.' },
  },
});

/** Who refers or resells. */
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
  @Field(() => String, { description: 'The tenant whose program the partner is in.' })
  declare tenantId: string;

  @Field(() => PartnerType, { description: 'How the partner brings business.' })
  @Enum({ items: () => PartnerType })
  @ShownTo('PARTNER')
  partnerType!: PartnerType;

  @Field(() => PartnerStatus, { description: 'Whether the partner takes part in the program.' })
  @Enum({ items: () => PartnerStatus })
  @ShownTo('PARTNER')
  status!: PartnerStatus;

  @Field(() => PartnerTier, { description: 'Its tier now.' })
  @Enum({ items: () => PartnerTier })
  @ShownTo('PARTNER')
  tier!: PartnerTier;

  @Field({ description: 'Name of the company.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.name)
  companyName!: string;

  @Field(() => String, { nullable: true, description: 'Name of the person to talk to.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  contactName?: string | null;

  @Field({ description: 'E-mail address of the contact.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.email)
  email!: string;

  @Field({ description: 'The code that its links carry; unique everywhere, letters in upper case.' })
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
      "The partner's own rate, percent of a sale; null where its tier's rate applies (`tierConfig.commissionRate`).",
  })
  get commissionRate(): Opt<number> | null {
    return this.rateBps ?? null;
  }

  @Field(() => Int, {
    nullable: true,
    description:
      "API calls an hour that it may make; null where its tier's limit applies (`tierConfig.apiCallsPerHour`).",
  })
  @Property({ type: 'integer', nullable: true })
  @Withheld('a limit of the API')
  apiLimitOverride?: number | null;

  @Field({ description: 'ISO 4217 code of the currency it is usually paid in.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  currency!: string;

  @Field(() => PayoutFrequency, { description: 'How often it is paid.' })
  @Enum({ items: () => PayoutFrequency })
  @ShownTo('PARTNER')
  payoutFrequency!: PayoutFrequency;

  @Field(() => PayoutMethod, { nullable: true, description: 'How it is paid; null until one is chosen.' })
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
      'Its organisation at the identity provider: who has a role there signs in as one of the partner.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  identityOrgId?: string | null;

  @Field(() => JSONObject, { description: "The tenant's own notes on the partner, at most 16 kB." })
  @Property({ type: 'json' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.notes)
  metadata: Opt<Record<string, unknown>> = {};

  @Field(() => Date, { nullable: true, description: 'When it was deleted; null while it exists.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  deletedAt?: Date | null;

  @Field(() => Date, { description: 'When the record last changed.' })
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
