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
import { Percentage } from '../../../kernel/request/scalars.ts';

interface LimitRaise {
  readonly from: string | null;
  readonly least: string | null;
}

registerEnumType(RoundingMode, {
  name: 'RoundingMode',
  description: 'Rounding of a commission to minor units; symmetric for negative amounts.',
  valuesConfig: {
    HALF_UP: { description: 'Half away from zero.' },
    HALF_EVEN: { description: "Half to even (banker's rounding)." },
    DOWN: { description: 'Toward zero.' },
  },
});
registerEnumType(Settlement, {
  name: 'Settlement',
  description: 'Settlement currency of commissions.',
  valuesConfig: {
    SALE: { description: 'Currency of the sale.' },
    PARTNER: {
      description:
        "The partner's currency. The sale is converted at the rate of its day, which is stored on the commission.",
    },
  },
});
registerEnumType(FlatRefund, {
  name: 'FlatRefund',
  description: 'Effect of a partial refund on a flat commission.',
  valuesConfig: {
    PROPORTIONAL: { description: 'Reverses the refunded share of the commission.' },
    ALL_OR_NOTHING: { description: 'Reverses the commission only after a full refund.' },
  },
});
registerEnumType(TrackingConsent, {
  name: 'TrackingConsent',
  description: "Condition for setting a visitor's cookie.",
  valuesConfig: {
    NOT_NEEDED: { description: 'Sets a cookie, unless the browser sends a do-not-track signal.' },
    REQUIRED: {
      description:
        'Sets a cookie only with `consent=granted` in the link. Without it, the click id in the URL identifies the click.',
    },
  },
});

