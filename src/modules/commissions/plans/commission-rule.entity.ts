import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { BandMode } from '../../../domain/bands.ts';
import { CommissionMethod, CommissionType } from '../../../domain/commission.ts';
import { money } from '../../../domain/money.ts';
import { CapScope, CustomerKind, type Rule, RulePeriod, type RuleTerms } from '../../../domain/plan.ts';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import type { Table } from '../../../kernel/data/rows.ts';
import { Percentage } from '../../../kernel/request/scalars.ts';
import { commissionPlanTable } from './commission-plan.entity.ts';

registerEnumType(CustomerKind, {
  name: 'CustomerKind',
  description: 'Kind of customers to which a rule applies.',
  valuesConfig: {
    ANY: { description: 'All customers, and sales without a customer.' },
    NEW: { description: 'Customers without an earlier purchase.' },
    RETURNING: { description: 'Customers with an earlier purchase.' },
  },
});
registerEnumType(BandMode, {
  name: 'BandMode',
  description: 'How the bands of a TIERED rule apply.',
  valuesConfig: {
    PROGRESSIVE: { description: 'The rate of each band applies to the sales inside the band.' },
    RETROACTIVE: {
      description:
        'The rate of the reached band applies to all sales of the period. A sale that reaches another band adds a TRUE_UP commission.',
    },
  },
});
registerEnumType(RulePeriod, {
  name: 'RulePeriod',
  description: "Period over which a TIERED rule or a cap counts, in the program's time zone.",
  valuesConfig: {
    MONTH: { description: 'Calendar month.' },
    QUARTER: { description: 'Calendar quarter.' },
    YEAR: { description: 'Calendar year.' },
    LIFETIME: { description: 'No end.' },
  },
});
registerEnumType(CapScope, {
  name: 'CapScope',
  description: 'Scope of a cap.',
  valuesConfig: {
    SALE: { description: 'Limits the commission of each sale.' },
    CUSTOMER: { description: "Limits the commissions from one customer's sales." },
    PARTNER: { description: "Limits the partner's commissions from the rule." },
  },
});

export interface StoredBand {
  /** Minor units, as text. */
  readonly from: string;
  readonly rateBps: number;
}

@ObjectType({ simpleResolvers: true, description: 'A band of a TIERED rule.' })
export class CommissionBand {
  @Field(() => MoneyColumn, {
    description: 'Sales of the period from which the band applies, inclusive.',
  })
  from!: MoneyColumn;

  @Field(() => Percentage, { description: 'Rate in percent of a sale.' })
  rate!: number; // basis points
}

@ObjectType({ simpleResolvers: true, description: 'The highest amount that a rule pays.' })
export class CommissionCap {
  @Field(() => MoneyColumn, { description: 'The highest amount, inclusive.' })
  amount!: MoneyColumn;

  @Field(() => CapScope, { description: 'Scope of the limit.' })
  per!: CapScope;

  @Field(() => RulePeriod, { description: 'Period over which the cap counts.' })
  period!: RulePeriod;
}

/** One version of a rule. Rows never change: an edit adds a version that is in force from a given time. */
@Entity({ tableName: 'commission_rules' })
@NotPersonal('terms of the program or of a partner; the commissions name the terms that they used')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'One version of a commission rule, with its conditions and terms.',
})
export class CommissionRule extends Base {
  @Field({ description: 'Id of the person who created this version.' })
  @Property({ type: 'text' })
  createdBy!: string;

  @Field(() => ID, { description: 'Id that all versions of the rule share.' })
  @Property({ type: 'uuid' })
  ruleKey!: string;

  @Field(() => Int, { description: 'Number of the version, starting at 1.' })
  @Property({ type: 'integer' })
  version!: number;

  @Property({ type: 'uuid', nullable: true })
  planId?: string | null;

  @Property({ type: 'uuid', nullable: true })
  partnerId?: string | null;

  @Field({ description: 'Name of the rule, shown in explanations.' })
  @Property({ type: 'text' })
  name!: string;

