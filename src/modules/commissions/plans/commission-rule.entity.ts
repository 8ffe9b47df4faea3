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
  description: 'Whose purchases a rule is for.',
  valuesConfig: {
    ANY: { description: "Everybody's, also where no customer is named." },
    NEW: { description: 'Of customers that bought nothing before.' },
    RETURNING: { description: 'Of customers that bought before.' },
  },
});
registerEnumType(BandMode, {
  name: 'BandMode',
  description: 'How the bands of a tiered rule apply.',
  valuesConfig: {
    PROGRESSIVE: { description: "Each band's rate inside the band." },
    RETROACTIVE: {
      description: "The reached band's rate for the whole period; crossing adds a TRUE_UP line.",
    },
  },
});
registerEnumType(RulePeriod, {
  name: 'RulePeriod',
  description: "Over what a tiered rule or a cap counts, in the program's time zone.",
  valuesConfig: {
    MONTH: { description: 'Calendar month.' },
    QUARTER: { description: 'Calendar quarter.' },
    YEAR: { description: 'Calendar year.' },
    LIFETIME: { description: 'Without end.' },
  },
});
registerEnumType(CapScope, {
  name: 'CapScope',
  description: 'What a cap limits.',
  valuesConfig: {
    SALE: { description: 'Each sale by itself.' },
    CUSTOMER: { description: "What one customer's sales earn." },
    PARTNER: { description: 'What the partner earns by the rule.' },
  },
});

export interface StoredBand {
  /** Minor units, as text. */
  readonly from: string;
  readonly rateBps: number;
}

@ObjectType({ simpleResolvers: true, description: 'A step of a tiered rule.' })
export class CommissionBand {
  @Field(() => MoneyColumn, {
    description: 'Revenue of the period from which on it applies, itself included.',
  })
  from!: MoneyColumn;

  @Field(() => Percentage, { description: 'Percent of a sale.' })
  rate!: number; // basis points
}

@ObjectType({ simpleResolvers: true, description: 'The most that a rule pays.' })
export class CommissionCap {
  @Field(() => MoneyColumn, { description: 'The most, itself included.' })
  amount!: MoneyColumn;

  @Field(() => CapScope, { description: 'What it limits.' })
  per!: CapScope;

  @Field(() => RulePeriod, { description: 'Over what it counts.' })
  period!: RulePeriod;
}

/** One version of a rule. No row ever changes: an edited rule is a further version from an instant on. */
@Entity({ tableName: 'commission_rules' })
@NotPersonal('terms of the program, or of a partner; its lines say what they earned by')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'One version of a commission rule: which sales it is for and what they earn by it.',
})
export class CommissionRule extends Base {
  @Field({ description: 'Who wrote this version.' })
  @Property({ type: 'text' })
  createdBy!: string;

  @Field(() => ID, { description: 'What all versions of the rule share.' })
  @Property({ type: 'uuid' })
  ruleKey!: string;

  @Field(() => Int, { description: 'Counts its versions from 1.' })
  @Property({ type: 'integer' })
  version!: number;

  @Property({ type: 'uuid', nullable: true })
  planId?: string | null;

  @Property({ type: 'uuid', nullable: true })
  partnerId?: string | null;

  @Field({ description: 'What it is called, as explanations name it.' })
  @Property({ type: 'text' })
  name!: string;

  @Field({ description: 'Whether the rule is in force no longer from `effectiveAt` on.' })
  @Property({ type: 'boolean' })
  ended!: boolean;

  @Field(() => Date, {
    description: 'From when this version is in force: for sales at that instant or later.',
  })
  @Property({ type: 'timestamptz', length: 3 })
  effectiveAt!: Date;

  @Field(() => String, {
    nullable: true,
    description: 'Your own id of the product that it is for; null: any.',
  })
  @Property({ type: 'text', nullable: true })
  product?: string | null;

  @Field(() => CustomerKind, { description: 'Whose purchases it is for.' })
  @Enum({ items: () => CustomerKind })
  customerKind!: CustomerKind;

