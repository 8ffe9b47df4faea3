import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { attributionOf } from '../../tracking/attribution/attribution.loader.ts';
import { Attribution } from '../../tracking/attribution/attribution.type.ts';
import { Commission } from '../commission/commission.entity.ts';

@Resolver(() => Commission)
export class CommissionAttributionResolver {
  @FieldResolver(() => Attribution, {
    nullable: true,
    description: 'The path to the sale that it is of; null for one that no conversion made.',
  })
  attribution(@Root() { conversionId }: Commission, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return attributionOf(ctx, info, 'conversion', conversionId ?? null);
  }
}
