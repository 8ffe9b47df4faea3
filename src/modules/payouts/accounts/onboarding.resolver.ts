import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  Mutation,
  ObjectType,
  Resolver,
  Root,
} from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { ConnectPayoutAccountInput } from './onboarding.inputs.ts';
import { type Connecting, connectPayoutAccount, refreshPayoutAccount } from './onboarding.ts';
import { PayoutAccount } from './payout-account.entity.ts';
import { payoutAccount } from './payout-account.loader.ts';

@ObjectType({
  simpleResolvers: true,
  description: 'A Stripe account and the link to the form where its holder completes it.',
})
class ConnectedPayoutAccount implements Connecting {
  readonly id!: string;

  @Field({
    description:
      'Link to the form where the account holder gives the required details to Stripe. The link works once; call the mutation again for a new link.',
  })
  readonly url!: string;

  @Field(() => Date, { description: 'Time when the link expires.' })
  readonly expiresAt!: Date;
}

@Resolver(() => ConnectedPayoutAccount)
export class ConnectedPayoutAccountResolver {
  @FieldResolver(() => PayoutAccount, { description: 'The payout account.' })
  account(
    @Root() { id }: ConnectedPayoutAccount,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount> {
    return payoutAccount(ctx, info, id);
  }
}

@Resolver(() => PayoutAccount)
export class OnboardingResolver {
  @Authorized('payoutAccount:edit')
  @Mutation(() => ConnectedPayoutAccount, {
    description:
      "Opens a Stripe account for a partner, or reuses its open account, and returns a link to Stripe's form. The account can receive payouts 72 hours after it was first set.",
  })
  connectPayoutAccount(
    @Arg('input', () => ConnectPayoutAccountInput, { description: 'The partner and the account holder.' })
    input: ConnectPayoutAccountInput,
    @Ctx() ctx: Context,
  ): Promise<ConnectedPayoutAccount> {
    return connectPayoutAccount(ctx, input);
  }

  @Authorized('payoutAccount:edit')
  @Mutation(() => PayoutAccount, {
    description:
      "Asks Stripe for the status of an account and stores it. Stripe's webhooks also update the status automatically.",
  })
  async refreshPayoutAccount(
    @Arg('id', () => ID, { description: 'Id of the payout account.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount> {
    return payoutAccount(ctx, info, await refreshPayoutAccount(ctx, id));
  }
}