registerEnumType(AttributionModel, {
  name: 'AttributionModel',
  description: 'Attribution model: the clicks that are credited with a sale, and their shares.',
  valuesConfig: {
    FIRST: { description: 'The first click gets the whole sale.' },
    LAST: { description: 'The last click gets the whole sale.' },
    LINEAR: { description: 'All clicks get equal shares.' },
    POSITION: {
      description:
        'The first and the last click get 40 % each; the clicks between share 20 %. Two clicks get 50 % each.',
    },
    TIME_DECAY: {
      description: 'All clicks; the weight of a click halves with every seven days before the sale.',
    },
  },
});
registerEnumType(AttributionUnit, {
  name: 'AttributionUnit',
  description: 'Unit of the attribution model.',
  valuesConfig: {
    TOUCH: { description: 'Each click is one unit.' },
    PARTNER: {
      description: 'Each partner is one unit, with its last click; under FIRST with its first click.',
    },
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

  @Field(() => String, {
    description: 'ISO 4217 code of the currency of tier thresholds and of the minimum payout.',
  })
  @Property({ type: 'text' })
  currency: Opt<string> = 'USD';

  @Field(() => String, {
    description: 'IANA time zone of days, months and payout periods, e.g. `America/New_York`.',
  })
  @Property({ type: 'text' })
  timeZone: Opt<string> = 'UTC';

  @Field(() => RoundingMode, { description: 'Rounding of new commissions.' })
  @Enum({ items: () => RoundingMode })
  roundingMode: Opt<RoundingMode> = 'HALF_UP';

  @Field(() => FlatRefund, { description: 'Effect of a partial refund on a flat commission.' })
  @Enum({ items: () => FlatRefund })
  flatRefund: Opt<FlatRefund> = 'PROPORTIONAL';

  @Field(() => Settlement, { description: 'Settlement currency of new commissions.' })
  @Enum({ items: () => Settlement })
  settlement: Opt<Settlement> = 'SALE';

  @Field(() => Int, {
    description: 'Refund period of new commissions in days after the sale (`Commission.holdUntil`).',
  })
  @Property({ type: 'integer' })
  holdDays: Opt<number> = 30;

  @Field(() => Boolean, {
    description:
      'True if commissions are approved automatically after their refund period, except manual and held ones.',
  })
  @Property({ type: 'boolean' })
  autoApprove: Opt<boolean> = false;

  @Property({ type: 'bigint' })
  minimumPayoutMinor: Opt<bigint> = 0n; // in the program's currency; served by ProgramResolver

  /** Of currencies other than the program's: minor units by code; served by ProgramResolver. */
  @Property({ type: 'json', defaultRaw: `'{}'` })
  payoutMinimums: Opt<Record<string, string>> = {};

  @Field(() => Boolean, {
    description: 'True if payout runs start automatically at the end of a period.',
  })
  @Property({ type: 'boolean' })
  autoPayouts: Opt<boolean> = false;

  @Property({ type: 'bigint', nullable: true })
  secondApprovalAboveMinor?: bigint | null; // in the program's currency; served by ProgramResolver

  /** By the caller that raised or removed that limit, or shortened `splitDays`: the limit before, and the lowest limit since.
   *  In minor units; null without a limit. */
  @Property({ type: 'json', default: '{}' })
  limitRaises: Opt<Record<string, LimitRaise>> = {};

  @Field(() => Int, {
    description:
      'Payouts to one partner within this number of days count together for the limit of a single approver.',
  })
  @Property({ type: 'integer' })
  splitDays: Opt<number> = 7;

  @Field(() => Int, {
    description:
      'Largest number of open deals that a partner registered itself. Staff may register more for the partner.',
  })
  @Property({ type: 'integer' })
  dealsPerPartner: Opt<number> = 50;

  @Field(() => Int, {
    description:
      'Days for which the first partner to submit a prospect owns it: of every lead, and of a deal without days of its own.',
  })
  @Property({ type: 'integer' })
  prospectDays: Opt<number> = 90;

  @Property({ type: 'integer' })
  rateChangeLimitBps: Opt<number> = 2_000;

  @Field(() => Percentage, {
    description:
      'Change of an exchange rate, in percent of the rate before, above which a second person confirms the new rate.',
  })
  get rateChangeLimit(): Opt<number> {
    return this.rateChangeLimitBps;
  }

  @Field(() => Boolean, { description: 'True if tiers are evaluated automatically each month.' })
  @Property({ type: 'boolean' })
  automaticTiers: Opt<boolean> = true;

  @Field(() => Int, { description: 'Days between the end of a month and its tier evaluation.' })
  @Property({ type: 'integer' })
  tierSettleDays: Opt<number> = 3;

  @Field(() => Int, {
    description:
      'Number of months below its tier after which a partner still keeps the tier; the next one lowers it.',
  })
  @Property({ type: 'integer' })
  tierGraceMonths: Opt<number> = 1;

  @Field(() => Int, { description: 'Largest number of tiers by which one month lowers a partner.' })
  @Property({ type: 'integer' })
  tierMaxDrop: Opt<number> = 1;

  @Field(() => Int, {
    description: 'Days after its last purchase during which a customer counts as active for tiers.',
  })
  @Property({ type: 'integer' })
  customerActiveDays: Opt<number> = 365;

  @Field(() => [String], {
    description:
      'Allowed hosts of tracking links, e.g. `shop.example.com`. Links never redirect to another host.',
  })
  @Property({ type: 'text[]', default: [] })
  landingHosts: Opt<string[]> = [];

  @Field(() => String, {
    nullable: true,
    description: 'Default page of tracking links.',
  })
  @Property({ type: 'text', nullable: true })
  landingUrl?: string | null;

  @Field(() => TrackingConsent, { description: 'Condition for setting a cookie.' })
  @Enum({ items: () => TrackingConsent })
  trackingConsent: Opt<TrackingConsent> = 'NOT_NEEDED';

  @Field(() => AttributionModel, {
    description:
      'Attribution model for a first purchase without a deal, coupon, lead or assignment. Later purchases follow the customer.',
  })
  @Enum({ items: () => AttributionModel })
  attributionModel: Opt<AttributionModel> = 'LAST';

  @Field(() => AttributionUnit, { description: 'Unit of the attribution model.' })
  @Enum({ items: () => AttributionUnit })
  attributionUnit: Opt<AttributionUnit> = 'TOUCH';

  @Property({ type: 'json', nullable: true })
  fraud?: FraudTerms | null; // its risk rules; served by FraudResolver

  @Field(() => ID, {
    nullable: true,
    description:
      "The tenant's organisation at the identity provider. Its users with a role sign in as staff.",
  })
  @Property({ type: 'text', nullable: true })
  identityOrgId?: string | null;

  @Field(() => Date, { description: 'Time of creation.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  readonly createdAt!: Opt<Date>;

  @Field(() => Date, { description: 'Time of the last change of a setting.' })
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
    rateChangeLimit: ['rateChangeLimitBps'],
    secondApprovalAbove: ['secondApprovalAboveMinor', 'currency'],
  },
};
