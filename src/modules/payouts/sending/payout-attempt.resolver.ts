import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Resolver, Root } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Payout, payoutTable } from '../payout/public.ts';
import { PayoutAttempt } from './payout-attempt.entity.ts';
import { ResolvePayoutInput } from './payout-attempt.inputs.ts';
import { loadAttempts } from './payout-attempt.loader.ts';
import { resolvePayout } from './resolve-payout.ts';

@Resolver(() => Payout)
export class PayoutAttemptResolver {
  @FieldResolver(() => Boolean, {
    description:
      'True while the outcome at the rail is unknown. The rail is asked until the outcome is known. The payout is not sent again before that.',
  })
  outcomeUnknown(@Root() { outcomeUnknownSince }: Payout): boolean {
    return outcomeUnknownSince != null;
  }

  @FieldResolver(() => [PayoutAttempt], {
    description:
      'All attempts to send the payout, oldest first. Empty for partners, who read `failureReason` instead.',
  })
  attemptHistory(
    @Root() { id }: Payout,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAttempt[]> {
    return loadAttempts(ctx, info, id);
  }

  @Authorized('payout:decide')
  @Mutation(() => Payout, {
    description:
      'States the outcome of a payout whose outcome is unknown. The outcome takes effect when another person states the same. CONFLICT when the outcome is known.',
  })
  async resolvePayout(
    @Arg('id', () => ID, { description: 'Id of the payout.' }) id: string,
    @Arg('input', () => ResolvePayoutInput, { description: 'The outcome and its evidence.' })
    input: ResolvePayoutInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, await resolvePayout(ctx, id, input));
  }
}
