import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Resolver, Root } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Commission, commissionTable } from './commission.entity.ts';
import { holdsOf } from './commission.loader.ts';
import { CommissionHold } from './commission-hold.entity.ts';
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
