import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { Attribution, attributionOf } from '../../tracking/attribution/public.ts';

import { Commission } from '../commission/public.ts';

@Resolver(() => Commission)
export class CommissionAttributionResolver {
  @FieldResolver(() => Attribution, {
    nullable: true,
    description:
      'The attribution of the sale: the path of touches that led to it. Null for a commission without a conversion.',
  })
  attribution(@Root() { conversionId }: Commission, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return attributionOf(ctx, info, 'conversion', conversionId ?? null);
  }
}
