import type { GraphQLResolveInfo } from 'graphql';
import { Args, Authorized, Ctx, Info, Query, Resolver } from 'type-graphql';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { ReportedConversion, reportedConversionTable } from './reported-conversion.entity.ts';

const ReportedConversionConnection = connectionOf(ReportedConversion);

@Resolver(() => ReportedConversion)
export class ReportedConversionResolver {
  @Authorized('program:read')
  @Query(() => ReportedConversionConnection, {
    description:
      'Returns purchases that browsers reported, newest first. A partner sees those of its own clicks.',
  })
  reportedConversions(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<ReportedConversion>> {
    return page(ctx, info, reportedConversionTable, args, []);
  }
}
