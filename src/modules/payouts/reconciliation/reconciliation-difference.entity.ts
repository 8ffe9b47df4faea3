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
  description: "How a rail's books and ours differ.",
  valuesConfig: {
    MISSING_HERE: { description: 'The rail moved money that no payout of ours knows of.' },
    MISSING_THERE: { description: 'We hold a payout for paid that the rail has no trace of.' },
    DIFFERENT_AMOUNT: { description: 'The same transfer, of another amount or currency.' },
    DIFFERENT_STATUS: {
      description:
        'The same transfer, at another point of its way. What is still under way here is looked up at once.',
    },
    UNTOLD: { description: 'The rail was asked about a payout of ours and did not tell.' },
  },
});

/** One transfer that is not the same on both sides. */
@Entity({ tableName: 'reconciliation_differences' })
@NotPersonal('ids, references and amounts; the partner is told by its payouts')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: 'One transfer that is not the same on both sides.' })
export class ReconciliationDifference extends Base {
  /** Null where it is about nothing of ours: only who sees every tenant sees it. */
  @Property({ type: 'text', nullable: true })
  override tenantId: string = null as unknown as string;

  @Property({ type: 'uuid' })
  reconciliationId!: string;

  @Field(() => DifferenceKind, { description: 'How the two differ.' })
  @Enum({ items: () => DifferenceKind })
  kind!: DifferenceKind;

  @Field(() => ID, { nullable: true, description: 'Our payout; null: there is none.' })
  @Property({ type: 'uuid', nullable: true })
  payoutId?: string | null;

  @Field(() => String, { nullable: true, description: "The rail's reference; null: it has none." })
  @Property({ type: 'text', nullable: true })
  reference?: string | null;

  @Field(() => String, { nullable: true, description: 'What it is here; null: nothing.' })
  @Property({ type: 'text', nullable: true })
  ourStatus?: string | null;

  @Field(() => MoneyColumn, { nullable: true, description: 'What it comes to here; null: it is not here.' })
  @Embedded(() => MoneyColumn, { nullable: true, prefix: 'our_' })
  ourAmount?: MoneyColumn | null;

  @Field(() => String, { nullable: true, description: 'What it is at the rail; null: nothing.' })
  @Property({ type: 'text', nullable: true })
  theirStatus?: string | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'What it comes to at the rail; null: it is not there.',
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
