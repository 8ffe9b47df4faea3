import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { AttributionModel, AttributionUnit } from '../../../domain/attribution.ts';
import { FlatRefund, Settlement } from '../../../domain/commission.ts';
import type { FraudTerms } from '../../../domain/fraud.ts';
import { RoundingMode } from '../../../domain/money.ts';
import { TrackingConsent } from '../../../domain/touch.ts';
import { byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

registerEnumType(RoundingMode, {
  name: 'RoundingMode',
  description: 'How a commission that falls between two minor units is rounded; mirrored for negatives.',
  valuesConfig: {
    HALF_UP: { description: 'Halves away from zero.' },
    HALF_EVEN: { description: "Halves to the even neighbour (banker's rounding)." },
    DOWN: { description: 'Toward zero.' },
  },
});
registerEnumType(Settlement, {
  name: 'Settlement',
  description: 'In which currency a commission is owed.',
  valuesConfig: {
    SALE: { description: 'In that of the sale.' },
    PARTNER: {
      description:
        "In the partner's own: the sale is exchanged at the rate of its day, which stays with the line.",
    },
  },
});
registerEnumType(FlatRefund, {
  name: 'FlatRefund',
  description: 'What a partial refund does to a flat commission.',
  valuesConfig: {
    PROPORTIONAL: { description: 'Takes back the refunded share of it.' },
    ALL_OR_NOTHING: { description: 'Takes back nothing until the refund is whole.' },
  },
});
registerEnumType(TrackingConsent, {
  name: 'TrackingConsent',
  description: "Whether a visitor's consent is needed before a cookie is set.",
  valuesConfig: {
    NOT_NEEDED: { description: 'A cookie is set, unless the browser asks not to be tracked.' },
    REQUIRED: {
      description: 'None without `consent=granted` in the link; the click is known by its id in the address.',
    },
  },
});

registerEnumType(AttributionModel, {
  name: 'AttributionModel',
  description: 'Which of the clicks before a sale are credited with it, and how much of it.',
  valuesConfig: {
    FIRST: { description: 'The first one, with all of it.' },
    LAST: { description: 'The last one, with all of it.' },
    LINEAR: { description: 'All alike.' },
    POSITION: {
      description: 'The first and the last with 40 % each, those between share 20 %; two share it alike.',
    },
    TIME_DECAY: { description: 'All, each with half of what one seven days later has.' },
  },
});
registerEnumType(AttributionUnit, {
  name: 'AttributionUnit',
  description: 'What an attribution model counts.',
  valuesConfig: {
    TOUCH: { description: 'Every click.' },
    PARTNER: { description: 'Every partner once: by its last click, under FIRST by its first.' },
  },
});

/** The settings of a tenant's partner program. */
@Entity({ tableName: 'programs' })
@NotPersonal('settings of a tenant')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: "The settings of a tenant's partner program." })
export class Program {
  @Field(() => String, { description: 'The tenant that runs the program.' })
  @PrimaryKey({ type: 'text' })
  tenantId!: string;

  @Field(() => String, { description: 'ISO 4217 code; tier thresholds and the minimum payout are in it.' })
  @Property({ type: 'text' })
  currency: Opt<string> = 'USD';

  @Field(() => String, {
    description: 'IANA time zone in which days, months and payout periods begin, e.g. `America/New_York`.',
  })
  @Property({ type: 'text' })
  timeZone: Opt<string> = 'UTC';

  @Field(() => RoundingMode, { description: 'Rounding of new commission lines.' })
  @Enum({ items: () => RoundingMode })
  roundingMode: Opt<RoundingMode> = 'HALF_UP';

  @Field(() => FlatRefund, { description: 'What a partial refund does to a flat commission.' })
  @Enum({ items: () => FlatRefund })
  flatRefund: Opt<FlatRefund> = 'PROPORTIONAL';

  @Field(() => Settlement, { description: 'In which currency new commission lines are owed.' })
  @Enum({ items: () => Settlement })
  settlement: Opt<Settlement> = 'SALE';

  @Field(() => Int, {
    description: 'Days after the sale until a new line is past its refund period (`Commission.holdUntil`).',
  })
  @Property({ type: 'integer' })
  holdDays: Opt<number> = 30;

  @Field(() => Boolean, {
    description:
      'Whether a commission past its refund period is approved by itself, unless somebody made it by hand or holds it.',
  })
  @Property({ type: 'boolean' })
  autoApprove: Opt<boolean> = false;

