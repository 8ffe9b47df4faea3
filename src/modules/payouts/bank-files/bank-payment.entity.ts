import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { BankFormat, BankPaymentStatus } from '../../../domain/bank-status.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { partnerTable } from '../../partners/partner/public.ts';
import { payoutTable } from '../payout/public.ts';

registerEnumType(BankPaymentStatus, {
  name: 'BankPaymentStatus',
  description: 'Status of a payment by bank file.',
  valuesConfig: {
    WAITING: { description: 'The payment waits for a bank file.' },
    IN_FILE: { description: 'The payment is in a bank file and the bank has not reported on it yet.' },
    ACCEPTED: { description: 'The bank accepted the payment and has not paid it yet.' },
    PAID: { description: 'The bank paid the payment.' },
    REJECTED: { description: 'The bank did not execute the payment. The payout fails with the reason.' },
    RETURNED: { description: 'The bank paid the payment and the money was returned.' },
  },
});

/** The bank rail's record of one payout attempt. It references the payout account and does not contain its number. */
@Entity({ tableName: 'bank_payments' })
@Shows(['id', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'One payment that is submitted to the bank in a file.' })
export class BankPayment extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'uuid' })
  @Withheld('an id')
  payoutId!: string;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  runId?: string | null;

  @Property({ type: 'uuid' })
  @Withheld('an id')
  accountId!: string;

  @Field({ description: 'Reference of the payment at the bank, the EndToEndId of ISO 20022.' })
  @Property({ type: 'text', fieldName: 'key' })
  @ShownTo('PARTNER')
  reference!: string;

  @Field(() => BankFormat, { description: 'Format of the bank file.' })
  @Enum({ items: () => BankFormat })
  @ShownTo('PARTNER')
  format!: BankFormat;

  @Field(() => MoneyColumn, { description: 'Amount of the payment.' })
  @Embedded(() => MoneyColumn)
  @ShownTo('PARTNER')
  amount!: MoneyColumn;

  @Field(() => BankPaymentStatus, { description: 'Status of the payment.' })
  @Enum({ items: () => BankPaymentStatus })
  @ShownTo('PARTNER')
  status: Opt<BankPaymentStatus> = 'WAITING';

  @Field(() => String, {
    nullable: true,
    description: "The bank's code for a rejection or return. Null without one.",
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  code?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Reason for a rejection or return, and what to do, as text. Null without one.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Correction of the account data that the bank requests. Null without a request.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  correction?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Contradiction between the last bank status and our records. A person must check the payment. Null without a contradiction.',
  })
  @Property({ type: 'text', nullable: true })
  @Withheld('a report of the bank for staff; accounting records')
  difference?: string | null;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  @ShownTo('PARTNER')
  readonly updatedAt!: Opt<Date>;
}

@ObjectType({ simpleResolvers: true, description: 'Payments of one currency that wait for a bank file.' })
export class WaitingBankPayments {
  @Field(() => BankFormat, { description: 'Format of the bank file.' })
  format!: BankFormat;

  @Field(() => Int, { description: 'Number of waiting payments.' })
  count!: number;

  @Field(() => MoneyColumn, { description: 'Sum of the waiting payments.' })
  total!: MoneyColumn;
}

export const bankPaymentTable: Table<BankPayment> = {
  type: BankPayment,
  from: 'bank_payments b',
  alias: 'b',
  kind: 'payout',
  attributes: owned('b', 'b.partner_id'),
  columns: columnsOf(BankPayment, 'b'),
  one: {
    partner: { key: 'b.partner_id', table: () => partnerTable },
    payout: { key: 'b.payout_id', table: () => payoutTable },
  },
  needs: { partner: ['partnerId'], payout: ['payoutId'] },
};
