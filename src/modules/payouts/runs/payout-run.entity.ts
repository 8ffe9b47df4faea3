import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PayoutFrequency, PayoutRunStatus, SkipReason } from '../../../domain/payout.ts';
import { Base, byPartner, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

registerEnumType(SkipReason, {
  name: 'SkipReason',
  description: 'Why a payout run left a partner out, or a payout by hand was refused.',
  valuesConfig: {
    NOT_ACTIVE: { description: 'It is not ACTIVE.' },
    PAYOUTS_HELD: { description: 'Its payouts are held; its lines go on being earned.' },
    NOTHING_TO_PAY: { description: 'No approved line in the period.' },
    IN_FAILED_PAYOUT: { description: 'What is owed is in a payout that failed: retry or cancel that one.' },
    NO_PAYOUT_METHOD: { description: 'It has not chosen how to be paid.' },
    NO_RAIL: { description: 'No rail is set up that carries its method.' },
    NOT_POSITIVE: { description: 'Refunds outweigh what is owed; the rest is carried on.' },
    BELOW_MINIMUM: { description: "Less than the program's minimum payout of the currency; carried on." },
    CURRENCY_NOT_CARRIED: { description: 'The rail of its method does not carry the currency.' },
    BELOW_RAIL_MINIMUM: { description: 'Less than the rail carries; carried on.' },
    ABOVE_RAIL_MAXIMUM: { description: 'More than the rail carries at once: pay it by shorter periods.' },
    ACCOUNT_COOLING_OFF: { description: 'Its account was changed within the last 72 hours.' },
    ACCOUNT_TO_CHECK: { description: 'Money came back from its account, and nobody has confirmed it since.' },
    NO_ACCOUNT: { description: 'It has given no account of that method and currency.' },
  },
});
registerEnumType(PayoutRunStatus, {
  name: 'PayoutRunStatus',
  description: 'Where a payout run is.',
  valuesConfig: {
    RUNNING: { description: 'It makes payouts, some hundred partners at a time.' },
    PAUSED: { description: 'It waits to be resumed; what it has made stays.' },
    DONE: { description: 'Every partner that was due was looked at.' },
    CANCELED: { description: 'Called off; its payouts that were not with the rail were canceled.' },
  },
});

/** One run over every partner that is due. Its payouts wait for approval. */
@Entity({ tableName: 'payout_runs' })
@NotPersonal('sums; the partner is told by its payouts')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'One run over every partner that is due. Its payouts wait for approval.',
})
export class PayoutRun extends Base {
  @Field(() => Date, { description: 'Every period that had ended by this instant was paid.' })
  @Property({ type: 'timestamptz', length: 3 })
  asOf!: Date;

  @Field(() => PayoutFrequency, {
    nullable: true,
    description: 'The only frequency that was run; null: all.',
  })
  @Enum({ items: () => PayoutFrequency, nullable: true })
  frequency?: PayoutFrequency | null;

  @Field(() => PayoutRunStatus, { description: 'Where it is.' })
  @Enum({ items: () => PayoutRunStatus })
  status: Opt<PayoutRunStatus> = 'RUNNING';

  @Field(() => Int, { description: 'Partners that were due when it began.' })
  @Property({ type: 'integer' })
  partnerCount: Opt<number> = 0;

  @Field(() => Int, { description: 'Of these, how many it has looked at.' })
  @Property({ type: 'integer' })
  partnersDone: Opt<number> = 0;

  @Field(() => Int, { description: 'Payouts made so far.' })
  @Property({ type: 'integer' })
  payoutCount: Opt<number> = 0;

  @Field(() => Int, { description: 'Partners, or balances of them, that were left out so far.' })
  @Property({ type: 'integer' })
  skippedCount: Opt<number> = 0;

  /** The last partner that is done; partners are taken in the order of their ids. */
  @Property({ type: 'uuid', nullable: true })
  cursorId?: string | null;

  /** Set by the scheduler: the day after the period's last one. */
  @Property({ type: 'date', nullable: true })
  periodEnd?: string | null;

  @Field(() => String, { description: 'Who asked for it; `system`: the schedule.' })
  @Property({ type: 'text' })
  createdBy!: string;

  @Field(() => Date, { nullable: true, description: 'When it was done or called off; null until then.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  finishedAt?: Date | null;

  @Field(() => Date, { description: 'When it last came further.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  readonly updatedAt!: Opt<Date>;
}

/** Whom a run left out: one row for each of the partner's balances, or one without an amount. */
@Entity({ tableName: 'payout_run_skips' })
@NotPersonal('ids and sums; why a partner was left out is told by its own rows')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'A partner that a payout run left out.' })
export class SkippedPartner {
  @Property({ type: 'uuid', primary: true })
  id!: string;

  @Property({ type: 'text' })
  tenantId!: string;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  readonly createdAt!: Opt<Date>;

  @Property({ type: 'uuid' })
  runId!: string;

  @Field(() => ID, { description: 'The partner.' })
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Field(() => SkipReason, { description: 'Why.' })
  @Enum({ items: () => SkipReason })
  reason!: SkipReason;

  @Field(() => Int, { description: 'Its lines that could have been paid.' })
  @Property({ type: 'integer' })
  lineCount: Opt<number> = 0;

  @Field(() => MoneyColumn, { nullable: true, description: 'What they come to; null where there is none.' })
  @Embedded(() => MoneyColumn, { nullable: true })
  amount?: MoneyColumn | null;
}

// No partner sees runs: to a policy they are payouts of nobody.
const ofNobody = (alias: string) => owned(alias, 'null::uuid');

export const payoutRunTable: Table<PayoutRun> = {
  type: PayoutRun,
  from: 'payout_runs n',
  alias: 'n',
  kind: 'payout',
  attributes: ofNobody('n'),
  columns: columnsOf(PayoutRun, 'n'),
};

export const skippedPartnerTable: Table<SkippedPartner> = {
  type: SkippedPartner,
  from: 'payout_run_skips k',
  alias: 'k',
  kind: 'payout',
  attributes: ofNobody('k'),
  columns: columnsOf(SkippedPartner, 'k'),
};
