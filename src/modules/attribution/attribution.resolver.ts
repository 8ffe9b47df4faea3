import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import type { Context } from '../../kernel/context.ts';
import { loadOne } from '../../kernel/loader.ts';
import { Commission } from '../commissions/commission.entity.ts';
import { Customer } from '../customers/customer.entity.ts';
import { Partner, partnerTable } from '../partners/partner.entity.ts';
import { Referral } from '../referrals/referral.entity.ts';
import { attributionOf, attributionsOf } from './attribution.loader.ts';
import { Attribution, PartnerShare } from './attribution.type.ts';

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

@Resolver(() => Customer)
export class CustomerAttributionResolver {
  @FieldResolver(() => [Attribution], {
    description:
      'The paths to what it bought, newest first: the last 20. A partner sees its own clicks on them.',
  })
  attributions(@Root() { id }: Customer, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return attributionsOf(ctx, info, id);
  }
}

@Resolver(() => PartnerShare)
export class PartnerShareResolver {
  @FieldResolver(() => Partner, { nullable: true, description: 'Whose part it is.' })
  partner(@Root() root: PartnerShare, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
