import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner } from '../../partners/partner/public.ts';
import { confirmPayoutAccount, removePayoutAccount, setPayoutAccount } from './manage-payout-account.ts';
import { PayoutAccount } from './payout-account.entity.ts';
import { SetPayoutAccountInput } from './payout-account.inputs.ts';
import { holderNameOf, payoutAccount, payoutAccountsOf, sharedWith } from './payout-account.loader.ts';

@Resolver(() => PayoutAccount)
export class PayoutAccountResolver {
  @Authorized('payoutAccount:edit')
  @Mutation(() => PayoutAccount, {
    description:
      'Sets where a partner is paid by a method and in a currency; what was set before is removed. It needs a fresh sign-in, and carries the instant, 72 hours later, from which money may go there (`usableFrom`).',
  })
  async setPayoutAccount(
    @Arg('input', () => SetPayoutAccountInput, { description: 'The account.' }) input: SetPayoutAccountInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount> {
    return payoutAccount(ctx, info, await setPayoutAccount(ctx, input));
  }

  @Authorized('payoutAccount:edit')
  @Mutation(() => PayoutAccount, {
    description:
      'Takes an account out of use. It needs a fresh sign-in; payouts under way are not called back.',
  })
  async removePayoutAccount(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount> {
    return payoutAccount(ctx, info, await removePayoutAccount(ctx, id));
  }

  @Authorized('payoutAccount:edit')
  @Mutation(() => PayoutAccount, {
    description:
      'Says that an account is right which money came back from, so that money goes there again. It needs a fresh sign-in; CONFLICT where nobody asked.',
  })
  async confirmPayoutAccount(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount> {
    return payoutAccount(ctx, info, await confirmPayoutAccount(ctx, id));
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'Who holds it; null once the partner was erased.',
  })
  holderName(
    @Root() account: PayoutAccount,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<string | null> {
    return holderNameOf(ctx, info, account);
  }

  @FieldResolver(() => [Partner], {
    description:
      'Other partners of the tenant that are paid to the same account; a partner itself is told of none.',
  })
  sharedWithPartners(
    @Root() { id }: PayoutAccount,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner[]> {
    return sharedWith(ctx, info, id);
  }
}

@Resolver(() => Partner)
export class PartnerPayoutAccountsResolver {
  @FieldResolver(() => [PayoutAccount], {
    description: 'Where it is paid: its accounts in use. None are shown to who may not set them.',
  })
  payoutAccounts(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount[]> {
    return payoutAccountsOf(ctx, info, id);
  }
}
