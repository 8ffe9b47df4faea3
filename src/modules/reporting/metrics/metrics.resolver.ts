import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Info,
  Mutation,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { changesOf } from '../../../kernel/data/changes-of.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { metricsTopic, ratesTopic } from '../../../kernel/request/metrics-topic.ts';
import { findPartner, Partner } from '../../partners/partner/public.ts';

import { calculateMetrics } from './calculate-metrics.ts';
import { MetricsPeriodInput } from './metrics.inputs.ts';
import { loadMetrics } from './metrics.loader.ts';
import { PartnerMetrics } from './metrics.type.ts';

@Resolver(() => Partner)
export class PartnerMetricsResolver {
  @FieldResolver(() => PartnerMetrics, { description: 'Metrics of the partner, to date or for a period.' })
  metrics(
    @Root() partner: Partner,
    @Arg('period', () => MetricsPeriodInput, {
      nullable: true,
      description: 'Period of the metrics. Default: to date.',
    })
    period: MetricsPeriodInput | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PartnerMetrics> {
    return loadMetrics(ctx, info, partner, period);
  }

  @Authorized('program:read')
  @Mutation(() => PartnerMetrics, {
    description:
      'Recalculates the metrics of a partner from all clicks, sales and payouts, and returns them.',
  })
  async calculatePartnerMetrics(
    @Arg('partnerId', () => ID, { description: 'Id of the partner.' }) partnerId: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PartnerMetrics> {
    return loadMetrics(ctx, info, await calculateMetrics(ctx, partnerId), null);
  }

  @Authorized('program:read')
  @Subscription(() => PartnerMetrics, {
    description:
      'Sends the metrics of a partner to date: immediately, and within a second after a change, at most four times a second.',
    subscribe: async ({ args, context }: { args: Record<string, unknown>; context: Context }) => {
      const partner = await findPartner(context.em.fork(), args['partnerId'] as string, 'partnerId');
      return changesOf((changed) => {
        const topics = [metricsTopic(partner.id), ratesTopic(partner.tenantId)];
        const ends = topics.map((topic) => context.feed.subscribe(topic, changed));
        return () => {
          for (const end of ends) end();
        };
      }, partner);
    },
  })
  partnerMetricsUpdated(
    @Root() partner: Partner,
    @Arg('partnerId', () => ID, { description: 'Id of the partner.' }) _partnerId: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PartnerMetrics> {
    return loadMetrics(ctx, info, partner, null);
  }
}
