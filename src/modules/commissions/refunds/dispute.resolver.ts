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
      'Records that the customer disputes the payment. The commission is HELD until the dispute is resolved, unless the commission is already part of a payout.',
  })
  async openDispute(
    @Arg('commissionId', () => ID, { description: 'Id of the commission of the disputed sale.' })
    commissionId: string,
    @Arg('reason', () => String, { description: 'Reason of the dispute, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await openDispute(ctx, commissionId, reason));
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description:
      'Resolves a dispute. WON: the hold ends and the commission keeps its status. LOST: the rest of the commission is reversed; for a paid commission the reversal reduces the next payout. WON after LOST restores the reversed amount by an ADJUSTMENT.',
  })
  async resolveDispute(
    @Arg('id', () => ID, { description: 'Id of the dispute, which is the id of its hold.' }) id: string,
    @Arg('outcome', () => DisputeOutcome, { description: 'Outcome for the program.' })
    outcome: DisputeOutcome,
    @Arg('reason', () => String, { description: 'Reason for the outcome, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await resolveDispute(ctx, id, outcome, reason));
  }
}
