import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Resolver, Root } from 'type-graphql';
import { DisputeOutcome } from '../../domain/hold.ts';
import type { Context } from '../../kernel/context.ts';
import { findRow } from '../../kernel/rows.ts';
import { Commission, commissionTable } from './commission.entity.ts';
import { holdsOf } from './commission.loader.ts';
import { CommissionHold } from './commission-hold.entity.ts';
import { openDispute, resolveDispute } from './dispute-commission.ts';
import { holdCommission, releaseHold } from './hold-commission.ts';

@Resolver(() => Commission)
export class CommissionHoldResolver {
  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description: 'Holds a PENDING commission back: nobody approves it until the hold is released.',
  })
  async holdCommission(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await holdCommission(ctx, id, reason));
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description:
      'Releases one hold. The commission is PENDING again once no hold on it is open. One of the risk rules ends with its review.',
  })
  async releaseHold(
    @Arg('id', () => ID, { description: "The hold's id." }) id: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await releaseHold(ctx, id, reason));
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description:
      'Says that the customer disputes the payment. The commission is HELD until that is resolved, unless a payout has claimed it already.',
  })
  async openDispute(
    @Arg('commissionId', () => ID, { description: 'The commission of the disputed sale.' })
    commissionId: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await openDispute(ctx, commissionId, reason));
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description:
      'Ends a dispute. WON: the commission goes on where it was. LOST: what is left of it is taken back; of a paid one the next payout pays less. WON after LOST gives that back by an ADJUSTMENT.',
  })
  async resolveDispute(
    @Arg('id', () => ID, { description: "The dispute's id: that of its hold." }) id: string,
    @Arg('outcome', () => DisputeOutcome, { description: 'How it ended for the program.' })
    outcome: DisputeOutcome,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await resolveDispute(ctx, id, outcome, reason));
  }

  @FieldResolver(() => [CommissionHold], {
    description: 'What holds it back or did, oldest first; it is HELD while one is open.',
  })
  holds(
    @Root() { id }: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CommissionHold[]> {
    return holdsOf(ctx, info, id);
  }
}
