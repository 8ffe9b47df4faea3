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
  @Query(() => CommissionPlanConnection, { description: "The program's commission plans, newest first." })
  commissionPlans(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<CommissionPlan>> {
    return page(ctx, info, commissionPlanTable, args, []);
  }

  @Authorized('program:edit')
  @Mutation(() => CommissionPlan, { description: 'Makes a commission plan without rules.' })
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
    description: 'Puts a partner on a plan from an instant on. Sales before it keep what they earned by.',
  })
  async assignCommissionPlan(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('planId', () => ID, { nullable: true, description: 'The plan; null: back on the default one.' })
    planId: string | null,
    @Arg('effectiveAt', () => Date, { nullable: true, description: 'From when; default: now.' })
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
    description: 'Versions of commission rules, newest first; a partner sees those that are its own.',
  })
  commissionRules(
    @Arg('filter', () => CommissionRuleFilter, { nullable: true, description: 'Which of them.' })
    filter: CommissionRuleFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<CommissionRule>> {
    return commissionRules(ctx, info, filter, args);
  }

  @Authorized('program:edit')
  @Mutation(() => CommissionRule, { description: 'Makes a rule of a plan or of one partner.' })
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
      'Edits a rule: a further version, from now or later on. Lines keep the version that made them.',
  })
  async updateCommissionRule(
    @Arg('id', () => ID, { description: 'The id of any version of it.' }) id: string,
    @Arg('input', () => CommissionRuleInput, { description: 'All that the new version says.' })
    input: CommissionRuleInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionRule> {
    return findRow(ctx, info, commissionRuleTable, await updateCommissionRule(ctx, id, input));
  }

  @Authorized('program:edit')
  @Mutation(() => CommissionRule, { description: 'Takes a rule out of force from now or later on.' })
  async endCommissionRule(
    @Arg('id', () => ID, { description: 'The id of any version of it.' }) id: string,
    @Arg('effectiveAt', () => Date, { nullable: true, description: 'From when; default: now.' })
    effectiveAt: Date | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionRule> {
    return findRow(ctx, info, commissionRuleTable, await endCommissionRule(ctx, id, effectiveAt ?? null));
  }

  @FieldResolver(() => CommissionPlan, {
    nullable: true,
    description: "The plan that it is of; null: a partner's own.",
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
    description: "The partner that it is for; null: a plan's.",
  })
  partner(
    @Root() root: CommissionRule,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId ?? null, root);
  }
}
