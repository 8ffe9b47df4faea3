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
  description: 'Reason why a payout run skipped a partner, or why `createPayout` was refused.',
  valuesConfig: {
    NOT_ACTIVE: { description: 'The partner is not ACTIVE.' },
    PAYOUTS_HELD: { description: 'The payouts of the partner are on hold. Commissions are still earned.' },
    NOTHING_TO_PAY: { description: 'No approved commission in the period.' },
    IN_FAILED_PAYOUT: { description: 'The amount is in a failed payout. Retry or cancel that payout.' },
    NO_PAYOUT_METHOD: { description: 'The partner has not chosen a payout method.' },
    NO_RAIL: { description: 'No payment rail is set up for the payout method.' },
    NOT_POSITIVE: {
      description: 'Reversals exceed the amount owed. The negative balance is carried to the next payout.',
    },
    BELOW_MINIMUM: {
      description:
        "The amount is below the program's minimum payout for the currency. It stays on the balance.",
    },
    CURRENCY_NOT_CARRIED: { description: 'The rail does not support the currency.' },
    BELOW_RAIL_MINIMUM: { description: "The amount is below the rail's minimum. It stays on the balance." },
    ABOVE_RAIL_MAXIMUM: { description: "The amount is above the rail's maximum. Pay shorter periods." },
    ACCOUNT_COOLING_OFF: { description: 'The payout account was changed within the last 72 hours.' },
    ACCOUNT_TO_CHECK: {
      description: 'A payment to the payout account was returned, and the account was not confirmed since.',
    },
    NO_ACCOUNT: { description: 'The partner has no payout account for the method and the currency.' },
  },
});
registerEnumType(PayoutRunStatus, {
  name: 'PayoutRunStatus',
  description: 'Status of a payout run.',
  valuesConfig: {
    RUNNING: { description: 'The run creates payouts in batches of some hundred partners.' },
    PAUSED: { description: 'The run waits to be resumed. The payouts created so far stay.' },
    DONE: { description: 'All due partners were processed.' },
    CANCELED: { description: 'The run was canceled, with its payouts that were not with the rail.' },
  },
});

/** A batch that creates payouts for all due partners. The payouts wait for approval. */
@Entity({ tableName: 'payout_runs' })
@NotPersonal('sums; the payouts show them to the partner')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A batch that creates payouts for all due partners. The payouts wait for approval.',
})
export class PayoutRun extends Base {
  @Field(() => Date, { description: 'The run pays all periods that ended at or before this time.' })
  @Property({ type: 'timestamptz', length: 3 })
  asOf!: Date;

  @Field(() => PayoutFrequency, {
    nullable: true,
    description: 'The only payout frequency of the run. Null when the run covers all frequencies.',
  })
  @Enum({ items: () => PayoutFrequency, nullable: true })
  frequency?: PayoutFrequency | null;

  @Field(() => PayoutRunStatus, { description: 'Status of the run.' })
  @Enum({ items: () => PayoutRunStatus })
  status: Opt<PayoutRunStatus> = 'RUNNING';

  @Field(() => Int, { description: 'Number of partners that were due when the run started.' })
  @Property({ type: 'integer' })
  partnerCount: Opt<number> = 0;

  @Field(() => Int, { description: 'Number of due partners processed so far.' })
  @Property({ type: 'integer' })
  partnersDone: Opt<number> = 0;

  @Field(() => Int, { description: 'Number of payouts created so far.' })
  @Property({ type: 'integer' })
  payoutCount: Opt<number> = 0;

  @Field(() => Int, {
    description:
      'Number of entries skipped so far. A partner with several balances counts once per skipped balance.',
  })
  @Property({ type: 'integer' })
  skippedCount: Opt<number> = 0;

  /** The last processed partner. Partners are processed in the order of their ids. */
  @Property({ type: 'uuid', nullable: true })
  cursorId?: string | null;

  /** Set by the scheduler: the day after the last day of the period. */
  @Property({ type: 'date', nullable: true })
  periodEnd?: string | null;

  @Field(() => String, {
    description: 'Id of the caller that started the run, or `system` for a scheduled run.',
  })
  @Property({ type: 'text' })
  createdBy!: string;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the run was done or canceled. Null until then.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  finishedAt?: Date | null;

  @Field(() => Date, { description: 'Time of the last progress.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  readonly updatedAt!: Opt<Date>;
}

/** A skipped partner: one row per balance of the partner, or one row without an amount. */
@Entity({ tableName: 'payout_run_skips' })
@NotPersonal('ids and sums; the rows of a left-out partner show the reason')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A partner, or one of its balances, that a payout run skipped.',
})
export class SkippedPartner {
  @Property({ type: 'uuid', primary: true })
  id!: string;

  @Property({ type: 'text' })
  tenantId!: string;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  readonly createdAt!: Opt<Date>;

  @Property({ type: 'uuid' })
  runId!: string;

  @Field(() => ID, { description: 'Id of the partner.' })
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Field(() => SkipReason, { description: 'Reason for skipping the partner.' })
  @Enum({ items: () => SkipReason })
  reason!: SkipReason;

  @Field(() => Int, { description: 'Number of commissions in the skipped balance.' })
  @Property({ type: 'integer' })
  lineCount: Opt<number> = 0;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Sum of the commissions. Null without commissions.',
  })
  @Embedded(() => MoneyColumn, { nullable: true })
  amount?: MoneyColumn | null;
}

// Partners have no access to runs: for the policies, a run is a payout without a partner.
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
