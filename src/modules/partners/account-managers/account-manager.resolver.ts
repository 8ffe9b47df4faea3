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
import { Partner, partnerTable } from '../partner/public.ts';
import { AccountManager, accountManagerTable } from './account-manager.entity.ts';
import { AccountManagerInput } from './account-manager.inputs.ts';
import { managerOf, managersOf } from './account-manager.loader.ts';
import { addAccountManager, assignAccountManager, endAccountManager } from './manage-roster.ts';

@ObjectType({ simpleResolvers: true, description: 'Who looks after a partner.' })
class DedicatedManager {
  @Field({ description: 'The name.' })
  name!: string;

  @Field({ description: 'The e-mail address to write to.' })
  email!: string;

  @Field(() => Date, { description: 'Since when.' })
  assignedAt!: Date;

  @Field(() => Date, { nullable: true, description: 'Until when; null: it still does.' })
  endedAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'Why, where somebody chose by hand.' })
  reason!: string | null;
}

const AccountManagerConnection = connectionOf(AccountManager);

@Resolver(() => AccountManager)
export class AccountManagerResolver {
  @Authorized('program:read')
  @Query(() => AccountManagerConnection, {
    description: "The program's account managers, also former ones, newest first; a partner sees none.",
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
    description: 'Takes somebody up as account manager. Partners that wait for one are given to it.',
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
    description: "Ends somebody's time as account manager. Its partners go to the others, fewest first.",
  })
  async endAccountManager(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<AccountManager> {
    return findRow(ctx, info, accountManagerTable, await endAccountManager(ctx, id, reason));
  }

  @Authorized('program:edit')
  @Mutation(() => Partner, {
    description: 'Gives a partner whose tier has an account manager another one than it has.',
  })
  async assignAccountManager(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('managerId', () => ID, { description: 'Its account manager from now on.' }) managerId: string,
    @Arg('reason', () => String, { description: 'Why, as the partner may read it: 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    const id = await assignAccountManager(ctx, partnerId, managerId, reason);
    return findRow(ctx, info, partnerTable, id);
  }

  @FieldResolver(() => Int, { description: 'Partners that it looks after.' })
  partnerCount(@Root() root: AccountManager): number {
    return (root as AccountManager & { partnerCount: number }).partnerCount;
  }
}

@Resolver(() => Partner)
export class PartnerManagerResolver {
  @FieldResolver(() => DedicatedManager, {
    nullable: true,
    description: 'Who looks after it; null where its tier gives nobody, or nobody is there.',
  })
  accountManager(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DedicatedManager | null> {
    return managerOf(ctx, info, id);
  }

  @FieldResolver(() => [DedicatedManager], {
    description: 'Who looked after it, newest first: at most 100.',
  })
  accountManagerHistory(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DedicatedManager[]> {
    return managersOf(ctx, info, id);
  }
}
