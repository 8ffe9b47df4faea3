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
      'Returns rail events, newest first. A PARKED event does not fit our records and waits for a person.',
  })
  railEvents(
    @Arg('filter', () => RailEventFilter, { nullable: true, description: 'Filter for the rail events.' })
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
    description: 'Dismisses a PARKED rail event that a person checked and that requires no further action.',
  })
  async dismissRailEvent(
    @Arg('id', () => ID, { description: 'Id of the rail event.' }) id: string,
    @Arg('reason', () => String, { description: 'Your findings, 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RailEvent> {
    return findRow(ctx, info, railEventTable, await dismissRailEvent(ctx, id, reason));
  }
}
