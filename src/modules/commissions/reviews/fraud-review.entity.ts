import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { FraudDecision, FraudMode, FraudOutcome, FraudRule, ReviewState } from '../../../domain/fraud.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { column, moneyColumn, owned, type Table } from '../../../kernel/data/rows.ts';
import { JSONObject } from '../../../kernel/request/scalars.ts';

registerEnumType(FraudRule, {
  name: 'FraudRule',
  description: 'A check of a sale for fraud.',
  valuesConfig: {
    SAME_USER: { description: "The customer's id is that of the partner or of one of its members." },
    SAME_EMAIL: {
      description:
        "The customer's e-mail address is that of the partner or of one of its members, in any spelling.",
    },
    SAME_PAYMENT: {
      description:
        'The customer paid with the same card or account as a member of the partner or another customer of the partner.',
    },
    SPONSOR_CUSTOMER: { description: "The customer is the partner's sponsor, by id or e-mail address." },
    BLOCKED_CUSTOMER: {
      description: "The program blocked the customer or the domain of the customer's e-mail address.",
    },
    SAME_COMPANY_DOMAIN: {
      description:
        "The customer's e-mail address has the domain of the partner's company. Free mail domains do not count.",
    },
    SAME_ADDRESS: {
      description: 'Another customer bought within 24 hours after a click from the same network address.',
    },
    DISPOSABLE_EMAIL: { description: "The customer's e-mail address has a disposable domain." },
    SHARED_PAYOUT_ACCOUNT: { description: 'The partner has the same payout account as another partner.' },
    FAST_PURCHASE: {
      description: 'The customer bought within fewer seconds after the click than the limit.',
    },
    PARTNER_VELOCITY: { description: "The partner's sales within one hour reached the limit." },
    ADDRESS_VELOCITY: {
      description: 'The sales from the same network address within one hour reached the limit.',
    },
    CLICK_FLOOD: {
      description:
        "The clicks on the partner's links from the same network address within one hour reached the limit.",
    },
    FOREIGN_COUPON: {
      description:
        "A coupon decided the attribution, but the visitor's last click was on a link of another partner.",
    },
  },
});
registerEnumType(FraudMode, {
  name: 'FraudMode',
  description: 'Effect of a risk rule that matches a sale.',
  valuesConfig: {
    OFF: { description: 'The rule is not checked.' },
    SHADOW: {
      description:
        'The rule records the match and the outcome that it would have had. The commission is not affected.',
    },
    HOLD: {
      description:
        'The rule adds its weight to the score. The commission is held when the score reaches the threshold.',
    },
    BLOCK: { description: 'The sale earns nothing. Allowed only for rules whose recommended mode is BLOCK.' },
  },
});
registerEnumType(FraudOutcome, {
  name: 'FraudOutcome',
  description: 'Outcome of a sale that a risk rule matched.',
  valuesConfig: {
    NOTED: {
      description: 'No effect: the score is below the threshold, or the commission is worth nothing.',
    },
    WOULD_HOLD: {
      description: 'No effect, but the commission would have been held if the rules in SHADOW counted.',
    },
    HELD: { description: 'The commission was held.' },
    BLOCKED: { description: 'The sale earned nothing.' },
  },
});
registerEnumType(FraudDecision, {
  name: 'FraudDecision',
  description: 'Decision of a person on a fraud review.',
  valuesConfig: {
    RELEASED: { description: 'The sale is genuine.' },
    FRAUD: { description: 'The sale is fraud.' },
  },
});
registerEnumType(ReviewState, {
  name: 'FraudReviewState',
  description: 'State of a fraud review.',
  valuesConfig: {
    OPEN: { description: 'The commission is held and waits for a decision.' },
    RELEASED: { description: 'A person decided that the sale is genuine.' },
    FRAUD: { description: 'A person decided that the sale is fraud. The commission is not owed.' },
    CLOSED: { description: 'The commission was rejected or reversed before a decision.' },
    NONE: { description: 'No decision is needed.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'One risk rule that matched a sale, with its evidence.' })
export class FraudHit {
  @Field(() => FraudRule, { description: 'The rule.' })
  rule!: FraudRule;

  @Field(() => FraudMode, { description: 'Mode of the rule at the time of the check.' })
  mode!: FraudMode;

  @Field(() => Int, { description: 'Points that the rule adds to the score.' })
  weight!: number;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      "The compared facts: ids, counts and domains. Null after their erasure, which happens at the end of the click retention or with the customer's erasure.",
  })
  evidence!: Record<string, unknown> | null;
}

/** The result of the risk rules for a sale and the decision of a person. Readable by staff only. */
@Entity({ tableName: 'fraud_reviews' })
@NotPersonal('results of the risk rules for a sale, by ids, sums and scores; accounting records')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A sale that a risk rule matched, with the scores and the decision of a person.',
})
export class FraudReview extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Property({ type: 'uuid', nullable: true })
  commissionId?: string | null; // null: the sale was blocked

  @Property({ type: 'uuid', nullable: true })
  customerId?: string | null;

  @Property({ type: 'uuid', nullable: true })
  referralId?: string | null;

  @Property({ type: 'uuid', nullable: true })
  holdId?: string | null;

  @Field(() => FraudOutcome, { description: 'Outcome of the risk rules.' })
  @Property({ type: 'text' })
  outcome!: FraudOutcome;

  @Field(() => Int, { description: 'Sum of the weights of the matched rules in HOLD or BLOCK, 0 to 100.' })
  @Property({ type: 'integer' })
  score!: number;

  @Field(() => Int, {
    description: 'Sum of the weights of all matched rules, those in SHADOW included, 0 to 100.',
  })
  @Property({ type: 'integer' })
  shadowScore!: number;

  @Field(() => Int, { description: 'Score from which commissions were held at the time of the check.' })
  @Property({ type: 'integer' })
  threshold!: number;

  @Property({ type: 'bigint' })
  amountMinor!: bigint;

  @Property({ type: 'text' })
  amountCurrency!: string;

  @Field(() => MoneyColumn, {
    description: 'Amount of the commission, or the amount that a blocked sale would have earned.',
  })
  readonly amount?: MoneyColumn;

  @Field(() => Date, { description: 'Time of the check.' })
  @Property({ type: 'timestamptz', length: 3 })
  assessedAt!: Date;

  @Property({ type: 'text', nullable: true })
  decision?: 'RELEASED' | 'FRAUD' | null;

  @Field(() => ReviewState, { description: 'State of the review.' })
  readonly state?: ReviewState;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the person who decided. Null before the decision.',
  })
  @Property({ type: 'text', nullable: true })
  decidedBy?: string | null;

  @Field(() => Date, { nullable: true, description: 'Time of the decision. Null before the decision.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  decidedAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Reason for the decision. Null before the decision.' })
  @Property({ type: 'text', nullable: true })
  reason?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the referral that led to the sale. Null for a sale without a referral.',
  })
  readonly broughtBy?: string | null;
}

export const stateSql = `case when v.decision is not null then v.decision when v.outcome <> 'HELD' then 'NONE'
  when (select h.released_at is null from commission_holds h where h.id = v.hold_id) then 'OPEN' else 'CLOSED' end`;

/** Readable by staff only, as commission plans are. */
export const fraudReviewTable: Table<FraudReview> = {
  type: FraudReview,
  from: 'fraud_reviews v',
  alias: 'v',
  kind: 'plan',
  attributes: owned('v'),
  columns: {
    ...columnsOf(FraudReview, 'v'),
    amount: moneyColumn('v.amount_minor', 'v.amount_currency'),
    state: column(stateSql),
    broughtBy: column('v.referral_id'),
  },
  needs: { partner: ['partnerId'], commission: ['commissionId'], customer: ['customerId'] },
};
