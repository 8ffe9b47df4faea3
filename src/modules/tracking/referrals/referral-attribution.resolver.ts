import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { Attribution, attributionOf } from '../attribution/public.ts';

import { Referral } from './referral.entity.ts';

@Resolver(() => Referral)
export class ReferralAttributionResolver {
  @FieldResolver(() => Attribution, {
    nullable: true,
    description:
      'The path to the sale that it closed, or that its partner has a part of by it; null until then. A partner sees its own clicks on it.',
  })
  attribution(@Root() { id }: Referral, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return ctx.actor.permissions.has('program:read') ? attributionOf(ctx, info, 'referral', id) : null;
  }
}
