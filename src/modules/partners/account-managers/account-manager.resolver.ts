import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';
import { Partner, partnerTable } from '../partner/public.ts';
import { AccountManager, accountManagerTable } from './account-manager.entity.ts';
import { AccountManagerInput } from './account-manager.inputs.ts';
import { managerOf, managersOf } from './account-manager.loader.ts';
import { addAccountManager, assignAccountManager, endAccountManager } from './manage-roster.ts';

@ObjectType({ simpleResolvers: true, description: 'An account manager of a partner, with dates.' })
class DedicatedManager {
  @Field({ description: 'The name.' })
  name!: string;

  @Field(() => EmailAddress, { description: 'The e-mail address to write to.' })
  email!: string;

  @Field(() => Date, { description: 'Start date.' })
  assignedAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: 'End of the assignment; null for the current account manager.',
  })
  endedAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Reason of an assignment by hand; null for an automatic one.',
  })
  reason!: string | null;
}

const AccountManagerConnection = connectionOf(AccountManager);

@Resolver(() => AccountManager)
export class AccountManagerResolver {
  @Authorized('program:read')
  @Query(() => AccountManagerConnection, {
    description: "The program's account managers, newest first, including former ones. A partner sees none.",
  })
  accountManagers(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<AccountManager>> {
    return page(ctx, info, accountManagerTable, args, []);
  }

  @Authorized('program:edit')
  @Mutation(() => AccountManager, {
    description: 'Adds an account manager and assigns the partners that wait for one.',
  })
  async addAccountManager(
    @Arg('input', () => AccountManagerInput, { description: 'Who.' }) input: AccountManagerInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<AccountManager> {
    return findRow(ctx, info, accountManagerTable, await addAccountManager(ctx, input));
  }

  @Authorized('program:edit')
  @Mutation(() => AccountManager, {
    description:
      'Ends the role of an account manager. Its partners go to the others, to those with the fewest partners first.',
  })
  async endAccountManager(
    @Arg('id', () => ID, { description: 'Id of the row.' }) id: string,
    @Arg('reason', () => String, { description: 'Reason: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<AccountManager> {
    return findRow(ctx, info, accountManagerTable, await endAccountManager(ctx, id, reason));
  }

  @Authorized('program:edit')
  @Mutation(() => Partner, {
    description: 'Assigns another account manager to a partner whose tier includes one.',
  })
  async assignAccountManager(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('managerId', () => ID, { description: 'Id of the new account manager.' }) managerId: string,
    @Arg('reason', () => String, { description: 'Reason, which the partner can read: 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    const id = await assignAccountManager(ctx, partnerId, managerId, reason);
    return findRow(ctx, info, partnerTable, id);
  }

  @FieldResolver(() => Int, { description: 'Number of partners assigned to this account manager.' })
  partnerCount(@Root() root: AccountManager): number {
    return (root as AccountManager & { partnerCount: number }).partnerCount;
  }
}

@Resolver(() => Partner)
export class PartnerManagerResolver {
  @FieldResolver(() => DedicatedManager, {
    nullable: true,
    description:
      "Account manager of the partner; null if the partner's tier includes none, or the program has none.",
  })
  accountManager(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DedicatedManager | null> {
    return managerOf(ctx, info, id);
  }

  @FieldResolver(() => [DedicatedManager], {
    description: 'Account managers of the partner, newest first: at most 100.',
  })
  accountManagerHistory(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DedicatedManager[]> {
    return managersOf(ctx, info, id);
  }
}
