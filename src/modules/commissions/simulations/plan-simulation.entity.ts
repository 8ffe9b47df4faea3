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
  description: 'Status of a simulation.',
  valuesConfig: {
    WAITING: { description: 'The simulation has not started.' },
    RUNNING: { description: 'The simulation recomputes sales, see `progress`.' },
    DONE: { description: 'The result is complete.' },
    CANCELED: { description: 'The simulation was canceled before it was DONE.' },
  },
});

/** Amounts in minor units, as text. */
interface StoredCost {
  readonly currency: string;
  readonly now: string;
  readonly simulated: string;
}

/** The result of a simulation. */
export interface StoredResult {
  readonly costs: readonly StoredCost[];
  readonly months: readonly (StoredCost & { readonly month: string })[];
  readonly winners: readonly (StoredCost & { readonly partnerId: string })[];
  readonly losers: readonly (StoredCost & { readonly partnerId: string })[];
  readonly better: number;
  readonly worse: number;
  readonly leftOut: number;
}

/** A simulation with its input and, for some days, its result. */
@Entity({ tableName: 'plan_simulations' })
@NotPersonal('simulated sums by ids; deleted after 7 days')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description:
    'A simulation of the commissions of past months under other terms. A simulation changes no commission.',
})
export class PlanSimulation extends Base {
  @Field({ description: 'Id of the caller who started the simulation.' })
  @Property({ type: 'text' })
  requestedBy!: string;

  @Field(() => LocalDate, { description: 'First day of the first month.' })
  @Property({ type: 'date' })
  firstDay!: string;

  @Field(() => LocalDate, { description: 'Last day of the last month.' })
  @Property({ type: 'date' })
  lastDay!: string;

  @Property({ type: 'json' })
  changes!: object; // the input without changes

  @Field(() => SimulationStatus, { description: 'Status of the simulation.' })
  @Enum({ items: () => SimulationStatus })
  status: Opt<SimulationStatus> = 'WAITING';

  @Field(() => Int, { description: 'Number of sales to recompute. 0 until the simulation starts.' })
  @Property({ type: 'integer' })
  salesTotal: Opt<number> = 0;

  @Field(() => Int, { description: 'Number of sales recomputed so far.' })
  @Property({ type: 'integer' })
  salesDone: Opt<number> = 0;

  @Property({ type: 'json', nullable: true })
  result?: StoredResult | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the simulation became DONE or CANCELED. Null before.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  finishedAt?: Date | null;

  @Field(() => Date, { description: 'Time when the simulation is deleted, 7 days after its start.' })
  @Property({ type: 'timestamptz', length: 3 })
  expiresAt!: Date;

  @Field(() => Int, { description: 'Recomputed sales in percent of all sales.' })
  get progress(): Opt<number> {
    if (this.status === 'DONE') return 100;
    return this.salesTotal === 0 ? 0 : Math.floor((this.salesDone * 100) / this.salesTotal);
  }
}

export const planSimulationTable: Table<PlanSimulation> = {
  type: PlanSimulation,
  from: 'plan_simulations s',
  alias: 's',
  kind: 'plan', // readable by callers who may read plans
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
