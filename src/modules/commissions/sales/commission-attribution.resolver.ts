import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { Attribution, attributionOf } from '../../tracking/attribution/public.ts';

import { Commission } from '../commission/public.ts';

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