  @Field({ description: 'True: the rule ends at `effectiveAt`.' })
  @Property({ type: 'boolean' })
  ended!: boolean;

  @Field(() => Date, {
    description: 'Time from which this version is in force, for sales at this time or later.',
  })
  @Property({ type: 'timestamptz', length: 3 })
  effectiveAt!: Date;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the product in your system. Null for any product.',
  })
  @Property({ type: 'text', nullable: true })
  product?: string | null;

  @Field(() => CustomerKind, { description: 'Kind of customer.' })
  @Enum({ items: () => CustomerKind })
  customerKind!: CustomerKind;

  @Field(() => [String], {
    nullable: true,
    description: 'ISO 3166 codes of the billing countries. Null for any country.',
  })
  @Property({ type: 'text[]', nullable: true })
  countries?: string[] | null;

  @Field(() => [CommissionType], {
    nullable: true,
    description: 'Causes of commissions. Null for any cause.',
  })
  @Property({ type: 'text[]', nullable: true })
  types?: CommissionType[] | null;

  @Property({ type: 'text', nullable: true })
  currency?: string | null;

  @Property({ type: 'bigint', nullable: true })
  minimumMinor?: bigint | null;

  @Field(() => CommissionMethod, { description: 'Method of computation.' })
  @Enum({ items: () => CommissionMethod })
  method!: CommissionMethod;

  @Property({ type: 'integer', nullable: true })
  rateBps?: number | null;

  @Property({ type: 'bigint', nullable: true })
  perUnitMinor?: bigint | null;

  @Property({ type: 'bigint', nullable: true })
  perOrderMinor?: bigint | null;

  @Field(() => BandMode, {
    nullable: true,
    description: 'For TIERED: how the bands apply. Null for other methods.',
  })
  @Enum({ items: () => BandMode, nullable: true })
  bandMode?: BandMode | null;

  @Property({ type: 'json', nullable: true })
  bandRows?: StoredBand[] | null;

  @Field(() => RulePeriod, {
    nullable: true,
    description: 'For TIERED: period over which sales count. Null for other methods.',
  })
  @Enum({ items: () => RulePeriod, nullable: true })
  bandPeriod?: RulePeriod | null;

  @Field({ description: "True: only a customer's first purchase earns." })
  @Property({ type: 'boolean' })
  firstPurchaseOnly!: boolean;

  @Field(() => Int, {
    nullable: true,
    description: "Months after a customer's first purchase in which purchases earn. Null without a limit.",
  })
  @Property({ type: 'integer', nullable: true })
  recurringMonths?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Number of a customer's purchases that earn, the first included. Null without a limit.",
  })
  @Property({ type: 'integer', nullable: true })
  recurringCount?: number | null;

  @Property({ type: 'integer', nullable: true })
  stepDownRateBps?: number | null;

  @Property({ type: 'bigint', nullable: true })
  capMinor?: bigint | null;

  @Enum({ items: () => CapScope, nullable: true })
  capPer?: CapScope | null;

  @Enum({ items: () => RulePeriod, nullable: true })
  capPeriod?: RulePeriod | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'The smallest sale to which the rule applies, inclusive. Null without a minimum.',
  })
  get minimumPurchase(): MoneyColumn | null {
    return amountOf(this.minimumMinor, this.currency);
  }

  @Field(() => Percentage, {
    nullable: true,
    description: 'For PERCENTAGE: rate in percent of a sale. Null for other methods.',
  })
  get rate(): number | null {
    return this.rateBps ?? null;
  }

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'For FLAT: the commission for one unit. Null for other methods, and with `perOrder`.',
  })
  get perUnit(): MoneyColumn | null {
    return amountOf(this.perUnitMinor, this.currency);
  }

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'For FLAT: the commission for one order. Null for other methods, and with `perUnit`.',
  })
  get perOrder(): MoneyColumn | null {
    return amountOf(this.perOrderMinor, this.currency);
  }

  @Field(() => [CommissionBand], {
    nullable: true,
    description:
      'For TIERED: the bands, lowest first. The last band has no upper limit. Null for other methods.',
  })
  get bands(): CommissionBand[] | null {
    return (
      this.bandRows?.map(({ from, rateBps }) => ({
        from: new MoneyColumn(money(BigInt(from), this.currency ?? '')),
        rate: rateBps,
      })) ?? null
    );
  }

  @Field(() => Percentage, {
    nullable: true,
    description:
      'Rate in percent after `recurringMonths` or `recurringCount` is exceeded. Null: later sales earn nothing.',
  })
  get stepDownRate(): number | null {
    return this.stepDownRateBps ?? null;
  }

  @Field(() => CommissionCap, {
    nullable: true,
    description: 'The highest amount that the rule pays. Null without a limit.',
  })
  get cap(): CommissionCap | null {
    const amount = amountOf(this.capMinor, this.currency);
    return amount && this.capPer && this.capPeriod
      ? { amount, per: this.capPer, period: this.capPeriod }
      : null;
  }
}

