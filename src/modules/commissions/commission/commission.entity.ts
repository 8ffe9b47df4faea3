import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import {
  CommissionMethod,
  CommissionStatus,
  CommissionType,
  RejectCode,
} from '../../../domain/commission.ts';
import type { StoredComputed } from '../../../domain/computed.ts';
import type { Act, DutyReason } from '../../../domain/duties.ts';
import type { EnteredRate } from '../../../domain/exchange.ts';
import { RoundingMode } from '../../../domain/money.ts';
import { PartnerTier } from '../../../domain/partner.ts';
import { RuleLevel } from '../../../domain/plan.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { ErasedTo, erased, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { column, moneyColumn, owned, type Table } from '../../../kernel/data/rows.ts';
import { JSONObject, Percentage } from '../../../kernel/request/scalars.ts';
import { partnerTable } from '../../partners/partner/public.ts';
import { customerTable } from '../../tracking/customers/public.ts';
import { referralTable } from '../../tracking/referrals/public.ts';
import { commissionRuleTable } from '../plans/public.ts';

registerEnumType(CommissionStatus, {
  name: 'CommissionStatus',
  description: 'Status of a commission.',
  valuesConfig: {
    PENDING: { description: 'The commission waits for approval.' },
    HELD: {
      description:
        'The commission has an open hold, see `holds`. It cannot be approved or paid until every hold is released.',
    },
    APPROVED: { description: 'The commission is owed to the partner. The next payout may pay it.' },
    ALLOCATED: { description: 'The commission is part of a payout that is not paid yet.' },
    PAID: {
      description:
        'The payout of the commission is paid. The commission never changes again: a refund adds a negative commission.',
    },
    REJECTED: { description: 'A reviewer refused the commission.' },
    REVERSED: { description: 'The whole commission was reversed before it was paid.' },
  },
});
registerEnumType(CommissionType, {
  name: 'CommissionType',
  description: 'Cause of a commission.',
  valuesConfig: {
    SIGNUP: { description: "A customer's first purchase." },
    RECURRING: { description: 'A later payment of a subscription.' },
    RENEWAL: { description: 'A renewed contract.' },
    UPGRADE: { description: 'A change to a larger plan.' },
    ONE_TIME: { description: 'A single purchase, without a subscription or contract.' },
    BONUS: { description: 'An amount granted in addition to sales. It does not count as revenue.' },
    TRUE_UP: {
      description:
        'The amount added to earlier sales of the period when a sale reaches another band. Only a rule creates this type.',
    },
    ADJUSTMENT: {
      description:
        'A correction. It restores the amount of a lost dispute that is decided for the program after all, or moves a payout remainder. Only `resolveDispute` and payouts create this type.',
    },
    REVERSAL: {
      description:
        'A refund. Its negative amount reverses a share of another commission. `reverseCommission`, `refundSale`, a lost dispute and confirmed fraud create this type.',
    },
  },
});
registerEnumType(RejectCode, {
  name: 'RejectCode',
  description: 'Category of the reason for a rejection.',
  valuesConfig: {
    DUPLICATE: { description: 'The sale was already counted.' },
    FRAUD: { description: 'The sale was not genuine.' },
    NOT_ELIGIBLE: { description: 'The partner or the customer is not eligible for this commission.' },
    TERMS: { description: "The sale violates the program's terms." },
    OTHER: { description: 'Another reason, see `reason`.' },
  },
});
registerEnumType(CommissionMethod, {
  name: 'CommissionMethod',
  description: 'Method by which a commission is computed.',
  valuesConfig: {
    PERCENTAGE: { description: 'A percentage of the commission base.' },
    FLAT: { description: 'A fixed amount for each unit.' },
    TIERED: { description: 'By the bands that the sales of the period have reached.' },
  },
});

