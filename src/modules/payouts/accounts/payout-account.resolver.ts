import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner } from '../../partners/partner/public.ts';
import { confirmPayoutAccount, removePayoutAccount, setPayoutAccount } from './manage-payout-account.ts';
import { PayoutAccount } from './payout-account.entity.ts';
import { SetPayoutAccountInput } from './payout-account.inputs.ts';
import {
  loadHolderName,
  loadPartnersWithSameAccount,
  loadPayoutAccounts,
  payoutAccount,
} from './payout-account.loader.ts';

@Resolver(() => PayoutAccount)
export class PayoutAccountResolver {
  @Authorized('payoutAccount:edit')
  @Mutation(() => PayoutAccount, {
    description:
      'Sets the account that receives the payouts of a partner by one method and in one currency, and removes the previous account. The account can receive payouts 72 hours later (`usableFrom`).',
  })
  async setPayoutAccount(
    @Arg('input', () => SetPayoutAccountInput, { description: 'The new account.' })
    input: SetPayoutAccountInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount> {
    return payoutAccount(ctx, info, await setPayoutAccount(ctx, input));
  }

  @Authorized('payoutAccount:edit')
  @Mutation(() => PayoutAccount, {
    description: 'Removes a payout account. Payouts that are already with the rail are not recalled.',
  })
  async removePayoutAccount(
    @Arg('id', () => ID, { description: 'Id of the payout account.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount> {
    return payoutAccount(ctx, info, await removePayoutAccount(ctx, id));
  }

  @Authorized('payoutAccount:edit')
  @Mutation(() => PayoutAccount, {
    description:
      'Confirms a payout account after a returned payment, so that it receives payouts again. CONFLICT when the account needs no confirmation.',
  })
  async confirmPayoutAccount(
    @Arg('id', () => ID, { description: 'Id of the payout account.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount> {
    return payoutAccount(ctx, info, await confirmPayoutAccount(ctx, id));
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'Name of the account holder. Null after the partner was erased.',
  })
  holderName(
    @Root() account: PayoutAccount,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<string | null> {
    return loadHolderName(ctx, info, account);
  }

  @FieldResolver(() => [Partner], {
    description: 'Other partners of the tenant that are paid to the same account. Always empty for partners.',
  })
  sharedWithPartners(
    @Root() { id }: PayoutAccount,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner[]> {
    return loadPartnersWithSameAccount(ctx, info, id);
  }
}

@Resolver(() => Partner)
export class PartnerPayoutAccountsResolver {
  @FieldResolver(() => [PayoutAccount], {
    description:
      'Payout accounts of the partner that are in use. Empty for a caller without permission to set payout accounts.',
  })
  payoutAccounts(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount[]> {
    return loadPayoutAccounts(ctx, info, id);
  }
}
