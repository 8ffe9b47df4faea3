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
  description: 'Format of a bank file.',
  valuesConfig: {
    PAIN: { description: 'ISO 20022 pain.001.001.09: SEPA and other credit transfers.' },
    NACHA: { description: 'NACHA: credits to accounts in the US.' },
  },
});
registerEnumType(BankFileStatus, {
  name: 'BankFileStatus',
  description: 'Status of a bank file.',
  valuesConfig: {
    DRAFT: { description: 'Waits for approval by another person than its creator.' },
    APPROVED: { description: 'Approved: the file can be downloaded and submitted to the bank.' },
    CANCELED: { description: 'Canceled: its payments wait for another file.' },
  },
});

/** Payments of one currency in one file for the bank. The text is stored encrypted in `bank_file_parts`. */
@Entity({ tableName: 'bank_files' })
@NotPersonal('sums of payments of many partners, and the staff members who released them')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: 'File with payments of one currency for the bank.' })
export class BankFile extends Base {
  @Property({ type: 'uuid', nullable: true })
  runId?: string | null;

  @Field(() => BankFormat, { description: 'Format of the file.' })
  @Enum({ items: () => BankFormat })
  format!: BankFormat;

  @Field(() => BankFileStatus, { description: 'Status of the file.' })
  @Enum({ items: () => BankFileStatus })
  status: Opt<BankFileStatus> = 'DRAFT';

  @Field(() => LocalDate, { description: 'The banking day on which the bank executes the payments.' })
  @Property({ type: 'date' })
  executeOn!: string;

  /** Sequence number of the file within its tenant, format and day, from 0. */
  @Property({ type: 'integer' })
  ofDay!: number;

  @Field(() => Int, { description: 'Number of payments in the file.' })
  @Property({ type: 'integer' })
  paymentCount!: number;

  @Field(() => MoneyColumn, { description: 'Sum of the payments in the file.' })
  @Embedded(() => MoneyColumn)
  total!: MoneyColumn;

  @Field({
    description:
      "SHA-256 of the file's bytes, in hexadecimal. Compare it with the file that the bank received.",
  })
  @Property({ type: 'text' })
  sha256!: string;

  @Field({ description: 'Id of the caller that created the file.' })
  @Property({ type: 'text' })
  createdBy!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the caller that approved the file. Null until the file is approved.',
  })
  @Property({ type: 'text', nullable: true })
  approvedBy?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the file was approved. Null until the file is approved.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  approvedAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the caller that canceled the file. Null unless the file was canceled.',
  })
  @Property({ type: 'text', nullable: true })
  canceledBy?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the file was canceled. Null unless the file was canceled.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  canceledAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Reason for the cancellation. Null unless the file was canceled.',
  })
  @Property({ type: 'text', nullable: true })
  cancelReason?: string | null;

  @Field(() => Int, { description: 'Number of downloads.' })
  @Property({ type: 'integer' })
  downloads: Opt<number> = 0;

  @Property({ type: 'text[]' })
  downloadedBy: Opt<string[]> = [];

  @Field(() => Date, {
    nullable: true,
    description:
      'Time of the first download. Null while the file was never downloaded, so the bank cannot have it.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  downloadedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  settledBy?: string | null;

  @Field(() => Date, {
    nullable: true,
    description:
      'NACHA: time when a person confirmed that the bank debited the total. Null until then, and for other formats.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  settledAt?: Date | null;
}

/** Staff who may read payouts may read their files. A partner may not: a file contains payments of many partners. */
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
