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
  description: 'How far a comparison is.',
  valuesConfig: {
    RUNNING: { description: 'Under way: `checked` says how far.' },
    DONE: { description: 'Every transfer of the period was compared.' },
  },
});

/** A comparison of a rail's books with ours over a period. */
@Entity({ tableName: 'reconciliations' })
@NotPersonal('counts of transfers')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: "A comparison of a rail's books with ours over a period." })
export class Reconciliation extends Base {
  @Field(() => PayoutMethod, { description: 'Whose rail is compared.' })
  @Enum({ items: () => PayoutMethod })
  method!: PayoutMethod;

  @Field({ description: 'The rail that carried it.' })
  @Property({ type: 'text' })
  rail!: string;

  @Field(() => Date, { description: 'The first instant of the period.' })
  @Property({ type: 'timestamptz', length: 3, fieldName: 'from_at' })
  from!: Date;

  @Field(() => Date, { description: 'The first instant after the period.' })
  @Property({ type: 'timestamptz', length: 3, fieldName: 'to_at' })
  to!: Date;

  @Field(() => ReconciliationState, { description: 'How far it is.' })
  @Enum({ items: () => ReconciliationState })
  state: Opt<ReconciliationState> = 'RUNNING';

  /** The one of the last day, which is made anew every quarter of an hour. */
  @Property({ type: 'boolean' })
  recent: Opt<boolean> = false;

  @Field({ description: 'Who asked for it; `system`: nobody.' })
  @Property({ type: 'text' })
  startedBy!: string;

  /** Which job works on it: one that was overtaken writes nothing more. */
  @Property({ type: 'uuid', nullable: true })
  run?: string | null;

  @Field(() => Int, { description: 'Transfers that were compared so far.' })
  @Property({ type: 'integer' })
  checked: Opt<number> = 0;

  @Field(() => Int, { description: 'Transfers that are the same on both sides.' })
  @Property({ type: 'integer' })
  matched: Opt<number> = 0;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  readonly touchedAt!: Opt<Date>;

  @Field(() => Date, { nullable: true, description: 'When it ended; null while it runs.' })
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
