import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Resolver, Root } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { holdPayouts, releasePayouts } from './hold-payouts.ts';
import { loadPayoutHold } from './payout.loader.ts';
import { PayoutHold } from './payout-hold.entity.ts';

@Resolver(() => Partner)
export class PartnerPayoutHoldResolver {
  @Authorized('payout:decide')
  @Mutation(() => Partner, {
    description:
      'Places a hold on all payouts of a partner. No payout of the partner is created, approved or retried until the hold is released.',
  })
  async holdPayouts(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('reason', () => String, {
      description: 'Reason for the hold, 1 to 1000 characters. The partner can read the reason.',
    })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await holdPayouts(ctx, partnerId, reason));
  }

  @Authorized('payout:decide')
  @Mutation(() => Partner, { description: 'Releases the hold on the payouts of a partner.' })
  async releasePayouts(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('reason', () => String, { description: 'Reason for the release, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await releasePayouts(ctx, partnerId, reason));
  }

  @FieldResolver(() => PayoutHold, {
    nullable: true,
    description: 'The open hold on the payouts of the partner. Null without a hold.',
  })
  payoutHold(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutHold | null> {
    return loadPayoutHold(ctx, info, id);
  }
}
