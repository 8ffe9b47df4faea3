import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PayoutMethod } from '../../../domain/payout.ts';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

export const ReconciliationState = { RUNNING: 'RUNNING', DONE: 'DONE' } as const;
export type ReconciliationState = (typeof ReconciliationState)[keyof typeof ReconciliationState];

registerEnumType(ReconciliationState, {
  name: 'ReconciliationState',
  description: 'State of a reconciliation.',
  valuesConfig: {
    RUNNING: { description: 'The reconciliation is running. `checked` shows its progress.' },
    DONE: { description: 'All transfers of the period were compared.' },
  },
});

/** A comparison of our payouts with the transfers that a rail lists for a period. */
@Entity({ tableName: 'reconciliations' })
@NotPersonal('counts of transfers')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A comparison of our payouts with the transfers that a rail lists for a period.',
})
export class Reconciliation extends Base {
  @Field(() => PayoutMethod, { description: 'Payout method whose rail is compared.' })
  @Enum({ items: () => PayoutMethod })
  method!: PayoutMethod;

  @Field({ description: 'Name of the rail.' })
  @Property({ type: 'text' })
  rail!: string;

  @Field(() => Date, { description: 'Start of the period, inclusive.' })
  @Property({ type: 'timestamptz', length: 3, fieldName: 'from_at' })
  from!: Date;

  @Field(() => Date, { description: 'End of the period, exclusive.' })
  @Property({ type: 'timestamptz', length: 3, fieldName: 'to_at' })
  to!: Date;

  @Field(() => ReconciliationState, { description: 'State of the reconciliation.' })
  @Enum({ items: () => ReconciliationState })
  state: Opt<ReconciliationState> = 'RUNNING';

  /** True for the automatic reconciliation of the last day, which runs every 15 minutes. */
  @Property({ type: 'boolean' })
  recent: Opt<boolean> = false;

  @Field({
    description:
      'Id of the caller that started the reconciliation, or `system` when it started automatically.',
  })
  @Property({ type: 'text' })
  startedBy!: string;

  /** Id of the job that owns the reconciliation. An older job with another id writes nothing. */
  @Property({ type: 'uuid', nullable: true })
  run?: string | null;

  @Field(() => Int, { description: 'Number of transfers compared so far.' })
  @Property({ type: 'integer' })
  checked: Opt<number> = 0;

  @Field(() => Int, { description: 'Number of transfers without a difference.' })
  @Property({ type: 'integer' })
  matched: Opt<number> = 0;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  readonly touchedAt!: Opt<Date>;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the reconciliation ended. Null while it is running.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  finishedAt?: Date | null;
}

export const reconciliationTable: Table<Reconciliation> = {
  type: Reconciliation,
  from: 'reconciliations r',
  alias: 'r',
  kind: 'payout',
  attributes: owned('r'),
  columns: columnsOf(Reconciliation, 'r'),
};