/** Facts about a sale that waits for its exchange rate and that have no columns of their own. */
export interface UnratedSale {
  /** The day, in the program's time zone, whose rate is missing. */
  readonly day: string;
  readonly quantity: number | null;
  /** The rate given for this commission alone, in basis points. */
  readonly rateBps: number | null;
  /** The two currencies, in the direction of the exchange. */
  readonly from: string;
  readonly to: string;
  /** The whole order in minor units, as text. */
  readonly purchase: string | null;
  /** The bases of the order's items, and the parts of an amount per unit, as text. */
  readonly among: { readonly parts: readonly string[]; readonly index: number } | null;
  readonly scale: UnratedSale['among'];
  /** The products of the order, with their amounts as text. */
  readonly products: {
    readonly index: number;
    readonly all: readonly {
      readonly product: string | null;
      readonly base: string;
      readonly open: string;
    }[];
  } | null;
  /** The partner's rate, the rules and an affiliate's own terms at the time of the sale, as they were read. */
  readonly terms: {
    readonly partnerRateBps: number | null;
    readonly rules: readonly object[];
    readonly affiliate: object | null;
  };
}

/** An amount owed to one partner for one cause. The terms are stored with it and never change; only its status changes. */
@Entity({ tableName: 'commissions' })
@Shows(['id'], 'PARTNER', 'CUSTOMER')
@Shows(['createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'An amount owed to one partner for one cause.' })
export class Commission extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  customerId?: string | null;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  referralId?: string | null;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  conversionId?: string | null;

  @Property({ type: 'uuid', nullable: true })
  @ShownTo('PARTNER')
  reversesId?: string | null; // the commission that this REVERSAL takes a share of

  @Field(() => CommissionType, { description: 'Cause of the commission.' })
  @Enum({ items: () => CommissionType })
  @ShownTo('PARTNER', 'CUSTOMER')
  type!: CommissionType;

  @Field(() => CommissionMethod, { description: 'Method by which the commission was computed.' })
  @Enum({ items: () => CommissionMethod })
  @ShownTo('PARTNER')
  method!: CommissionMethod;

  @Field(() => CommissionStatus, { description: 'Status of the commission.' })
  @Enum({ items: () => CommissionStatus })
  @ShownTo('PARTNER')
  status!: CommissionStatus; // ALLOCATED and PAID are read from the payout and never stored

  @Field(() => MoneyColumn, {
    description:
      'The commission base: the amount of the sale, net of tax and discount. Negative for a refund.',
  })
  @Embedded(() => MoneyColumn, { prefix: 'base_' })
  @ShownTo('PARTNER', 'CUSTOMER')
  baseAmount!: MoneyColumn;

  @Property({ type: 'integer', nullable: true })
  @ShownTo('PARTNER')
  rateBps?: number | null;

  @Field(() => Percentage, {
    nullable: true,
    description: 'Rate in percent of the base. Null for a FLAT commission.',
  })
  get rate(): Opt<number> | null {
    return this.rateBps ?? null;
  }

  @Enum({ items: () => RuleLevel, nullable: true })
  @ShownTo('PARTNER')
  rateSource?: RuleLevel | null;

  @Enum({ items: () => PartnerTier })
  @ShownTo('PARTNER')
  tier!: PartnerTier; // in force at occurredAt

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  perUnitMinor?: bigint | null;

  @Field(() => Int, { nullable: true, description: 'Units sold. Null for a PERCENTAGE commission.' })
  @Property({ type: 'integer', nullable: true })
  @ShownTo('PARTNER')
  quantity?: number | null;

  @Enum({ items: () => RoundingMode })
  @ShownTo('PARTNER')
  roundingMode!: RoundingMode;

  @Field(() => MoneyColumn, { description: 'The amount owed to the partner. Negative for a refund.' })
  @Embedded(() => MoneyColumn)
  @ShownTo('PARTNER')
  amount!: MoneyColumn;

  @Property({ type: 'bigint' })
  @Withheld('base_minor, or null')
  revenueMinor!: bigint; // the part of the base that metrics count as revenue: 0 where the conversion counts it

  @Property({ type: 'text', default: '(none)' })
  @ShownTo('PARTNER')
  source!: Opt<string>; // traffic source of the customer, for metrics

  @Field(() => String, { nullable: true, description: 'Id of the subscription in your system.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  subscriptionId?: string | null;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id; `computation` names the rule')
  ruleId?: string | null; // the rule version that computed the commission

  @Field(() => String, { nullable: true, description: 'Id of the sold product in your system.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER', 'CUSTOMER')
  product?: string | null;

  @Field(() => String, { nullable: true, description: 'ISO 3166 code of the billing country.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER', 'CUSTOMER')
  country?: string | null;

  @Property({ type: 'integer', default: 0 })
  @ShownTo('PARTNER')
  lineNumber!: Opt<number>; // position among the commissions of one sale

  @Property({ type: 'uuid', nullable: true })
  @ShownTo('PARTNER')
  adjustsId?: string | null; // the commission that this TRUE_UP changes, or whose lost dispute this ADJUSTMENT restores

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  itemId?: string | null; // the item of the sale, for lines that follow its commission; the commission of the sale has the item's id

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  carriedBy?: string | null; // the payout whose remainder this ADJUSTMENT takes out of the payout, or keeps owed

  @Field(() => String, {
    nullable: true,
    description: 'Id of the order in your system. An order is recorded once.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER', 'CUSTOMER')
  orderId?: string | null;

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  saleMinor?: bigint | null; // the sale in its own currency, where that differs from the commission's

  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  saleCurrency?: string | null;

  @Property({ type: 'json', nullable: true })
  @ShownTo('PARTNER')
  exchange?: EnteredRate | null; // the exchange rate that converted the sale into the base

  @Property({ type: 'json', nullable: true })
  @ShownTo('PARTNER')
  unrated?: UnratedSale | null; // set while the exchange rate is missing: the facts to compute the commission later

  @Property({ type: 'json', nullable: true })
  @ShownTo('PARTNER')
  computation?: StoredComputed | null; // the stored steps from which the amount can be recomputed

  @Field(() => Date, { description: 'Time of the sale.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER', 'CUSTOMER')
  occurredAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: "End of the hold days: `occurredAt` plus the program's hold days. Null for a refund.",
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  holdUntil?: Date | null;

  @Field(() => Date, { nullable: true, description: 'Time of the approval. Null before the approval.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  approvedAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Id of the person who approved the commission, or `system` for an automatic approval. Null before the approval.',
  })
  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
  approvedBy?: string | null;

  @Field(() => String, { nullable: true, description: 'Reason for the rejection or reversal.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  reason?: string | null;

  @Field(() => RejectCode, {
    nullable: true,
    description: 'Category of the reason for the rejection. Null when none was given.',
  })
  @Enum({ items: () => RejectCode, nullable: true })
  @ShownTo('PARTNER')
  rejectCode?: RejectCode | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
  createdBy?: string | null; // set when a person created the commission: that person may not approve it

  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member or an API client; accounting records')
  statedBy?: string | null; // the caller who recorded the sale: that caller may not approve the commission either

  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
  causedBy?: string | null; // the caller whose refund, rejection or decided dispute created this commission

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  causeId?: string | null; // the commission of the sale that raised this TRUE_UP: it is held as long as that one is

  @Field(() => JSONObject, { description: 'Your own notes on it.' })
  @Property({ type: 'json', default: '{}' })
  @ShownTo('PARTNER', 'CUSTOMER')
  @ErasedTo(erased.notes)
  metadata!: Opt<Record<string, unknown>>;

  @Field(() => Date, { description: 'Time of the last change of the record.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  @Withheld('bookkeeping')
  readonly updatedAt!: Opt<Date>;
}

/** Joins the payout to which a commission is allocated. It decides whether an approved commission is ALLOCATED or PAID. */
const claim = `left join payout_items i on i.commission_id = c.id and i.voided_at is null
  left join payouts o on o.id = i.payout_id`;

/** True when a hold on the commission is open. A dispute keeps an approved commission out of payouts; the table still says
 *  APPROVED. */
export const held =
  'exists (select from commission_holds h where h.commission_id in (c.id, c.cause_id) and holds_line(h.commission_id, c) and h.released_at is null)';

/** The people whom a duty keeps from an act on the commission, for one reason. */
const barredFor = (act: Act, reason: DutyReason): string => `barred_for(c, '${act}', '${reason}')`;

export const commissionTable: Table<Commission> = {
  type: Commission,
  from: 'commissions c',
  alias: 'c',
  kind: 'commission',
  attributes: {
    ...owned('c', 'c.partner_id'),
    makers: { sql: barredFor('APPROVE', 'OWN_LINE'), is: 'strings' },
    deciders: { sql: barredFor('APPROVE', 'DECIDED_SOURCE'), is: 'strings' },
    pricers: { sql: barredFor('APPROVE', 'OWN_TERMS'), is: 'strings' },
    status: { sql: 'c.status', is: 'string' },
    amountMinor: { sql: 'c.amount_minor', is: 'number' },
  },
  columns: {
    ...columnsOf(Commission, 'c'),
    // The partner's share of a sale that is credited to several partners.
    part: column(
      `(select jsonb_build_object('share', a.share_minor::text, 'sale', a.sale_minor::text, 'currency', a.currency, 'own', a.own_touches,
        'all', a.all_touches, 'model', a.model)
        from attribution_shares a where a.conversion_id = c.conversion_id and a.share_minor < a.sale_minor)`,
    ),
    status: column(
      `case when o.status = 'PAID' then 'PAID' when o.id is not null then 'ALLOCATED'
        when c.status = 'APPROVED' and ${held} then 'HELD' else c.status end`,
      claim,
    ),
    payoutId: column('o.id', claim),
    orderId: column(
      'coalesce(c.order_id, (select v.order_id from conversions v where v.id = c.conversion_id))',
    ),
    // The exchanged sale of a commission that follows another one.
    sold: column(
      `(select jsonb_build_object('minor', o.sale_minor::text, 'currency', o.sale_currency, 'worth', o.base_minor::text, 'exchange', o.exchange)
        from commissions o where o.id = c.item_id and o.exchange is not null)`,
    ),
    saleAmount: moneyColumn('c.sale_minor', 'c.sale_currency'),
    // The waiting refunds that were applied in the transaction that recorded the sale.
    refundedEarly: column(
      '(select -sum(coalesce(e.sale_minor, e.base_minor))::bigint from commissions e where e.reverses_id = c.id and e.created_at = c.created_at)',
    ),
  },
  one: {
    partner: { key: 'c.partner_id', table: () => partnerTable },
    customer: { key: 'c.customer_id', table: () => customerTable },
    referral: { key: 'c.referral_id', table: () => referralTable },
    rule: { key: 'c.rule_id', table: () => commissionRuleTable },
  },
  needs: {
    rate: ['rateBps'],
    partner: ['partnerId'],
    customer: ['customerId'],
    referral: ['referralId'],
    payout: ['payoutId'],
    reversedAmount: ['amount'],
    rule: ['ruleId'],
    attribution: ['conversionId'],
    saleAmount: ['saleAmount'],
    reverses: ['reversesId'],
    adjusts: ['adjustsId'],
    explanation: [
      'type',
      'computation',
      'amount',
      'baseAmount',
      'tier',
      'roundingMode',
      'method',
      'rateBps',
      'rateSource',
      'perUnitMinor',
      'quantity',
      'product',
      'reversesId',
      'carriedBy',
      ...['saleMinor', 'saleCurrency', 'exchange', 'unrated', 'refundedEarly', 'part', 'sold'],
    ],
  },
};