  @Field(() => [String], {
    nullable: true,
    description: 'ISO 3166 codes of the countries that it is for; null: any.',
  })
  @Property({ type: 'text[]', nullable: true })
  countries?: string[] | null;

  @Field(() => [CommissionType], { nullable: true, description: 'The causes that it is for; null: any.' })
  @Property({ type: 'text[]', nullable: true })
  types?: CommissionType[] | null;

  @Property({ type: 'text', nullable: true })
  currency?: string | null;

  @Property({ type: 'bigint', nullable: true })
  minimumMinor?: bigint | null;

  @Field(() => CommissionMethod, { description: 'How it computes.' })
  @Enum({ items: () => CommissionMethod })
  method!: CommissionMethod;

  @Property({ type: 'integer', nullable: true })
  rateBps?: number | null;

  @Property({ type: 'bigint', nullable: true })
  perUnitMinor?: bigint | null;

  @Field(() => BandMode, { nullable: true, description: 'For TIERED: how its bands apply.' })
  @Enum({ items: () => BandMode, nullable: true })
  bandMode?: BandMode | null;

  @Property({ type: 'json', nullable: true })
  bandRows?: StoredBand[] | null;

  @Field(() => RulePeriod, { nullable: true, description: 'For TIERED: over what its bands count.' })
  @Enum({ items: () => RulePeriod, nullable: true })
  bandPeriod?: RulePeriod | null;

  @Field({ description: "Whether only a customer's first purchase earns." })
  @Property({ type: 'boolean' })
  firstPurchaseOnly!: boolean;

  @Field(() => Int, {
    nullable: true,
    description: "Months from a customer's first purchase that earn; null: no end.",
  })
  @Property({ type: 'integer', nullable: true })
  recurringMonths?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Purchases of a customer that earn, the first included; null: all.',
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
    description: 'The smallest sale that it is for, itself included.',
  })
  get minimumPurchase(): MoneyColumn | null {
    return amountOf(this.minimumMinor, this.currency);
  }

  @Field(() => Percentage, { nullable: true, description: 'For PERCENTAGE: percent of a sale.' })
  get rate(): number | null {
    return this.rateBps ?? null;
  }

  @Field(() => MoneyColumn, { nullable: true, description: 'For FLAT: the commission for one unit.' })
  get perUnit(): MoneyColumn | null {
    return amountOf(this.perUnitMinor, this.currency);
  }

  @Field(() => [CommissionBand], {
    nullable: true,
    description: 'For TIERED: its bands, lowest first; the last has no top.',
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
    description: 'Percent of the sales after its months or purchases are over; null: nothing.',
  })
  get stepDownRate(): number | null {
    return this.stepDownRateBps ?? null;
  }

  @Field(() => CommissionCap, { nullable: true, description: 'The most that it pays; null: no limit.' })
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
    bands: ['bandRows', 'currency'],
    stepDownRate: ['stepDownRateBps'],
    cap: ['capMinor', 'capPer', 'capPeriod', 'currency'],
    plan: ['planId'],
    partner: ['partnerId'],
  },
  one: { plan: { key: 'u.plan_id', table: () => commissionPlanTable } },
};

/** The rule as the arithmetic has it. */
export function ruleOf(row: CommissionRule): Rule & { readonly key: string } {
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
    until: null, // versions that a later one replaced are not read
  };
}

function termsOf({
  method,
  rateBps,
  perUnitMinor,
  bandMode,
  bandRows,
  bandPeriod,
}: CommissionRule): RuleTerms {
  if (method === 'PERCENTAGE') return { method, rateBps: rateBps as number };
  if (method === 'FLAT') return { method, perUnit: perUnitMinor as bigint };
  return {
    method: 'TIERED',
    mode: bandMode as BandMode,
    bands: (bandRows ?? []).map(({ from, rateBps: rate }) => ({ from: BigInt(from), rateBps: rate })),
    period: bandPeriod as RulePeriod,
  };
}
