import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base, byPartner, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

/** A named set of commission rules that can be assigned to partners. */
@Entity({ tableName: 'commission_plans' })
@NotPersonal('terms of the program')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A named set of commission rules that can be assigned to partners.',
})
export class CommissionPlan extends Base {
  @Field({ description: 'Name of the plan, unique in the program.' })
  @Property({ type: 'text' })
  name!: string;

  @Field({ description: 'True: partners without an assigned plan use this plan.' })
  @Property({ type: 'boolean' })
  isDefault!: boolean;

  @Field({ description: 'Id of the person who created the plan.' })
  @Property({ type: 'text' })
  createdBy!: string;
}

export const commissionPlanTable: Table<CommissionPlan> = {
  type: CommissionPlan,
  from: 'commission_plans n',
  alias: 'n',
  kind: 'plan',
  attributes: owned('n'),
  columns: columnsOf(CommissionPlan, 'n'),
};

/** The assignment of a partner to a plan from a given time. Rows are only added. */
@Entity({ tableName: 'plan_memberships' })
@NotPersonal('the assigned plan of a partner, by ids; the commissions name the terms that they used')
@Filter({ name: 'mine', cond: byPartner, default: true })
export class PlanMembership extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Property({ type: 'uuid', nullable: true })
  planId?: string | null; // null: the default plan

  @Property({ type: 'timestamptz', length: 3 })
  effectiveAt!: Date;

  @Property({ type: 'text' })
  createdBy!: string;
}
