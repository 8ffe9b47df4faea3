import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Resolver, Root } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Commission, commissionTable } from './commission.entity.ts';
import { loadHolds } from './commission.loader.ts';
import { CommissionHold } from './commission-hold.entity.ts';
import { holdCommission, releaseHold } from './hold-commission.ts';

@Resolver(() => Commission)
export class CommissionHoldResolver {
  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description:
      'Places a manual hold on a PENDING commission. The commission cannot be approved until the hold is released.',
  })
  async holdCommission(
    @Arg('id', () => ID, { description: 'Id of the commission.' }) id: string,
    @Arg('reason', () => String, { description: 'Reason for the hold, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await holdCommission(ctx, id, reason));
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description:
      'Releases one manual hold. The commission becomes PENDING again when no hold is open. The decision of a fraud review ends a RISK hold, `resolveDispute` a DISPUTE hold, and the entry of the exchange rate an FX hold.',
  })
  async releaseHold(
    @Arg('id', () => ID, { description: 'Id of the hold.' }) id: string,
    @Arg('reason', () => String, { description: 'Reason for the release, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await releaseHold(ctx, id, reason));
  }

  @FieldResolver(() => [CommissionHold], {
    description:
      'Open and released holds of the commission, oldest first. The commission is HELD while one is open.',
  })
  holds(
    @Root() { id }: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionHold[]> {
    return loadHolds(ctx, info, id);
  }
}
