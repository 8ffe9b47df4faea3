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
  description: 'What makes a sale look as if it were none.',
  valuesConfig: {
    SAME_USER: { description: 'The customer is the partner, or one of its people, by its id.' },
    SAME_EMAIL: {
      description: "Its e-mail address is the partner's or one of its people's, however it is spelled.",
    },
    SAME_PAYMENT: {
      description:
        "It paid with what one of the partner's people, or another customer of the partner, paid with.",
    },
    SPONSOR_CUSTOMER: { description: "It is the partner's sponsor, by its id or its e-mail address." },
    BLOCKED_CUSTOMER: { description: 'The program has blocked it or the domain of its e-mail address.' },
    SAME_COMPANY_DOMAIN: {
      description: "Its e-mail address is of the partner's company; free mail does not count.",
    },
    SAME_ADDRESS: {
      description: 'Another customer bought after a click from the same network address within 24 hours.',
    },
    DISPOSABLE_EMAIL: { description: 'Its e-mail address is of a kind that is thrown away.' },
    SHARED_PAYOUT_ACCOUNT: { description: 'The partner is paid to the same account as another partner.' },
    FAST_PURCHASE: { description: 'It bought within fewer seconds of the click than the limit.' },
    PARTNER_VELOCITY: { description: 'The partner brought as many sales within an hour as the limit.' },
    ADDRESS_VELOCITY: {
      description: 'As many sales within an hour came from the same network address as the limit.',
    },
    CLICK_FLOOD: {
      description:
        'As many clicks on links of the partner within an hour came from the same network address as the limit.',
    },
    FOREIGN_COUPON: {
      description: 'A coupon took the sale, whose visitor had followed a link of another partner last.',
    },
  },
});
registerEnumType(FraudMode, {
  name: 'FraudMode',
  description: 'What a rule does when it hits.',
  valuesConfig: {
    OFF: { description: 'It does not look.' },
    SHADOW: { description: 'It keeps what it saw and what would have come of it; the line goes on.' },
    HOLD: { description: 'It adds its weight to the score; from the threshold on the line is held.' },
    BLOCK: { description: 'The sale earns nothing. Only of rules that tell that the partner bought itself.' },
  },
});
registerEnumType(FraudOutcome, {
  name: 'FraudOutcome',
  description: 'What came of a sale that a rule hit.',
  valuesConfig: {
    NOTED: { description: 'Nothing: its score is below the threshold.' },
    WOULD_HOLD: { description: 'Nothing, but with the rules in SHADOW it would have been held.' },
    HELD: { description: 'The line was held.' },
    BLOCKED: { description: 'The sale earned nothing.' },
  },
});
registerEnumType(FraudDecision, {
  name: 'FraudDecision',
  description: 'What somebody found a sale to be.',
  valuesConfig: {
    RELEASED: { description: 'A true one.' },
    FRAUD: { description: 'None.' },
  },
});
registerEnumType(ReviewState, {
  name: 'FraudReviewState',
  description: 'Where the review of a sale stands.',
  valuesConfig: {
    OPEN: { description: 'The line is held and waits for somebody to decide.' },
    RELEASED: { description: 'Somebody found it to be a true sale.' },
    FRAUD: { description: 'Somebody found it to be none; it is not owed.' },
    CLOSED: { description: 'The line came to its end before anybody decided.' },
    NONE: { description: 'Nobody needs to decide.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'What one rule saw of a sale.' })
export class FraudHit {
  @Field(() => FraudRule, { description: 'The rule.' })
  rule!: FraudRule;

  @Field(() => FraudMode, { description: 'What it was set to do.' })
  mode!: FraudMode;

  @Field(() => Int, { description: 'What it adds to the score.' })
  weight!: number;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      'What it compared, by ids, counts and domains; null once that is forgotten: after the months that clicks are kept, or with its customer.',
  })
  evidence!: Record<string, unknown> | null;
}

/** What the program's risk rules said of a line, and what somebody decided. Of the staff alone. */
@Entity({ tableName: 'fraud_reviews' })
@NotPersonal('what risk rules said of a line, by ids, sums and scores; accounting records')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: "What the program's risk rules said of a sale, and what somebody decided on it.",
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

  @Field(() => FraudOutcome, { description: 'What came of it.' })
  @Property({ type: 'text' })
  outcome!: FraudOutcome;

  @Field(() => Int, { description: 'Sum of the weights of rules that hold or block: 0 to 100.' })
  @Property({ type: 'integer' })
  score!: number;

  @Field(() => Int, { description: 'The same with the rules in SHADOW: 0 to 100.' })
  @Property({ type: 'integer' })
  shadowScore!: number;

  @Field(() => Int, { description: 'From which score on lines were held then.' })
  @Property({ type: 'integer' })
  threshold!: number;

  @Property({ type: 'bigint' })
  amountMinor!: bigint;

  @Property({ type: 'text' })
  amountCurrency!: string;

  @Field(() => MoneyColumn, { description: 'What the line is about, or would have been.' })
  readonly amount?: MoneyColumn;

  @Field(() => Date, { description: 'When the rules looked.' })
  @Property({ type: 'timestamptz', length: 3 })
  assessedAt!: Date;

  @Property({ type: 'text', nullable: true })
  decision?: 'RELEASED' | 'FRAUD' | null;

  @Field(() => ReviewState, { description: 'Where it stands.' })
  readonly state?: ReviewState;

  @Field(() => String, { nullable: true, description: 'Who decided; null until somebody did.' })
  @Property({ type: 'text', nullable: true })
  decidedBy?: string | null;

  @Field(() => Date, { nullable: true, description: 'When somebody decided.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  decidedAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Why it was decided so.' })
  @Property({ type: 'text', nullable: true })
  reason?: string | null;

  @Field(() => ID, { nullable: true, description: 'The click or claim that brought the sale.' })
  readonly broughtBy?: string | null;
}

export const stateSql = `case when v.decision is not null then v.decision when v.outcome <> 'HELD' then 'NONE'
  when (select h.released_at is null from commission_holds h where h.id = v.hold_id) then 'OPEN' else 'CLOSED' end`;

/** As the program's plans: for its staff alone. */
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
