import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import {
  CommissionMethod,
  CommissionStatus,
  CommissionType,
  RejectCode,
} from '../../../domain/commission.ts';
import type { KeptComputation } from '../../../domain/computation.ts';
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
  description: 'Where a commission is on its way to the partner.',
  valuesConfig: {
    PENDING: { description: 'Waits for approval.' },
    HELD: { description: 'Kept back while a hold on it is open: see `holds`. Nobody approves or pays it.' },
    APPROVED: { description: 'Owed; the next payout may claim it.' },
    ALLOCATED: { description: 'Claimed by a payout that is under way.' },
    PAID: { description: 'Paid by its payout. It never changes again: a refund adds a negative line.' },
    REJECTED: { description: 'Refused by a reviewer.' },
    REVERSED: { description: 'Taken back whole before it was paid.' },
  },
});
registerEnumType(CommissionType, {
  name: 'CommissionType',
  description: 'The cause of a commission.',
  valuesConfig: {
    SIGNUP: { description: "A customer's first purchase." },
    RECURRING: { description: 'A further payment of a subscription.' },
    RENEWAL: { description: 'A renewed contract.' },
    UPGRADE: { description: 'A larger plan.' },
    ONE_TIME: { description: 'A purchase that stands alone.' },
    BONUS: { description: 'Granted beside a sale; not counted as revenue.' },
    TRUE_UP: {
      description:
        'What a sale that crosses into another band adds to the sales of the period before. Made by the rule only.',
    },
    ADJUSTMENT: {
      description:
        'Gives back what a lost dispute took, decided for the program after all. Made by resolveDispute only.',
    },
    REVERSAL: {
      description: 'A refund: takes back a share of another line. Made by reverseCommission only.',
    },
  },
});
registerEnumType(RejectCode, {
  name: 'RejectCode',
  description: 'What kind of reason a commission was rejected for.',
  valuesConfig: {
    DUPLICATE: { description: 'The sale was counted already.' },
    FRAUD: { description: 'The sale was not a true one.' },
    NOT_ELIGIBLE: { description: 'The partner or the customer does not take part.' },
    TERMS: { description: "It breaks the program's terms." },
    OTHER: { description: 'What the reason says.' },
  },
});
registerEnumType(CommissionMethod, {
  name: 'CommissionMethod',
  description: 'How a commission is computed.',
  valuesConfig: {
    PERCENTAGE: { description: 'A percentage of its base.' },
    FLAT: { description: 'An amount for each unit.' },
    TIERED: { description: 'By the bands that the revenue of its period has reached.' },
  },
});

/** What its columns do not say of a sale that waits for its exchange rate. */
export interface UnratedSale {
  /** The day of the program's time zone whose rate is missing. */
  readonly day: string;
  readonly quantity: number | null;
  /** The line's own rate, in basis points. */
  readonly rateBps: number | null;
  /** The whole order's base, as text. */
  readonly purchase: string | null;
}

