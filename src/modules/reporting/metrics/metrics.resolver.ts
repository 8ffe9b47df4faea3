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
import { metricsTopic } from '../../../kernel/request/metrics-topic.ts';
import { findPartner, Partner } from '../../partners/partner/public.ts';

import { calculateMetrics } from './calculate-metrics.ts';
import { MetricsPeriodInput } from './metrics.inputs.ts';
import { metricsOf } from './metrics.loader.ts';
import { PartnerMetrics } from './metrics.type.ts';

@Resolver(() => Partner)
export class PartnerMetricsResolver {
  @FieldResolver(() => PartnerMetrics, { description: 'Its figures, to date or for a period.' })
  metrics(
    @Root() partner: Partner,
    @Arg('period', () => MetricsPeriodInput, {
      nullable: true,
      description: 'Only these days; absent: to date.',
    })
    period: MetricsPeriodInput | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PartnerMetrics> {
    return metricsOf(ctx, info, partner, period);
  }

  @Authorized('program:read')
  @Mutation(() => PartnerMetrics, {
    description:
      "Adds a partner's figures up again from every click, sale and payout, and answers with them.",
  })
  async calculatePartnerMetrics(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PartnerMetrics> {
    return metricsOf(ctx, info, await calculateMetrics(ctx, partnerId), null);
  }

  @Authorized('program:read')
  @Subscription(() => PartnerMetrics, {
    description:
      "Pushes a partner's figures to date: at once, and within a second of a change, at most four times a second.",
    subscribe: async ({ args, context }: { args: Record<string, unknown>; context: Context }) => {
      const partner = await findPartner(context.em.fork(), args['partnerId'] as string, 'partnerId');
      return changesOf((changed) => context.feed.subscribe(metricsTopic(partner.id), changed), partner);
    },
  })
  partnerMetricsUpdated(
    @Root() partner: Partner,
    @Arg('partnerId', () => ID, { description: 'The partner.' }) _partnerId: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PartnerMetrics> {
    return metricsOf(ctx, info, partner, null);
  }
}