  @Property({ type: 'bigint' })
  minimumPayoutMinor: Opt<bigint> = 0n; // in the program's currency; served by ProgramResolver

  /** Of currencies other than the program's: minor units by code; served by ProgramResolver. */
  @Property({ type: 'json', defaultRaw: `'{}'` })
  payoutMinimums: Opt<Record<string, string>> = {};

  @Field(() => Boolean, {
    description: 'Whether payout runs are made by themselves as soon as a period ends.',
  })
  @Property({ type: 'boolean' })
  autoPayouts: Opt<boolean> = false;

  @Property({ type: 'bigint', nullable: true })
  secondApprovalAboveMinor?: bigint | null; // in the program's currency; served by ProgramResolver

  @Field(() => Int, {
    description:
      'Payouts to one partner that are made within so many days count together against the limit of one approver.',
  })
  @Property({ type: 'integer' })
  splitDays: Opt<number> = 7;

  @Field(() => Int, {
    description:
      'Deals that a partner may have open at once by its own registration; staff may register more for it.',
  })
  @Property({ type: 'integer' })
  dealsPerPartner: Opt<number> = 50;

  @Field(() => Boolean, { description: 'Whether each month raises and lowers tiers by itself.' })
  @Property({ type: 'boolean' })
  automaticTiers: Opt<boolean> = true;

  @Field(() => Int, { description: 'Days after a month until it is evaluated for tiers.' })
  @Property({ type: 'integer' })
  tierSettleDays: Opt<number> = 3;

  @Field(() => Int, {
    description: 'Months below its tier that a partner is forgiven; the next one lowers it.',
  })
  @Property({ type: 'integer' })
  tierGraceMonths: Opt<number> = 1;

  @Field(() => Int, { description: 'Tiers that one month takes away at most.' })
  @Property({ type: 'integer' })
  tierMaxDrop: Opt<number> = 1;

  @Field(() => Int, {
    description: 'Days after its last purchase that a customer counts as active for tiers.',
  })
  @Property({ type: 'integer' })
  customerActiveDays: Opt<number> = 365;

  @Field(() => [String], {
    description: 'Hosts that tracking links may lead to, e.g. `shop.example.com`; no others are led to.',
  })
  @Property({ type: 'text[]', default: [] })
  landingHosts: Opt<string[]> = [];

  @Field(() => String, {
    nullable: true,
    description: 'The page that a link leads to where it names no other.',
  })
  @Property({ type: 'text', nullable: true })
  landingUrl?: string | null;

  @Field(() => TrackingConsent, { description: 'Whether visitors must consent before a cookie is set.' })
  @Enum({ items: () => TrackingConsent })
  trackingConsent: Opt<TrackingConsent> = 'NOT_NEEDED';

  @Field(() => AttributionModel, {
    description:
      'Which clicks are credited with a first purchase that no deal, coupon, lead or assignment claims; later ones follow its customer.',
  })
  @Enum({ items: () => AttributionModel })
  attributionModel: Opt<AttributionModel> = 'LAST';

  @Field(() => AttributionUnit, { description: 'What the attribution model counts.' })
  @Enum({ items: () => AttributionUnit })
  attributionUnit: Opt<AttributionUnit> = 'TOUCH';

  @Property({ type: 'json', nullable: true })
  fraud?: FraudTerms | null; // its risk rules; served by FraudResolver

  @Field(() => ID, {
    nullable: true,
    description:
      "The tenant's organisation at the identity provider: who has a role there signs in as one of its staff.",
  })
  @Property({ type: 'text', nullable: true })
  identityOrgId?: string | null;

  @Field(() => Date, { description: 'When the program was made.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  readonly createdAt!: Opt<Date>;

  @Field(() => Date, { description: 'When a setting last changed.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  readonly updatedAt!: Opt<Date>;
}

export const programTable: Table<Program> = {
  type: Program,
  from: 'programs g',
  alias: 'g',
  kind: 'program',
  attributes: owned('g'),
  columns: columnsOf(Program, 'g'),
  needs: {
    minimumPayout: ['minimumPayoutMinor', 'currency'],
    minimumPayouts: ['minimumPayoutMinor', 'currency', 'payoutMinimums'],
    secondApprovalAbove: ['secondApprovalAboveMinor', 'currency'],
  },
};
