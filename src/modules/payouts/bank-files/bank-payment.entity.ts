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
  description: 'Where a payment by bank file is on its way.',
  valuesConfig: {
    WAITING: { description: 'Waits for a file.' },
    IN_FILE: { description: 'In a file; the bank has said nothing of it yet.' },
    ACCEPTED: { description: 'The bank has taken it and not paid it yet.' },
    PAID: { description: 'The bank has paid it.' },
    REJECTED: { description: 'It did not leave; the payout fails with the reason.' },
    RETURNED: { description: 'The money came back.' },
  },
});

/** What the bank rail knows of one attempt of a payout. It names the account and has no number of it. */
@Entity({ tableName: 'bank_payments' })
@Shows(['id', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'One payment that goes to the bank in a file.' })
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

  @Field({ description: "What the bank names it by: ISO 20022's EndToEndId." })
  @Property({ type: 'text', fieldName: 'key' })
  @ShownTo('PARTNER')
  reference!: string;

  @Field(() => BankFormat, { description: 'What its file is written in.' })
  @Enum({ items: () => BankFormat })
  @ShownTo('PARTNER')
  format!: BankFormat;

  @Field(() => MoneyColumn, { description: 'How much.' })
  @Embedded(() => MoneyColumn)
  @ShownTo('PARTNER')
  amount!: MoneyColumn;

  @Field(() => BankPaymentStatus, { description: 'Where it is on its way.' })
  @Enum({ items: () => BankPaymentStatus })
  @ShownTo('PARTNER')
  status: Opt<BankPaymentStatus> = 'WAITING';

  @Field(() => String, { nullable: true, description: "The bank's own code of the reason." })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  code?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why it was rejected or came back, in words, and what to do.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What the bank asks to have corrected of the account.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  correction?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Where the bank's last word contradicts what we know: it is for a person to look at.",
  })
  @Property({ type: 'text', nullable: true })
  @Withheld('what the bank said that is for the staff to look at; accounting records')
  difference?: string | null;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  @ShownTo('PARTNER')
  readonly updatedAt!: Opt<Date>;
}

@ObjectType({ simpleResolvers: true, description: 'Payments of one currency that wait for a file.' })
export class WaitingBankPayments {
  @Field(() => BankFormat, { description: 'What their file will be written in.' })
  format!: BankFormat;

  @Field(() => Int, { description: 'How many.' })
  count!: number;

  @Field(() => MoneyColumn, { description: 'Their sum.' })
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
