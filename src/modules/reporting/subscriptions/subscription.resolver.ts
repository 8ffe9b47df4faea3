import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, Info, Mutation, Resolver } from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { recordSubscription } from './record-subscription.ts';
import { CustomerSubscription, subscriptionTable } from './subscription.entity.ts';
import { RecordSubscriptionInput } from './subscription.inputs.ts';

@Resolver(() => CustomerSubscription)
export class SubscriptionResolver {
  @Authorized('referral:convert')
  @Mutation(() => CustomerSubscription, {
    description:
      "Records a customer's subscription for MRR and churn. The subscription creates no commission.",
  })
  async recordSubscription(
    @Arg('input', () => RecordSubscriptionInput, {
      description: 'The price, the billing interval and the start.',
    })
    input: RecordSubscriptionInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CustomerSubscription> {
    return findRow(ctx, info, subscriptionTable, await recordSubscription(ctx, input));
  }
}
