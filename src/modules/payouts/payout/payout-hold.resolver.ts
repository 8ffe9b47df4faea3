import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Resolver, Root } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { holdPayouts, releasePayouts } from './hold-payouts.ts';
import { holdOf } from './payout.loader.ts';
import { PayoutHold } from './payout-hold.entity.ts';

@Resolver(() => Partner)
export class PartnerPayoutHoldResolver {
  @Authorized('payout:decide')
  @Mutation(() => Partner, {
    description:
      'Holds everything that would be paid to a partner: no payout of it is made, approved or tried again until it is released.',
  })
  async holdPayouts(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('reason', () => String, { description: 'Why, as the partner may read it: 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await holdPayouts(ctx, partnerId, reason));
  }

  @Authorized('payout:decide')
  @Mutation(() => Partner, { description: 'Lets a partner be paid again.' })
  async releasePayouts(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await releasePayouts(ctx, partnerId, reason));
  }

  @FieldResolver(() => PayoutHold, {
    nullable: true,
    description: 'The hold on its payouts; null: it is paid as usual.',
  })
  payoutHold(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutHold | null> {
    return holdOf(ctx, info, id);
  }
}
