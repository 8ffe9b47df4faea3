import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Authorized, Ctx, ID, Info, Mutation, Query, Resolver } from 'type-graphql';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { RailEvent, railEventTable } from './rail-event.entity.ts';
import { RailEventFilter } from './rail-event.inputs.ts';
import { dismissRailEvent } from './receive-rail-event.ts';

const RailEventConnection = connectionOf(RailEvent);

@Resolver(() => RailEvent)
export class RailEventResolver {
  @Authorized('payout:decide')
  @Query(() => RailEventConnection, {
    description:
      'Signed messages of the rails, newest first; PARKED are those that do not fit and wait for somebody.',
  })
  railEvents(
    @Arg('filter', () => RailEventFilter, { nullable: true, description: 'Which of them.' })
    filter: RailEventFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<RailEvent>> {
    const conditions: Sql[] = [];
    if (filter?.state) conditions.push(sql`e.state = ${filter.state}`);
    if (filter?.payoutId) conditions.push(sql`e.payout_id = ${filter.payoutId}`);
    return page(ctx, info, railEventTable, args, conditions);
  }

  @Authorized('payout:decide')
  @Mutation(() => RailEvent, {
    description: 'Says that a PARKED message was looked at and needs nothing more.',
  })
  async dismissRailEvent(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('reason', () => String, { description: 'What you found: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RailEvent> {
    return findRow(ctx, info, railEventTable, await dismissRailEvent(ctx, id, reason));
  }
}
