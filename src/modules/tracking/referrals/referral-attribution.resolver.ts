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
      'Attribution of the sale that this referral converted or gave a share of; null before. A partner sees only its own clicks.',
  })
  attribution(@Root() { id }: Referral, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return ctx.actor.permissions.has('program:read') ? attributionOf(ctx, info, 'referral', id) : null;
  }
}
