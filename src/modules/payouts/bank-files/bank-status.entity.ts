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
  description: 'What a bank says how payments went in.',
  valuesConfig: {
    PAIN_STATUS: { description: 'ISO 20022: the report on a file that the bank got.' },
    CAMT_STATEMENT: { description: 'ISO 20022: the statement of an account.' },
    CAMT_NOTIFICATION: { description: 'ISO 20022: the notification of bookings.' },
    NACHA_RETURN: { description: 'NACHA: returns, and notifications of change.' },
  },
});
registerEnumType(BankLineOutcome, {
  name: 'BankLineOutcome',
  description: 'What became of one line of a status file.',
  valuesConfig: {
    APPLIED: { description: 'It moved its payment on.' },
    REPEATED: { description: 'It was known already, or came later than what it says: nothing moved.' },
    NOTED: { description: 'It asks for a correction, or says what we do not know: nothing moved.' },
    UNKNOWN: { description: 'No payment of ours has that reference.' },
    DIFFERENT: { description: 'It contradicts what we know: it is for a person to look at.' },
  },
});

@Entity({ tableName: 'bank_status_imports' })
@NotPersonal('which files of the bank were read in')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: 'A status file of the bank that was read in.' })
export class BankStatusImport extends Base {
  @Field(() => BankStatusKind, { description: 'What it is.' })
  @Enum({ items: () => BankStatusKind })
  kind!: BankStatusKind;

  @Field({ description: 'SHA-256 of its text, in hex: the same file is read once.' })
  @Property({ type: 'text' })
  sha256!: string;

  @Field(() => Int, { description: 'Number of its lines about payments.' })
  @Property({ type: 'integer' })
  lineCount!: number;

  @Field({ description: 'Who gave it.' })
  @Property({ type: 'text' })
  createdBy!: string;
}

@Entity({ tableName: 'bank_status_lines' })
@NotPersonal("the bank's words about payments, by their references")
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: "The bank's word about one payment." })
export class BankStatusLine extends Base {
  @Property({ type: 'uuid' })
  importId!: string;

  @Property({ type: 'uuid', nullable: true })
  paymentId?: string | null;

  @Field({ description: 'What the bank names the payment by.' })
  @Property({ type: 'text' })
  reference!: string;

  @Field({ description: 'What it says: ACCEPTED, PAID, REJECTED, RETURNED, or NOTED for anything else.' })
  @Property({ type: 'text' })
  word!: string;

  @Field(() => String, { nullable: true, description: "The bank's own code." })
  @Property({ type: 'text', nullable: true })
  code?: string | null;

  @Property({ type: 'bigint', nullable: true })
  amountMinor?: bigint | null;

  @Property({ type: 'text', nullable: true })
  amountCurrency?: string | null;

  @Field(() => MoneyColumn, { nullable: true, description: 'The amount that it names; null: none.' })
  amount?: MoneyColumn | null;

  @Field(() => BankLineOutcome, { description: 'What became of it.' })
  @Enum({ items: () => BankLineOutcome })
  outcome!: BankLineOutcome;

  @Field(() => String, { nullable: true, description: 'Why, in words.' })
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
