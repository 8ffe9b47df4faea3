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
import { Coupon, couponTable } from './coupon.entity.ts';
import { CouponFilter, CreateCouponInput } from './coupon.inputs.ts';
import { createCoupon, endCoupon } from './manage-coupons.ts';

const CouponConnection = connectionOf(Coupon);

@Resolver(() => Coupon)
export class CouponResolver {
  @Authorized('program:read')
  @Query(() => CouponConnection, { description: 'Returns coupons, newest first.' })
  coupons(
    @Arg('filter', () => CouponFilter, { nullable: true, description: 'Filter.' })
    filter: CouponFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Coupon>> {
    const narrow = filter?.partnerId ? [sql`q.partner_id = ${filter.partnerId}`] : [];
    return page(ctx, info, couponTable, args, narrow);
  }

  @Authorized('program:edit')
  @Mutation(() => Coupon, {
    description: 'Creates a coupon. Sales that name it are attributed to its partner.',
  })
  async createCoupon(
    @Arg('input', () => CreateCouponInput, { description: 'Data of the new coupon.' })
    input: CreateCouponInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Coupon> {
    return findRow(ctx, info, couponTable, await createCoupon(ctx, input));
  }

  @Authorized('program:edit')
  @Mutation(() => Coupon, {
    description: 'Ends a coupon now. Its earlier sales stay attributed to its partner.',
  })
  async endCoupon(
    @Arg('id', () => ID, { description: 'Id of the coupon.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Coupon> {
    return findRow(ctx, info, couponTable, await endCoupon(ctx, id));
  }

  @FieldResolver(() => Partner, { nullable: true, description: 'Partner of the coupon.' })
  partner(@Root() root: Coupon, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
