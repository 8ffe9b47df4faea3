import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Info,
  Mutation,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { loadOne } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { CommissionPlan, commissionPlanTable } from './commission-plan.entity.ts';
import { CommissionRule, commissionRuleTable } from './commission-rule.entity.ts';
import {
  assignCommissionPlan,
  createCommissionPlan,
  createCommissionRule,
  endCommissionRule,
  updateCommissionRule,
} from './manage-plans.ts';
import {
  CommissionRuleFilter,
  CommissionRuleInput,
  CreateCommissionPlanInput,
  CreateCommissionRuleInput,
} from './plan.inputs.ts';
import { commissionRules } from './plan.loader.ts';

const CommissionPlanConnection = connectionOf(CommissionPlan);
const CommissionRuleConnection = connectionOf(CommissionRule);

@Resolver(() => CommissionPlan)
export class CommissionPlanResolver {
  @Authorized('program:read')
  @Query(() => CommissionPlanConnection, {
    description: "Returns the program's commission plans, newest first.",
  })
  commissionPlans(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<CommissionPlan>> {
    return page(ctx, info, commissionPlanTable, args, []);
  }

  @Authorized('program:edit')
  @Mutation(() => CommissionPlan, { description: 'Creates a commission plan without rules.' })
  async createCommissionPlan(
    @Arg('input', () => CreateCommissionPlanInput, { description: 'The new plan.' })
    input: CreateCommissionPlanInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionPlan> {
    return findRow(ctx, info, commissionPlanTable, await createCommissionPlan(ctx, input));
  }

  @Authorized('program:edit')
  @Mutation(() => Partner, {
    description: 'Assigns a plan to a partner from a given time. Commissions of earlier sales do not change.',
  })
  async assignCommissionPlan(
    @Arg('partnerId', () => ID, { description: 'Id of the partner.' }) partnerId: string,
    @Arg('planId', () => ID, {
      nullable: true,
      description: 'Id of the plan. Null assigns the default plan.',
    })
    planId: string | null,
    @Arg('effectiveAt', () => Date, {
      nullable: true,
      description: 'Time from which the plan applies, not in the past. Default: now.',
    })
    effectiveAt: Date | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    const id = await assignCommissionPlan(ctx, partnerId, planId ?? null, effectiveAt ?? null);
    return findRow(ctx, info, partnerTable, id);
  }
}

@Resolver(() => CommissionRule)
export class CommissionRuleResolver {
  @Authorized('program:read')
  @Query(() => CommissionRuleConnection, {
    description: 'Returns versions of commission rules, newest first. A partner gets only its own rules.',
  })
  commissionRules(
    @Arg('filter', () => CommissionRuleFilter, {
      nullable: true,
      description: 'Conditions for the rules. Default: all.',
    })
    filter: CommissionRuleFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<CommissionRule>> {
    return commissionRules(ctx, info, filter, args);
  }

  @Authorized('program:edit')
  @Mutation(() => CommissionRule, { description: 'Creates a commission rule of a plan or of one partner.' })
  async createCommissionRule(
    @Arg('input', () => CreateCommissionRuleInput, { description: 'The new rule.' })
    input: CreateCommissionRuleInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionRule> {
    return findRow(ctx, info, commissionRuleTable, await createCommissionRule(ctx, input));
  }

  @Authorized('program:edit')
  @Mutation(() => CommissionRule, {
    description:
      'Edits a rule by adding a version that is in force from now or later. Existing commissions keep their version.',
  })
  async updateCommissionRule(
    @Arg('id', () => ID, { description: 'Id of any version of the rule.' }) id: string,
    @Arg('input', () => CommissionRuleInput, { description: 'The complete terms of the new version.' })
    input: CommissionRuleInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionRule> {
    return findRow(ctx, info, commissionRuleTable, await updateCommissionRule(ctx, id, input));
  }

  @Authorized('program:edit')
  @Mutation(() => CommissionRule, { description: 'Ends a rule now or later. Returns the final version.' })
  async endCommissionRule(
    @Arg('id', () => ID, { description: 'Id of any version of the rule.' }) id: string,
    @Arg('effectiveAt', () => Date, {
      nullable: true,
      description: 'Time at which the rule ends, not in the past. Default: now.',
    })
    effectiveAt: Date | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionRule> {
    return findRow(ctx, info, commissionRuleTable, await endCommissionRule(ctx, id, effectiveAt ?? null));
  }

  @FieldResolver(() => CommissionPlan, {
    nullable: true,
    description: "The plan of the rule. Null for a partner's own rule.",
  })
  plan(
    @Root() root: CommissionRule,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionPlan | null> | CommissionPlan | null {
    return loadOne(ctx, info, commissionPlanTable, root.planId ?? null, root);
  }

  @FieldResolver(() => Partner, {
    nullable: true,
    description: 'The partner of the rule. Null for a rule of a plan.',
  })
  partner(
    @Root() root: CommissionRule,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId ?? null, root);
  }
}
