import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Resolver, Root } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Payout, payoutTable } from '../payout/public.ts';
import { PayoutAttempt } from './payout-attempt.entity.ts';
import { ResolvePayoutInput } from './payout-attempt.inputs.ts';
import { attemptsOf } from './payout-attempt.loader.ts';
import { resolvePayout } from './resolve-payout.ts';

@Resolver(() => Payout)
export class PayoutAttemptResolver {
  @FieldResolver(() => Boolean, {
    description:
      'Whether the rail did not say yet what became of it. It is looked up until it does, and never sent again blindly.',
  })
  outcomeUnknown(@Root() { outcomeUnknownSince }: Payout): boolean {
    return outcomeUnknownSince != null;
  }

  @FieldResolver(() => [PayoutAttempt], {
    description:
      'Every try to send it, oldest first. A partner is shown none: `failureReason` says it in words.',
  })
  attemptHistory(
    @Root() { id }: Payout,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAttempt[]> {
    return attemptsOf(ctx, info, id);
  }

  @Authorized('payout:decide')
  @Mutation(() => Payout, {
    description:
      'Says by hand what became of a payout whose outcome is unknown. It counts once another person says the same. Needs a fresh sign-in; CONFLICT where the outcome is known.',
  })
  async resolvePayout(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('input', () => ResolvePayoutInput, { description: 'What became of it.' }) input: ResolvePayoutInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, await resolvePayout(ctx, id, input));
  }
}
