import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Info,
  Mutation,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { loadOne } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { Deal, dealTable } from './deal.entity.ts';
import { DealFilter, RegisterDealInput } from './deal.inputs.ts';
import { closeDeal, registerDeal } from './manage-deals.ts';

const DealConnection = connectionOf(Deal);

@Resolver(() => Deal)
export class DealResolver {
  @Authorized('program:read')
  @Query(() => DealConnection, { description: 'Returns registered deals, newest first.' })
  deals(
    @Arg('filter', () => DealFilter, { nullable: true, description: 'Filter.' })
    filter: DealFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Deal>> {
    const narrow = filter?.partnerId ? [sql`i.partner_id = ${filter.partnerId}`] : [];
    return page(ctx, info, dealTable, args, narrow);
  }

  @Authorized('partner:edit')
  @Mutation(() => Deal, {
    description:
      'Registers a prospect for a partner. CONFLICT with the reason DEAL_REGISTERED if a partner already owns the prospect.',
  })
  async registerDeal(
    @Arg('input', () => RegisterDealInput, { description: 'Prospect to register.' }) input: RegisterDealInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Deal> {
    return findRow(ctx, info, dealTable, await registerDeal(ctx, input));
  }

  @Authorized('partner:edit')
  @Mutation(() => Deal, { description: 'Closes a deal early. Any partner may then register the prospect.' })
  async closeDeal(
    @Arg('id', () => ID, { description: 'Id of the deal.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Deal> {
    return findRow(ctx, info, dealTable, await closeDeal(ctx, id));
  }

  @FieldResolver(() => Partner, { nullable: true, description: 'Partner that registered the prospect.' })
  partner(@Root() root: Deal, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
