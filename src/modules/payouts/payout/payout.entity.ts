import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PayoutMethod, PayoutStatus, SecondApproval } from '../../../domain/payout.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { ErasedTo, erased, NotPersonal, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { JSONObject, LocalDate } from '../../../kernel/request/scalars.ts';
import { partnerTable } from '../../partners/partner/public.ts';

registerEnumType(PayoutStatus, {
  name: 'PayoutStatus',
  description: 'Where a payout is on its way.',
  valuesConfig: {
    PENDING: { description: 'Waits for approval by someone else than its creator.' },
    APPROVED: { description: 'About to be sent.' },
    PROCESSING: { description: 'With the rail. It stays here while the outcome is not known.' },
    PAID: { description: 'Confirmed by the rail.' },
    FAILED: { description: 'Refused by the rail; may be retried or canceled.' },
    CANCELED: { description: 'Called off; its lines are owed again.' },
    RETURNED: { description: 'Paid, and the money came back; its lines are owed again.' },
  },
});

registerEnumType(SecondApproval, {
  name: 'SecondApproval',
  description: 'Why two people must approve a payout, neither of whom made it.',
  valuesConfig: {
    ABOVE_LIMIT: { description: "It is above the program's limit." },
    NO_RATE: { description: 'There is no exchange rate that says whether it is above the limit.' },
    SPLIT: {
      description: 'Each is below the limit; with others to the same partner within some days it is above.',
    },
  },
});

/** One sum to one partner, in one currency, over one rail. */
@Entity({ tableName: 'payouts' })
@Shows(['id', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'One sum to one partner, in one currency, over one rail.' })
export class Payout extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  runId?: string | null;

  /** Where it goes, as it was when the payout was made; null: the partner had none, and the rail needs none. */
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  payoutAccountId?: string | null;

  @Field(() => PayoutStatus, { description: 'Where it is on its way.' })
  @Enum({ items: () => PayoutStatus })
  @ShownTo('PARTNER')
  status: Opt<PayoutStatus> = 'PENDING';

  @Field(() => PayoutMethod, { description: 'The rail that carries it.' })
  @Enum({ items: () => PayoutMethod })
  @ShownTo('PARTNER')
  method!: PayoutMethod;

  @Field(() => LocalDate, {
    description: "First day of its period, itself included, in the program's time zone.",
  })
  @Property({ type: 'date' })
  @ShownTo('PARTNER')
  periodStart!: string;

  @Field(() => LocalDate, {
    description: "Last day of its period, itself included, in the program's time zone.",
  })
  @Property({ type: 'date' })
  @ShownTo('PARTNER')
  periodEnd!: string;

  @Field(() => MoneyColumn, { description: 'Sum of its lines.' })
  @Embedded(() => MoneyColumn)
  @ShownTo('PARTNER')
  amount!: MoneyColumn;

  @Field(() => Int, { description: 'Number of its lines.' })
  @Property({ type: 'integer' })
  @ShownTo('PARTNER')
  commissionCount!: number;

  @Field(() => String, { nullable: true, description: "The rail's own reference, once it has one." })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  providerReference?: string | null;

  @Field(() => String, { nullable: true, description: 'Why it failed, was canceled or came back, in words.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  failureReason?: string | null;

  /** Since when the rail's word on it is missing; null: it is known. */
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  outcomeUnknownSince?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'What must be done before the rail goes on, in words; null: nothing.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  actionRequired?: string | null;

  @Field(() => Int, { description: 'How often it was sent to the rail under a new key.' })
  @Property({ type: 'integer' })
  @Withheld('a count')
  attempts: Opt<number> = 0;

  @Property({ type: 'text' })
  @Withheld('somebody of the staff; accounting records')
  createdBy!: string; // the credential's; that person may not approve it

  @Field({ description: 'Who asked for it.' })
  @Property({ type: 'text' })
  @Withheld('somebody of the staff; accounting records')
  initiatedBy!: string; // as claimed by a platform administrator, else the credential's

  @Field(() => SecondApproval, {
    nullable: true,
    description: 'Why two people must approve it; null: one is enough.',
  })
  @Enum({ items: () => SecondApproval, nullable: true })
  @Withheld('how many of the staff approve it')
  secondApproval?: SecondApproval | null;

  @Field(() => String, { nullable: true, description: 'Who approved it first, where it takes two.' })
  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff; accounting records')
  firstApprovedBy?: string | null;

  @Field(() => Date, { nullable: true, description: 'When the first of two approved it.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('when somebody of the staff approved it')
  firstApprovedAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Who approved it.' })
  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff; accounting records')
  approvedBy?: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was approved.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  approvedAt?: Date | null;

  @Field(() => Date, { nullable: true, description: 'When the rail confirmed it.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  paidAt?: Date | null;

  /** Its lines were given back: it can not be retried any more. */
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  releasedAt?: Date | null;

  @Field(() => JSONObject, { description: 'Your own notes on it.' })
  @Property({ type: 'json' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.notes)
  metadata: Opt<Record<string, unknown>> = {};

  @Field(() => Date, { description: 'When the record last changed.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  @Withheld('bookkeeping')
  readonly updatedAt!: Opt<Date>;
}

/** A line that a payout claims. A line has one live claim at most; giving it back voids the row. */
@Entity({ tableName: 'payout_items' })
@NotPersonal('which line is in which payout')
export class PayoutItem extends Base {
  @Property({ type: 'uuid' })
  payoutId!: string;

  @Property({ type: 'uuid' })
  commissionId!: string;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  voidedAt?: Date | null;
}

export const payoutTable: Table<Payout> = {
  type: Payout,
  from: 'payouts o',
  alias: 'o',
  kind: 'payout',
  attributes: {
    ...owned('o', 'o.partner_id'),
    createdBy: { sql: 'o.created_by', is: 'string' },
    status: { sql: 'o.status', is: 'string' },
    amountMinor: { sql: 'o.amount_minor', is: 'number' },
  },
  columns: columnsOf(Payout, 'o'),
  one: { partner: { key: 'o.partner_id', table: () => partnerTable } },
  needs: {
    partner: ['partnerId'],
    run: ['runId'],
    payoutAccount: ['payoutAccountId'],
    outcomeUnknown: ['outcomeUnknownSince'],
    nextStep: ['status', 'releasedAt'],
  },
};
