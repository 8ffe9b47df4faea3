import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import { loadOne } from '../../../kernel/data/loader.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { Customer } from '../customers/public.ts';
import { attributionsOf } from './attribution.loader.ts';
import { Attribution, PartnerShare } from './attribution.type.ts';

@Resolver(() => Customer)
export class CustomerAttributionResolver {
  @FieldResolver(() => [Attribution], {
    description:
      "Attributions of the customer's purchases, newest first: the last 20. A partner sees only its own clicks.",
  })
  attributions(@Root() { id }: Customer, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return attributionsOf(ctx, info, id);
  }
}

@Resolver(() => PartnerShare)
export class PartnerShareResolver {
  @FieldResolver(() => Partner, { nullable: true, description: 'Partner of the share.' })
  partner(@Root() root: PartnerShare, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
