import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Query, Resolver, Root } from 'type-graphql';
import { loadOne } from '../../../kernel/data/loader.ts';
import { from, readRows, select } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { Touch, touchTable } from './touch.entity.ts';

const MOST = 1_000;

@Resolver(() => Touch)
export class TouchResolver {
  @Authorized('program:read')
  @Query(() => [Touch], {
    description: `Returns the last ${MOST} touches of a visitor in time order. A partner sees only its own.`,
  })
  async visitorTouches(
    @Arg('visitorId', () => ID, { description: 'Visitor id of a referral (`visitorId`).' }) visitorId: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Touch[]> {
    const selection = select(touchTable, info, ctx.actor);
    const { tenantId, partnerId } = ctx.actor;
    const visitor = partnerId === null ? sql`o.visitor_id` : sql`visitor_alias(o.visitor_id, o.partner_id)`;
    const touches = await readRows(
      ctx,
      selection,
      sql`${from(touchTable, ctx.actor, selection)} and ${visitor} = ${idOf(visitorId, 'visitorId')}
        and ${tenantId === null ? sql`true` : sql`o.tenant_id = ${tenantId}`}
        order by o.clicked_at desc, o.id desc limit ${sql.raw(MOST)}`,
    );
    return touches.reverse();
  }

  @FieldResolver(() => Partner, { nullable: true, description: 'Partner of the link.' })
  partner(@Root() root: Touch, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
