import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, ID, Info, Mutation, Resolver } from 'type-graphql';
import { DisputeOutcome } from '../../../domain/hold.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Commission, commissionTable } from '../commission/public.ts';
import { openDispute, resolveDispute } from './dispute-commission.ts';

@Resolver(() => Commission)
export class DisputeResolver {
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
}
