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
import { loadMetrics, loadNamedMetrics } from './metrics.loader.ts';
import { NamedMetrics, PartnerMetrics } from './metrics.type.ts';
import { programChanges } from './program-changes.ts';
import {
  loadConvertedMetrics,
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

const PERIOD = { nullable: true, description: 'Period of the metrics. Default: to date.' } as const;

@Resolver(() => ProgramMetrics)
export class ProgramMetricsResolver {
  @Authorized('program:read')
  @Query(() => ProgramMetrics, {
    description:
      "Returns the metrics of the caller's program, to date or for a period. FORBIDDEN for partners.",
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
      "Returns the partners with the highest value of a metric, highest first. Amounts are compared in the program's currency at the exchange rates of the last day. FORBIDDEN for partners.",
  })
  topPartners(
    @Arg('by', () => Ranking, { description: 'Metric of the ranking.' }) by: Ranking,
    @Arg('period', () => MetricsPeriodInput, PERIOD) period: MetricsPeriodInput | null,
    @Arg('first', () => Int, { defaultValue: 10, description: 'Number of partners, 1 to 100.' })
    first: number,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RankedPartner[]> {
    return topPartners(ctx, info, by, period, first);
  }

  @Authorized('program:read')
  @Query(() => MetricsSeries, {
    description:
      "Returns metrics by day, week or month in the program's time zone, without gaps, for a partner or the whole program. A partner gets its own metrics. At most 400 points.",
  })
  metricsSeries(
    @Arg('period', () => MetricsPeriodInput, { description: 'Period of the series.' })
    period: MetricsPeriodInput,
    @Arg('interval', () => Interval, { description: 'Length of a point.' }) interval: Interval,
    @Arg('partnerId', () => ID, {
      nullable: true,
      description: "Id of a partner. Default: the whole program, or for a partner the partner's own metrics.",
    })
    partnerId: string | null | undefined,
    @Arg('currency', () => String, {
      nullable: true,
      description:
        "ISO 4217 code of the amounts, at the exchange rate of each day. Default: the program's currency.",
    })
    currency: string | null | undefined,
    @Ctx() ctx: Context,
  ): Promise<MetricsSeries> {
    const given = { partnerId: partnerId ?? null, currency: currency ?? null };
    return metricsSeries(ctx, given, period, interval);
  }

  @Authorized('program:read')
  @Subscription(() => ProgramMetrics, {
    description:
      "Sends the metrics of the caller's program to date: immediately, and within a second after a change of any partner, at most four times a second. FORBIDDEN for partners.",
    subscribe: ({ context }: { context: Context }) => {
      requireStaff(context);
      return changesOf((changed) => programChanges(context, changed), {});
    },
  })
  programMetricsUpdated(@Ctx() ctx: Context): Promise<ProgramMetrics> {
    return programMetrics(ctx, null);
  }

  @FieldResolver(() => SubscriptionMetrics, { description: 'Subscription metrics: MRR and churn.' })
  subscriptions(@Root() metrics: ProgramMetrics, @Ctx() ctx: Context): Promise<SubscriptionMetrics> {
    return programSubscriptions(ctx, metrics);
  }

  @FieldResolver(() => ProgramMetrics, {
    nullable: true,
    description:
      'Metrics of the preceding period: as many days, or the same number of whole months, before. Null without a period.',
  })
  previous(@Root() { period }: ProgramMetrics, @Ctx() ctx: Context): Promise<ProgramMetrics> | null {
    return period && programMetrics(ctx, daysBefore(period));
  }
}

@Resolver(() => PartnerMetrics)
export class PartnerMetricsFieldsResolver {
  @FieldResolver(() => [NamedMetrics], {
    description: 'Metrics per tracking link of the partner, most clicks first; at most 100.',
  })
  links(
    @Root() { of }: PartnerMetrics,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<NamedMetrics[]> {
    return loadNamedMetrics(ctx, info, 'LINK', of);
  }

  @FieldResolver(() => [NamedMetrics], {
    description: 'Metrics per campaign, most clicks first; at most 100.',
  })
  campaigns(
    @Root() { of }: PartnerMetrics,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<NamedMetrics[]> {
    return loadNamedMetrics(ctx, info, 'CAMPAIGN', of);
  }

  @FieldResolver(() => ConvertedMetrics, {
    description:
      "Amounts of all currencies, converted to the program's currency at the exchange rate of each day.",
  })
  inProgramCurrency(
    @Root() { of }: PartnerMetrics,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ConvertedMetrics> {
    return loadConvertedMetrics(ctx, info, of);
  }

  @FieldResolver(() => SubscriptionMetrics, { description: 'Subscription metrics: MRR and churn.' })
  subscriptions(
    @Root() { of, customerLifetimeValue }: PartnerMetrics,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<SubscriptionMetrics> {
    return partnerSubscriptions(ctx, info, of, customerLifetimeValue);
  }

  @FieldResolver(() => PartnerMetrics, {
    nullable: true,
    description:
      'Metrics of the preceding period: as many days, or the same number of whole months, before. Null without a period.',
  })
  previous(
    @Root() { of }: PartnerMetrics,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PartnerMetrics> | null {
    return of.period && loadMetrics(ctx, info, of, daysBefore(of.period));
  }
}
