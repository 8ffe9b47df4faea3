import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { BankLineOutcome, BankStatusKind } from '../../../domain/bank-status.ts';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { moneyColumn, owned, type Table } from '../../../kernel/data/rows.ts';

registerEnumType(BankStatusKind, {
  name: 'BankStatusKind',
  description: 'Kind of a bank status file.',
  valuesConfig: {
    PAIN_STATUS: { description: "ISO 20022 pain.002: the bank's report on a submitted file." },
    CAMT_STATEMENT: { description: 'ISO 20022 camt.053: an account statement.' },
    CAMT_NOTIFICATION: { description: 'ISO 20022 camt.054: a notification of bookings.' },
    NACHA_RETURN: { description: 'NACHA: returns and notifications of change.' },
  },
});
registerEnumType(BankLineOutcome, {
  name: 'BankLineOutcome',
  description: 'Result of one line of a bank status file.',
  valuesConfig: {
    APPLIED: { description: 'The line changed the status of its payment.' },
    REPEATED: { description: 'The status was known already, or a later status is known. Nothing changed.' },
    NOTED: {
      description:
        "The line requests a correction or has a status that moves no payment. The payment's status did not change.",
    },
    UNKNOWN: { description: 'No payment has that reference.' },
    DIFFERENT: { description: 'The line contradicts our records. A person must check the payment.' },
  },
});

@Entity({ tableName: 'bank_status_imports' })
@NotPersonal('the imported files of the bank')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: 'An imported bank status file.' })
export class BankStatusImport extends Base {
  @Field(() => BankStatusKind, { description: 'Kind of the file.' })
  @Enum({ items: () => BankStatusKind })
  kind!: BankStatusKind;

  @Field({ description: "SHA-256 of the file's text, in hexadecimal. The same file is imported once." })
  @Property({ type: 'text' })
  sha256!: string;

  @Field(() => Int, { description: 'Number of lines about payments.' })
  @Property({ type: 'integer' })
  lineCount!: number;

  @Field({ description: 'Id of the caller that imported the file.' })
  @Property({ type: 'text' })
  createdBy!: string;
}

@Entity({ tableName: 'bank_status_lines' })
@NotPersonal('status of payments at the bank, by their references')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: "The bank's report on one payment." })
export class BankStatusLine extends Base {
  @Property({ type: 'uuid' })
  importId!: string;

  @Property({ type: 'uuid', nullable: true })
  paymentId?: string | null;

  @Field({ description: "The bank's reference of the payment." })
  @Property({ type: 'text' })
  reference!: string;

  @Field({
    description:
      'Reported status: ACCEPTED, PAID, REJECTED, RETURNED, UNCLEAR for a booking that is neither the payment nor certainly its return, or NOTED for any other status.',
  })
  @Property({ type: 'text' })
  word!: string;

  @Field(() => String, {
    nullable: true,
    description: "The bank's code for the status. Null when the line has none.",
  })
  @Property({ type: 'text', nullable: true })
  code?: string | null;

  @Property({ type: 'bigint', nullable: true })
  amountMinor?: bigint | null;

  @Property({ type: 'text', nullable: true })
  amountCurrency?: string | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Amount in the line. Null when the line has no amount.',
  })
  amount?: MoneyColumn | null;

  @Field(() => BankLineOutcome, { description: 'Result of the line.' })
  @Enum({ items: () => BankLineOutcome })
  outcome!: BankLineOutcome;

  @Field(() => String, {
    nullable: true,
    description: 'Explanation of the result, as text. Null when the result needs none.',
  })
  @Property({ type: 'text', nullable: true })
  explanation?: string | null;
}

export const bankStatusImportTable: Table<BankStatusImport> = {
  type: BankStatusImport,
  from: 'bank_status_imports u',
  alias: 'u',
  kind: 'payout',
  attributes: owned('u', 'null::uuid'),
  columns: columnsOf(BankStatusImport, 'u'),
};

export const bankStatusLineTable: Table<BankStatusLine> = {
  type: BankStatusLine,
  from: 'bank_status_lines n',
  alias: 'n',
  kind: 'payout',
  attributes: owned('n', 'null::uuid'),
  columns: { ...columnsOf(BankStatusLine, 'n'), amount: moneyColumn('n.amount_minor', 'n.amount_currency') },
  needs: { payment: ['paymentId'] },
};
