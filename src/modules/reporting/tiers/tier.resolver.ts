import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  Int,
  Mutation,
  ObjectType,
  Resolver,
  Root,
} from 'type-graphql';
import { PartnerTier } from '../../../domain/partner.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { evaluateTiers } from './evaluate-tiers.ts';
import { lockPartnerTier, unlockPartnerTier } from './lock-tier.ts';
import { loadTierHistory, loadTierProgress } from './tier.loader.ts';

@ObjectType({ simpleResolvers: true, description: 'Result of a tier evaluation for one month.' })
class TierEvaluationResult {
  @Field(() => LocalDate, { description: 'First day of the month.' })
  month!: string;

  @Field(() => Int, {
    description: 'Number of partners evaluated by this call. Earlier decisions do not change.',
  })
  evaluated!: number;

  @Field(() => Int, { description: 'Number of evaluated partners that were promoted.' })
  promoted!: number;

  @Field(() => Int, { description: 'Number of evaluated partners that were demoted.' })
  demoted!: number;

  @Field(() => Int, {
    description:
      'Number of evaluated partners in grace: they missed the threshold and keep their tier for one month.',
  })
  forgiven!: number;

  @Field(() => Int, {
    description: 'Number of partners that cannot be evaluated yet. The evaluation is repeated.',
  })
  blocked!: number;

  @Field(() => [String], {
    description: 'Reasons why partners cannot be evaluated, e.g. a missing exchange rate; at most 20.',
  })
  reasons!: string[];
}

@ObjectType({ simpleResolvers: true, description: 'A tier of a partner with its start time.' })
class TierHistoryEntry {
  @Field(() => PartnerTier, { description: 'Tier of the partner.' })
  tier!: PartnerTier;

  @Field(() => Date, {
    description:
      'Time from which the tier applies. For the first entry, the time at which the partner was created.',
  })
  effectiveAt!: Date;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the caller that set the tier, or `system` for a tier evaluation. Null when unknown.',
  })
  changedBy!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Reason for the change. The partner can read the reason. Null without one.',
  })
  reason!: string | null;
}

@ObjectType({
  simpleResolvers: true,
  description: 'What a partner needs in the current month to reach the next tier.',
})
class TierProgress {
  @Field(() => LocalDate, { description: 'First day of the month that is evaluated.' })
  month!: string;

  @Field(() => PartnerTier, {
    nullable: true,
    description:
      'The next tier. Null for the highest tier, and when the evaluation is blocked, e.g. by a missing exchange rate.',
  })
  nextTier!: PartnerTier | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Revenue still required, net of refunds and tax. Null when `nextTier` is null.',
  })
  missingRevenue!: MoneyColumn | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Number of active customers still required. Null when `nextTier` is null.',
  })
  missingCustomers!: number | null;

  @Field({
    description:
      'The requirement, or the reason why the evaluation is blocked, as a sentence, e.g. `The partner needs another 1,240.00 USD of revenue and 2 active customers this month for the tier GOLD.`',
  })
  sentence!: string;
}

@Resolver(() => Partner)
export class PartnerTierResolver {
  @Authorized('program:edit')
  @Mutation(() => TierEvaluationResult, {
    description:
      'Evaluates the tiers for a settled month, like the automatic monthly job. A repeated call evaluates only partners that could not be evaluated before.',
  })
  evaluateTiers(
    @Arg('month', () => LocalDate, { description: 'Any day of the month to evaluate.' }) month: string,
    @Ctx() ctx: Context,
  ): Promise<TierEvaluationResult> {
    return evaluateTiers(ctx, ctx.actor.tenantId ?? '', month);
  }

  @Authorized('program:edit')
  @Mutation(() => Partner, {
    description: "Locks a partner's tier. Tier evaluations do not change a locked tier.",
  })
  async lockPartnerTier(
    @Arg('partnerId', () => ID, { description: 'Id of the partner.' }) partnerId: string,
    @Arg('tier', () => PartnerTier, { description: 'Tier to lock.' }) tier: PartnerTier,
    @Arg('reason', () => String, {
      description: 'Reason for the lock, 1 to 1000 characters. The partner can read the reason.',
    })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await lockPartnerTier(ctx, partnerId, tier, reason));
  }

  @Authorized('program:edit')
  @Mutation(() => Partner, {
    description: "Unlocks a partner's tier, so that tier evaluations change it again.",
  })
  async unlockPartnerTier(
    @Arg('partnerId', () => ID, { description: 'Id of the partner.' }) partnerId: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await unlockPartnerTier(ctx, partnerId));
  }

  @FieldResolver(() => [TierHistoryEntry], {
    description: 'Tiers of the partner over time, newest first; at most 100.',
  })
  tierHistory(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TierHistoryEntry[]> {
    return loadTierHistory(ctx, info, id);
  }

  @FieldResolver(() => TierProgress, {
    description: 'What the partner needs in the current month to reach the next tier.',
  })
  tierProgress(
    @Root() partner: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TierProgress> {
    return loadTierProgress(ctx, info, partner);
  }
}
