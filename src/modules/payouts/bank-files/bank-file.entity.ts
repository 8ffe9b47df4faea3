import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { BankFileStatus, BankFormat } from '../../../domain/bank-status.ts';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';

registerEnumType(BankFormat, {
  name: 'BankFormat',
  description: 'What a file for the bank is written in.',
  valuesConfig: {
    PAIN: { description: 'ISO 20022 pain.001.001.09: SEPA and other credit transfers.' },
    NACHA: { description: 'NACHA: credits to accounts in the US.' },
  },
});
registerEnumType(BankFileStatus, {
  name: 'BankFileStatus',
  description: 'Where a bank file is on its way.',
  valuesConfig: {
    DRAFT: { description: 'Waits for approval by someone else than its maker.' },
    APPROVED: { description: 'May be downloaded and handed to the bank.' },
    CANCELED: { description: 'Called off; its payments wait for another file.' },
  },
});

/** Payments of one currency, as the bank takes them. The text itself lies sealed in `bank_file_parts`. */
@Entity({ tableName: 'bank_files' })
@NotPersonal('sums of payments of many partners, and who of the staff let them go')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: 'Payments of one currency in a file for the bank.' })
export class BankFile extends Base {
  @Property({ type: 'uuid', nullable: true })
  runId?: string | null;

  @Field(() => BankFormat, { description: 'What it is written in.' })
  @Enum({ items: () => BankFormat })
  format!: BankFormat;

  @Field(() => BankFileStatus, { description: 'Where it is on its way.' })
  @Enum({ items: () => BankFileStatus })
  status: Opt<BankFileStatus> = 'DRAFT';

  @Field(() => LocalDate, { description: 'The banking day on which the bank is to pay.' })
  @Property({ type: 'date' })
  executeOn!: string;

  /** Which file of its tenant, format and day, from 0. */
  @Property({ type: 'integer' })
  ofDay!: number;

  @Field(() => Int, { description: 'Number of its payments.' })
  @Property({ type: 'integer' })
  paymentCount!: number;

  @Field(() => MoneyColumn, { description: 'Sum of its payments.' })
  @Embedded(() => MoneyColumn)
  total!: MoneyColumn;

  @Field({ description: 'SHA-256 of its bytes, in hex: what the bank got can be held against it.' })
  @Property({ type: 'text' })
  sha256!: string;

  @Field({ description: 'Who made it.' })
  @Property({ type: 'text' })
  createdBy!: string;

  @Field(() => String, { nullable: true, description: 'Who approved it.' })
  @Property({ type: 'text', nullable: true })
  approvedBy?: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was approved.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  approvedAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Who called it off.' })
  @Property({ type: 'text', nullable: true })
  canceledBy?: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was called off.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  canceledAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Why it was called off.' })
  @Property({ type: 'text', nullable: true })
  cancelReason?: string | null;

  @Field(() => Int, { description: 'How often it was downloaded.' })
  @Property({ type: 'integer' })
  downloads: Opt<number> = 0;

  @Property({ type: 'text[]' })
  downloadedBy: Opt<string[]> = [];

  @Field(() => Date, {
    nullable: true,
    description: 'When it was first downloaded; null: the bank has it not.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  downloadedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  settledBy?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'NACHA: when somebody stated that the bank had debited its total.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  settledAt?: Date | null;
}

/** Who sees payouts sees their files; a partner sees none, because a file is many partners'. */
export const bankFileTable: Table<BankFile> = {
  type: BankFile,
  from: 'bank_files f',
  alias: 'f',
  kind: 'payout',
  attributes: {
    ...owned('f', 'null::uuid'),
    createdBy: { sql: 'f.created_by', is: 'string' },
    status: { sql: 'f.status', is: 'string' },
  },
  columns: columnsOf(BankFile, 'f'),
};
