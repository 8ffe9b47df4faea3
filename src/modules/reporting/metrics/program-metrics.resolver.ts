import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Info,
  Int,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { daysBefore, Interval } from '../../../domain/metrics.ts';
import { changesOf } from '../../../kernel/data/changes-of.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { MetricsPeriodInput } from './metrics.inputs.ts';
import { metricsOf, namedMetricsOf } from './metrics.loader.ts';
import { NamedMetrics, PartnerMetrics } from './metrics.type.ts';
import { programChanges } from './program-changes.ts';
import {
  convertedOf,
  metricsSeries,
  partnerSubscriptions,
  programMetrics,
  programSubscriptions,
  requireStaff,
  topPartners,
} from './program-metrics.loader.ts';
import {
  ConvertedMetrics,
  MetricsSeries,
  ProgramMetrics,
  RankedPartner,
  Ranking,
  SubscriptionMetrics,
} from './program-metrics.type.ts';

const PERIOD = { nullable: true, description: 'Only these days; absent: to date.' } as const;

@Resolver(() => ProgramMetrics)
export class ProgramMetricsResolver {
  @Authorized('program:read')
  @Query(() => ProgramMetrics, {
    description: "The figures of the caller's whole program, to date or for a period. Not for partners.",
  })
  programMetrics(
    @Arg('period', () => MetricsPeriodInput, PERIOD) period: MetricsPeriodInput | null,
    @Ctx() ctx: Context,
  ): Promise<ProgramMetrics> {
    return programMetrics(ctx, period);
  }

  @Authorized('program:read')
  @Query(() => [RankedPartner], {
    description:
      "The partners that brought most, best first. Money is compared in the program's currency at the rates of the last day. Not for partners.",
  })
  topPartners(
    @Arg('by', () => Ranking, { description: 'What they are compared by.' }) by: Ranking,
    @Arg('period', () => MetricsPeriodInput, PERIOD) period: MetricsPeriodInput | null,
    @Arg('first', () => Int, { defaultValue: 10, description: 'How many: 1 to 100.' }) first: number,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RankedPartner[]> {
    return topPartners(ctx, info, by, period, first);
  }

  @Authorized('program:read')
  @Query(() => MetricsSeries, {
    description:
      "Figures by day, week or month of the program's time zone, without a gap: of a partner, or of the whole program. A partner sees its own. At most 400 points.",
  })
  metricsSeries(
    @Arg('period', () => MetricsPeriodInput, { description: 'Which days.' }) period: MetricsPeriodInput,
    @Arg('interval', () => Interval, { description: 'How long a point is.' }) interval: Interval,
    @Arg('partnerId', () => ID, { nullable: true, description: 'Of this partner only.' })
    partnerId: string | null | undefined,
    @Ctx() ctx: Context,
  ): Promise<MetricsSeries> {
    return metricsSeries(ctx, partnerId, period, interval);
  }

  @Authorized('program:read')
  @Subscription(() => ProgramMetrics, {
    description:
      "Pushes the figures to date of the caller's program: at once, and within a second of a change of any of its partners, at most four times a second. Not for partners.",
    subscribe: ({ context }: { context: Context }) => {
      requireStaff(context);
      return changesOf((changed) => programChanges(context, changed), {});
    },
  })
  programMetricsUpdated(@Ctx() ctx: Context): Promise<ProgramMetrics> {
    return programMetrics(ctx, null);
  }

  @FieldResolver(() => SubscriptionMetrics, { description: 'What subscriptions bring: MRR and churn.' })
  subscriptions(@Root() metrics: ProgramMetrics, @Ctx() ctx: Context): Promise<SubscriptionMetrics> {
    return programSubscriptions(ctx, metrics);
  }

  @FieldResolver(() => ProgramMetrics, {
    nullable: true,
    description: 'The same of as many days, or whole months, before; null without a period.',
  })
  previous(@Root() { period }: ProgramMetrics, @Ctx() ctx: Context): Promise<ProgramMetrics> | null {
    return period && programMetrics(ctx, daysBefore(period));
  }
}

@Resolver(() => PartnerMetrics)
export class PartnerMetricsFieldsResolver {
  @FieldResolver(() => [NamedMetrics], {
    description: 'What each link of its own brought, most clicks first; at most 100.',
  })
  links(
    @Root() { of }: PartnerMetrics,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<NamedMetrics[]> {
    return namedMetricsOf(ctx, info, 'LINK', of);
  }

  @FieldResolver(() => [NamedMetrics], {
    description: 'What each campaign brought, most clicks first; at most 100.',
  })
  campaigns(
    @Root() { of }: PartnerMetrics,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<NamedMetrics[]> {
    return namedMetricsOf(ctx, info, 'CAMPAIGN', of);
  }

  @FieldResolver(() => ConvertedMetrics, {
    description: "Money of every currency in the program's, at dated rates.",
  })
  inProgramCurrency(
    @Root() { of }: PartnerMetrics,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ConvertedMetrics> {
    return convertedOf(ctx, info, of);
  }

  @FieldResolver(() => SubscriptionMetrics, { description: 'What subscriptions bring: MRR and churn.' })
  subscriptions(
    @Root() { of, customerLifetimeValue }: PartnerMetrics,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<SubscriptionMetrics> {
    return partnerSubscriptions(ctx, info, of, customerLifetimeValue);
  }

  @FieldResolver(() => PartnerMetrics, {
    nullable: true,
    description: 'The same of as many days, or whole months, before; null without a period.',
  })
  previous(
    @Root() { of }: PartnerMetrics,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PartnerMetrics> | null {
    return of.period && metricsOf(ctx, info, of, daysBefore(of.period));
  }
}