/** One line owed to one partner for one cause. What made it is kept on it; only its status moves. */
@Entity({ tableName: 'commissions' })
@Shows(['id'], 'PARTNER', 'CUSTOMER')
@Shows(['createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'One line owed to one partner for one cause.' })
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
  reversesId?: string | null; // the line that this one takes back a share of

  @Field(() => CommissionType, { description: 'Its cause.' })
  @Enum({ items: () => CommissionType })
  @ShownTo('PARTNER', 'CUSTOMER')
  type!: CommissionType;

  @Field(() => CommissionMethod, { description: 'How it was computed.' })
  @Enum({ items: () => CommissionMethod })
  @ShownTo('PARTNER')
  method!: CommissionMethod;

  @Field(() => CommissionStatus, { description: 'Where it is on its way to the partner.' })
  @Enum({ items: () => CommissionStatus })
  @ShownTo('PARTNER')
  status!: CommissionStatus; // ALLOCATED and PAID are read from its payout, never stored

  @Field(() => MoneyColumn, {
    description: 'The sale that it is computed on, net of tax; negative for a refund.',
  })
  @Embedded(() => MoneyColumn, { prefix: 'base_' })
  @ShownTo('PARTNER', 'CUSTOMER')
  baseAmount!: MoneyColumn;

  @Property({ type: 'integer', nullable: true })
  @ShownTo('PARTNER')
  rateBps?: number | null;

  @Field(() => Percentage, { nullable: true, description: 'Percent of the base; null for a FLAT one.' })
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

  @Field(() => Int, { nullable: true, description: 'Units of a FLAT one; null for a percentage.' })
  @Property({ type: 'integer', nullable: true })
  @ShownTo('PARTNER')
  quantity?: number | null;

  @Enum({ items: () => RoundingMode })
  @ShownTo('PARTNER')
  roundingMode!: RoundingMode;

  @Field(() => MoneyColumn, { description: 'What the partner is owed by it; negative for a refund.' })
  @Embedded(() => MoneyColumn)
  @ShownTo('PARTNER')
  amount!: MoneyColumn;

  @Property({ type: 'bigint' })
  @Withheld('base_minor, or nothing')
  revenueMinor!: bigint; // of its base, what metrics count as the partner's revenue: 0 where the conversion counts it

  @Property({ type: 'text', default: '(none)' })
  @ShownTo('PARTNER')
  source!: Opt<string>; // where the customer came from, for metrics

  @Field(() => String, { nullable: true, description: 'Your own id of the subscription.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('CUSTOMER')
  subscriptionId?: string | null;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id; `computation` names the rule')
  ruleId?: string | null; // the version of the rule that made it

  @Field(() => String, { nullable: true, description: 'Your own id of the product that was sold.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER', 'CUSTOMER')
  product?: string | null;

  @Field(() => String, { nullable: true, description: 'ISO 3166 code of the country that was billed.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER', 'CUSTOMER')
  country?: string | null;

  @Property({ type: 'integer', default: 0 })
  @ShownTo('PARTNER')
  lineNumber!: Opt<number>; // of the lines of one sale

  @Property({ type: 'uuid', nullable: true })
  @ShownTo('PARTNER')
  adjustsId?: string | null; // the line whose sale made this TRUE_UP, or whose lost dispute this ADJUSTMENT gives back

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  carriedBy?: string | null; // the payout whose rail could not carry it: an ADJUSTMENT that takes it out, or keeps it owed

  @Field(() => String, {
    nullable: true,
    description: 'Your own id of the order; a partner earns on an order once.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER', 'CUSTOMER')
  orderId?: string | null;

  @Property({ type: 'bigint', nullable: true })
  @ShownTo('PARTNER')
  saleMinor?: bigint | null; // the sale in its own currency, where that is not the line's

  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  saleCurrency?: string | null;

  @Property({ type: 'json', nullable: true })
  @ShownTo('PARTNER')
  exchange?: EnteredRate | null; // the rate that made the base of the sale

  @Property({ type: 'json', nullable: true })
  @ShownTo('PARTNER')
  unrated?: UnratedSale | null; // the rate is missing: what is needed to work the line out once it is there

  @Property({ type: 'json', nullable: true })
  @ShownTo('PARTNER')
  computation?: KeptComputation | null; // how it came to its amount: all that is needed to work it out again

  @Field(() => Date, { description: 'When the sale happened.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER', 'CUSTOMER')
  occurredAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: "End of its refund period: `occurredAt` and the program's hold days; null for a refund.",
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  holdUntil?: Date | null;

  @Field(() => Date, { nullable: true, description: 'When it was approved.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  approvedAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Who approved it.' })
  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff; accounting records')
  approvedBy?: string | null;

  @Field(() => String, { nullable: true, description: 'Why it was rejected or taken back.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  reason?: string | null;

  @Field(() => RejectCode, {
    nullable: true,
    description: 'What kind of reason it was rejected for, where one was given.',
  })
  @Enum({ items: () => RejectCode, nullable: true })
  @ShownTo('PARTNER')
  rejectCode?: RejectCode | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff; accounting records')
  createdBy?: string | null; // set when made by hand: that person may not approve it

  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff or a program; accounting records')
  statedBy?: string | null; // who told of the sale, by hand or not: it may not approve the line either

  @Field(() => JSONObject, { description: 'Your own notes on it.' })
  @Property({ type: 'json', default: '{}' })
  @ShownTo('PARTNER', 'CUSTOMER')
  @ErasedTo(erased.notes)
  metadata!: Opt<Record<string, unknown>>;

  @Field(() => Date, { description: 'When the record last changed.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  @Withheld('bookkeeping')
  readonly updatedAt!: Opt<Date>;
}

/** The payout that has claimed a line, if any; it decides whether an approved line is ALLOCATED or PAID. */
const claim = `left join payout_items i on i.commission_id = c.id and i.voided_at is null
  left join payouts o on o.id = i.payout_id`;

/** Whether a hold on the line is open. A dispute keeps an approved line from its payout; it stays APPROVED in the table. */
export const held =
  'exists (select from commission_holds h where h.commission_id = c.id and h.released_at is null)';

/** What explains a refund: its line, and the refunds of that with it and before it, in the order in which they were made. */
const ofReversed = (what: string): string => `(select ${what} from commissions o where o.id = c.reverses_id)`;
const refundsUpTo = (what: string, until: string): string =>
  `(select coalesce(-sum(e.${what}), 0)::bigint from commissions e where e.reverses_id = c.reverses_id and e.id ${until} c.id)`;

export const commissionTable: Table<Commission> = {
  type: Commission,
  from: 'commissions c',
  alias: 'c',
  kind: 'commission',
  attributes: {
    ...owned('c', 'c.partner_id'),
    createdBy: { sql: 'coalesce(c.created_by, c.stated_by)', is: 'string' },
    status: { sql: 'c.status', is: 'string' },
    amountMinor: { sql: 'c.amount_minor', is: 'number' },
  },
  columns: {
    ...columnsOf(Commission, 'c'),
    // Of a sale that several partners are credited with: how much of it is this one's.
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
    reversedLineAmount: column(ofReversed('o.amount_minor')),
    reversedLineBase: column(ofReversed('o.base_minor')),
    refundedSoFar: column(refundsUpTo('base_minor', '<=')),
    reversedBefore: column(refundsUpTo('amount_minor', '<')),
    lostDispute: column('exists (select from commission_holds h where h.refund_id = c.id)'),
    saleAmount: moneyColumn('c.sale_minor', 'c.sale_currency'),
    // What was refunded before the sale had come, which its own transaction took back.
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
      ...['saleMinor', 'saleCurrency', 'exchange', 'unrated', 'refundedEarly', 'part'],
      ...['reversedLineAmount', 'reversedLineBase', 'refundedSoFar', 'reversedBefore', 'lostDispute'],
    ],
  },
};
