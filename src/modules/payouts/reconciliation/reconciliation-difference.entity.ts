import { Embedded, Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

export const DifferenceKind = {
  MISSING_HERE: 'MISSING_HERE',
  MISSING_THERE: 'MISSING_THERE',
  DIFFERENT_AMOUNT: 'DIFFERENT_AMOUNT',
  DIFFERENT_STATUS: 'DIFFERENT_STATUS',
  UNTOLD: 'UNTOLD',
} as const;
export type DifferenceKind = (typeof DifferenceKind)[keyof typeof DifferenceKind];

registerEnumType(DifferenceKind, {
  name: 'DifferenceKind',
  description: "Kind of a difference between our payouts and the rail's transfers.",
  valuesConfig: {
    MISSING_HERE: { description: 'The rail lists a transfer that matches no payout.' },
    MISSING_THERE: { description: 'A payout is paid in our records and the rail has no transfer for it.' },
    DIFFERENT_AMOUNT: { description: 'The amount or the currency differs.' },
    DIFFERENT_STATUS: {
      description:
        'The status differs. For a payout that is still in progress, the rail is asked immediately.',
    },
    UNTOLD: { description: 'The rail was asked about a payout and gave no answer.' },
  },
});

/** One transfer that is not the same on both sides. */
@Entity({ tableName: 'reconciliation_differences' })
@NotPersonal('ids, references and amounts; the payouts show them to the partner')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'One difference between a payout and a transfer that the rail lists.',
})
export class ReconciliationDifference extends Base {
  /** Null when the difference concerns no payout of ours. Only a caller with access to all tenants can read such a difference. */
  @Property({ type: 'text', nullable: true })
  override tenantId: string = null as unknown as string;

  @Property({ type: 'uuid' })
  reconciliationId!: string;

  @Field(() => DifferenceKind, { description: 'Kind of the difference.' })
  @Enum({ items: () => DifferenceKind })
  kind!: DifferenceKind;

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the payout. Null when no payout matches the transfer.',
  })
  @Property({ type: 'uuid', nullable: true })
  payoutId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The rail's reference of the transfer. Null when there is none.",
  })
  @Property({ type: 'text', nullable: true })
  reference?: string | null;

  @Field(() => String, { nullable: true, description: 'Status in our records. Null when no payout matches.' })
  @Property({ type: 'text', nullable: true })
  ourStatus?: string | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Amount in our records. Null when no payout matches.',
  })
  @Embedded(() => MoneyColumn, { nullable: true, prefix: 'our_' })
  ourAmount?: MoneyColumn | null;

  @Field(() => String, {
    nullable: true,
    description: 'Status at the rail. Null when the rail has no transfer.',
  })
  @Property({ type: 'text', nullable: true })
  theirStatus?: string | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Amount at the rail. Null when the rail has no transfer.',
  })
  @Embedded(() => MoneyColumn, { nullable: true, prefix: 'their_' })
  theirAmount?: MoneyColumn | null;
}

export const differenceTable: Table<ReconciliationDifference> = {
  type: ReconciliationDifference,
  from: 'reconciliation_differences d',
  alias: 'd',
  kind: 'payout',
  attributes: owned('d'),
  columns: columnsOf(ReconciliationDifference, 'd'),
};
