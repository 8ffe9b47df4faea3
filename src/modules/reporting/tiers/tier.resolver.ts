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
import { tierHistoryOf, tierProgressOf } from './tier.loader.ts';

@ObjectType({ simpleResolvers: true, description: "What evaluating a month made of the program's partners." })
class TierEvaluationResult {
  @Field(() => LocalDate, { description: 'The first day of the month.' })
  month!: string;

  @Field(() => Int, { description: 'Partners that were decided now; those decided before stay as they are.' })
  evaluated!: number;

  @Field(() => Int, { description: 'Of these, how many rose.' })
  promoted!: number;

  @Field(() => Int, { description: 'Of these, how many fell.' })
  demoted!: number;

  @Field(() => Int, { description: 'Of these, how many missed their tier and keep it for once.' })
  forgiven!: number;

  @Field(() => Int, { description: 'Partners that can not be decided yet; they are tried again.' })
  blocked!: number;

  @Field(() => [String], {
    description: 'Why they can not, e.g. the exchange rate that is missing: at most 20.',
  })
  reasons!: string[];
}

@ObjectType({ simpleResolvers: true, description: 'A tier that a partner had, from when.' })
class TierHistoryEntry {
  @Field(() => PartnerTier, { description: 'The tier.' })
  tier!: PartnerTier;

  @Field(() => Date, { description: 'From when on; the first one holds from 1970.' })
  effectiveAt!: Date;

  @Field(() => String, { nullable: true, description: 'Who gave it; `system`: the evaluation of a month.' })
  changedBy!: string | null;

  @Field(() => String, { nullable: true, description: 'Why, as the partner may read it.' })
  reason!: string | null;
}

@ObjectType({ simpleResolvers: true, description: 'What the month so far lacks for the next tier.' })
class TierProgress {
  @Field(() => LocalDate, { description: 'The first day of the month that counts.' })
  month!: string;

  @Field(() => PartnerTier, { nullable: true, description: 'The next tier; null at the highest.' })
  nextTier!: PartnerTier | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Revenue that is missing, net of refunds and tax.',
  })
  missingRevenue!: MoneyColumn | null;

  @Field(() => Int, { nullable: true, description: 'Active customers that are missing.' })
  missingCustomers!: number | null;

  @Field({ description: 'The same in words, e.g. `1,240.00 USD and 2 customers`.' })
  sentence!: string;
}

@Resolver(() => Partner)
export class PartnerTierResolver {
  @Authorized('program:edit')
  @Mutation(() => TierEvaluationResult, {
    description:
      'Evaluates a month that has settled, as the worker does by itself. Again, it decides only what was blocked.',
  })
  evaluateTiers(
    @Arg('month', () => LocalDate, { description: 'Any day of the month.' }) month: string,
    @Ctx() ctx: Context,
  ): Promise<TierEvaluationResult> {
    return evaluateTiers(ctx, ctx.actor.tenantId ?? '', month);
  }

  @Authorized('program:edit')
  @Mutation(() => Partner, {
    description: 'Gives a partner a tier that months neither raise nor lower, until it is unlocked.',
  })
  async lockPartnerTier(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('tier', () => PartnerTier, { description: 'The tier to hold.' }) tier: PartnerTier,
    @Arg('reason', () => String, { description: 'Why, as the partner may read it: 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await lockPartnerTier(ctx, partnerId, tier, reason));
  }

  @Authorized('program:edit')
  @Mutation(() => Partner, { description: 'Lets the months decide about a tier again.' })
  async unlockPartnerTier(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await unlockPartnerTier(ctx, partnerId));
  }

  @FieldResolver(() => [TierHistoryEntry], {
    description: 'The tiers that it had, newest first: at most 100.',
  })
  tierHistory(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TierHistoryEntry[]> {
    return tierHistoryOf(ctx, info, id);
  }

  @FieldResolver(() => TierProgress, { description: 'What it lacks for the next tier this month.' })
  tierProgress(
    @Root() partner: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TierProgress> {
    return tierProgressOf(ctx, info, partner);
  }
}
