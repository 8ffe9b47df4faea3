import type { GraphQLResolveInfo } from 'graphql';
import { Ctx, FieldResolver, Info, Resolver, Root } from 'type-graphql';
import { loadOne } from '../../../kernel/data/loader.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Payout } from '../payout/public.ts';
import { PayoutRun, payoutRunTable } from './payout-run.entity.ts';

@Resolver(() => Payout)
export class RunOfPayoutResolver {
  @FieldResolver(() => PayoutRun, {
    nullable: true,
    description:
      'The payout run that created the payout. Null when the payout was created individually, and for partners.',
  })
  run(
    @Root() root: Payout,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun | null> | PayoutRun | null {
    return loadOne(ctx, info, payoutRunTable, root.runId ?? null, root);
  }
}
