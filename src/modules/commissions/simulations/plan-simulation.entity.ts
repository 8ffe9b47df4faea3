import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';

export const SimulationStatus = {
  WAITING: 'WAITING',
  RUNNING: 'RUNNING',
  DONE: 'DONE',
  CANCELED: 'CANCELED',
} as const;
export type SimulationStatus = (typeof SimulationStatus)[keyof typeof SimulationStatus];

registerEnumType(SimulationStatus, {
  name: 'SimulationStatus',
  description: 'How far a simulation is.',
  valuesConfig: {
    WAITING: { description: 'Is about to begin.' },
    RUNNING: { description: 'Weighs sales: see `progress`.' },
    DONE: { description: 'Has its answer.' },
    CANCELED: { description: 'Was ended by somebody before it had one.' },
  },
});

/** Amounts in minor units, as text. */
interface StoredCost {
  readonly currency: string;
  readonly now: string;
  readonly simulated: string;
}

/** What a simulation found. */
export interface StoredResult {
  readonly costs: readonly StoredCost[];
  readonly months: readonly (StoredCost & { readonly month: string })[];
  readonly winners: readonly (StoredCost & { readonly partnerId: string })[];
  readonly losers: readonly (StoredCost & { readonly partnerId: string })[];
  readonly better: number;
  readonly worse: number;
  readonly leftOut: number;
}

/** A question what past months had cost under other terms, and its answer for some days. */
@Entity({ tableName: 'plan_simulations' })
@NotPersonal('what the program had paid under other terms, by ids and sums; gone after 7 days')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'What past months had cost under other terms. Nothing but this answer is written.',
})
export class PlanSimulation extends Base {
  @Field({ description: 'Who asked.' })
  @Property({ type: 'text' })
  requestedBy!: string;

  @Field(() => LocalDate, { description: 'The first day of the first month.' })
  @Property({ type: 'date' })
  firstDay!: string;

  @Field(() => LocalDate, { description: 'The last day of the last month.' })
  @Property({ type: 'date' })
  lastDay!: string;

  @Property({ type: 'json' })
  changes!: object; // the input, as it was given

  @Field(() => SimulationStatus, { description: 'How far it is.' })
  @Enum({ items: () => SimulationStatus })
  status: Opt<SimulationStatus> = 'WAITING';

  @Field(() => Int, { description: 'Sales to weigh; 0 until it has begun.' })
  @Property({ type: 'integer' })
  salesTotal: Opt<number> = 0;

  @Field(() => Int, { description: 'Sales that it has weighed so far.' })
  @Property({ type: 'integer' })
  salesDone: Opt<number> = 0;

  @Property({ type: 'json', nullable: true })
  result?: StoredResult | null;

  @Field(() => Date, { nullable: true, description: 'When it ended, with its answer or without.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  finishedAt?: Date | null;

  @Field(() => Date, { description: 'Until when it is kept: 7 days.' })
  @Property({ type: 'timestamptz', length: 3 })
  expiresAt!: Date;

  @Field(() => Int, { description: 'Percent of the sales that it has weighed.' })
  get progress(): Opt<number> {
    if (this.status === 'DONE') return 100;
    return this.salesTotal === 0 ? 0 : Math.floor((this.salesDone * 100) / this.salesTotal);
  }
}

export const planSimulationTable: Table<PlanSimulation> = {
  type: PlanSimulation,
  from: 'plan_simulations s',
  alias: 's',
  kind: 'plan', // who may read the plans may read what others had cost
  attributes: owned('s'),
  columns: columnsOf(PlanSimulation, 's'),
  needs: {
    progress: ['status', 'salesTotal', 'salesDone'],
    costs: ['result'],
    months: ['result'],
    winners: ['result'],
    losers: ['result'],
    better: ['result'],
    worse: ['result'],
    leftOut: ['result'],
  },
};