const amountOf = (
  minor: bigint | null | undefined,
  currency: string | null | undefined,
): MoneyColumn | null => (minor == null ? null : new MoneyColumn(money(minor, currency ?? '')));

export const commissionRuleTable: Table<CommissionRule> = {
  type: CommissionRule,
  from: 'commission_rules u',
  alias: 'u',
  kind: 'rule',
  attributes: {
    tenantId: { sql: 'u.tenant_id', is: 'string' },
    partnerId: { sql: 'u.partner_id', is: 'string' },
  },
  columns: columnsOf(CommissionRule, 'u'),
  needs: {
    minimumPurchase: ['minimumMinor', 'currency'],
    rate: ['rateBps'],
    perUnit: ['perUnitMinor', 'currency'],
    perOrder: ['perOrderMinor', 'currency'],
    bands: ['bandRows', 'currency'],
    stepDownRate: ['stepDownRateBps'],
    cap: ['capMinor', 'capPer', 'capPeriod', 'currency'],
    plan: ['planId'],
    partner: ['partnerId'],
  },
  one: { plan: { key: 'u.plan_id', table: () => commissionPlanTable } },
};

/** Converts a stored rule version to the rule of the domain. */
export function ruleOf(row: CommissionRule): Rule {
  return {
    id: row.id,
    key: row.ruleKey,
    name: row.name,
    version: row.version,
    of: row.partnerId ? 'PARTNER' : 'PLAN',
    product: row.product ?? null,
    customerKind: row.customerKind,
    countries: row.countries ?? null,
    types: row.types ?? null,
    minimum: row.minimumMinor ?? null,
    currency: row.currency ?? null,
    terms: termsOf(row),
    firstPurchaseOnly: row.firstPurchaseOnly,
    recurringMonths: row.recurringMonths ?? null,
    recurringCount: row.recurringCount ?? null,
    stepDownRateBps: row.stepDownRateBps ?? null,
    cap:
      row.capMinor == null
        ? null
        : { limit: row.capMinor, per: row.capPer as CapScope, period: row.capPeriod as RulePeriod },
    from: row.effectiveAt,
    until: null, // replaced versions are not read, so no version has an end
  };
}

function termsOf({
  method,
  rateBps,
  perUnitMinor,
  perOrderMinor,
  bandMode,
  bandRows,
  bandPeriod,
}: CommissionRule): RuleTerms {
  if (method === 'PERCENTAGE') return { method, rateBps: rateBps as number };
  if (method === 'FLAT')
    return perOrderMinor == null
      ? { method, perUnit: perUnitMinor as bigint }
      : { method, perOrder: perOrderMinor };
  return {
    method: 'TIERED',
    mode: bandMode as BandMode,
    bands: (bandRows ?? []).map(({ from, rateBps: rate }) => ({ from: BigInt(from), rateBps: rate })),
    period: bandPeriod as RulePeriod,
  };
}
