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
  description: "An account that is to be set up, and the link to the rail's own form.",
})
class ConnectedPayoutAccount implements Connecting {
  readonly id!: string;

  @Field({
    description:
      'Where its holder tells Stripe what it must know. It works once and is shown nowhere else: ask again for another one.',
  })
  readonly url!: string;

  @Field(() => Date, { description: 'Until when the link works.' })
  readonly expiresAt!: Date;
}

@Resolver(() => ConnectedPayoutAccount)
export class ConnectedPayoutAccountResolver {
  @FieldResolver(() => PayoutAccount, { description: 'The account.' })
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
      'Opens a Stripe account for a partner, or takes up the one that it has, and answers with a link to its form. It needs a fresh sign-in, and money may go there 72 hours after it was first set.',
  })
  connectPayoutAccount(
    @Arg('input', () => ConnectPayoutAccountInput, { description: 'Whom it is for.' })
    input: ConnectPayoutAccountInput,
    @Ctx() ctx: Context,
  ): Promise<ConnectedPayoutAccount> {
    return connectPayoutAccount(ctx, input);
  }

  @Authorized('payoutAccount:edit')
  @Mutation(() => PayoutAccount, {
    description:
      'Asks Stripe how an account stands, and keeps it. It is kept up to date by itself where Stripe tells us of changes.',
  })
  async refreshPayoutAccount(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount> {
    return payoutAccount(ctx, info, await refreshPayoutAccount(ctx, id));
  }
}
