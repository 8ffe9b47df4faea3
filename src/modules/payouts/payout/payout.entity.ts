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
  description: 'Status of a payout.',
  valuesConfig: {
    PENDING: { description: 'Waits for approval by another person than its creator.' },
    APPROVED: { description: 'Approved; the payout will be sent.' },
    PROCESSING: {
      description: 'Sent to the payment rail. A payout with an unknown outcome keeps this status.',
    },
    PAID: { description: 'The payment rail confirmed the payout.' },
    FAILED: { description: 'The payment rail refused the payout. The payout can be retried or canceled.' },
    CANCELED: { description: 'Canceled; the commissions are owed again.' },
    RETURNED: {
      description: 'The payout was paid and the money was returned. The commissions are owed again.',
    },
  },
});

registerEnumType(SecondApproval, {
  name: 'SecondApproval',
  description: 'Reason why two people must approve a payout. Neither of them may have created the payout.',
  valuesConfig: {
    ABOVE_LIMIT: { description: "The amount is above the program's limit." },
    NO_RATE: {
      description:
        'The exchange rate for the comparison with the limit is missing, or only the creator or the approver of the payout vouches for it.',
    },
    SPLIT: {
      description:
        'The amount is below the limit, but above it together with other payouts to the same partner within `splitDays`.',
    },
  },
});

/** One sum to one partner, in one currency, over one rail. */
@Entity({ tableName: 'payouts' })
@Shows(['id', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'One payment to one partner, in one currency, by one payout method.',
})
export class Payout extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  runId?: string | null;

  /** The payout account at the time when the payout was created. Null when the partner had none and the rail needs none. */
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  payoutAccountId?: string | null;

  @Field(() => PayoutStatus, { description: 'Status of the payout.' })
  @Enum({ items: () => PayoutStatus })
  @ShownTo('PARTNER')
  status: Opt<PayoutStatus> = 'PENDING';

  @Field(() => PayoutMethod, { description: 'Payout method of the payout.' })
  @Enum({ items: () => PayoutMethod })
  @ShownTo('PARTNER')
  method!: PayoutMethod;

  @Field(() => LocalDate, {
    description: "First day of the payout's period, inclusive, in the program's time zone.",
  })
  @Property({ type: 'date' })
  @ShownTo('PARTNER')
  periodStart!: string;

  @Field(() => LocalDate, {
    description: "Last day of the payout's period, inclusive, in the program's time zone.",
  })
  @Property({ type: 'date' })
  @ShownTo('PARTNER')
  periodEnd!: string;

  @Field(() => MoneyColumn, { description: "Sum of the payout's commissions." })
  @Embedded(() => MoneyColumn)
  @ShownTo('PARTNER')
  amount!: MoneyColumn;

  @Field(() => Int, { description: 'Number of commissions in the payout.' })
  @Property({ type: 'integer' })
  @ShownTo('PARTNER')
  commissionCount!: number;

  @Field(() => String, {
    nullable: true,
    description: "The rail's reference of the payout. Null until the rail gave one.",
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  providerReference?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Reason why the payout failed, was canceled or was returned, as text. Null otherwise.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  failureReason?: string | null;

  /** Time from which the outcome at the rail is unknown. Null when the outcome is known. */
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  outcomeUnknownSince?: Date | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Action that is required before the payout can continue, as text. Null when no action is required.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  actionRequired?: string | null;

  @Field(() => Int, {
    description: 'Number of attempts. Each attempt has its own idempotency key at the rail.',
  })
  @Property({ type: 'integer' })
  @Withheld('a count')
  attempts: Opt<number> = 0;

  @Property({ type: 'text' })
  @Withheld('a staff member; accounting records')
  createdBy!: string; // the id in the credential; that person must not approve the payout

  @Field({ description: 'Id of the person or system that requested the payout.' })
  @Property({ type: 'text' })
  @Withheld('a staff member; accounting records')
  initiatedBy!: string; // as stated by a platform administrator, otherwise the id in the credential

  @Field(() => SecondApproval, {
    nullable: true,
    description: 'Reason why two people must approve the payout. Null when one approval is enough.',
  })
  @Enum({ items: () => SecondApproval, nullable: true })
  @Withheld('the number of required approvals')
  secondApproval?: SecondApproval | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the caller that gave the first of two approvals. Null when there is none.',
  })
  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
  firstApprovedBy?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time of the first of two approvals. Null when there is none.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('the time of an approval by staff')
  firstApprovedAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the caller that approved the payout. Null until the payout is approved.',
  })
  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
  approvedBy?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the payout was approved. Null until the payout is approved.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  approvedAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the rail confirmed the payout. Null until then.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  paidAt?: Date | null;

  /** Time when the payout's commissions were released. The payout cannot be retried afterwards. */
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  releasedAt?: Date | null;

  @Field(() => JSONObject, { description: 'Your own data about the payout.' })
  @Property({ type: 'json' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.notes)
  metadata: Opt<Record<string, unknown>> = {};

  @Field(() => Date, { description: 'Time of the last change of the record.' })
  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  @Withheld('bookkeeping')
  readonly updatedAt!: Opt<Date>;
}

/** An allocation: a commission that a payout pays. A commission has at most one live allocation; a release voids the row. */
@Entity({ tableName: 'payout_items' })
@NotPersonal('the commissions of each payout')
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
