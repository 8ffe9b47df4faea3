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
import { archiveTrackingLink, createTrackingLink, updateTrackingLink } from './manage-links.ts';
import { TrackingLink, trackingLinkTable } from './tracking-link.entity.ts';
import {
  CreateTrackingLinkInput,
  TrackingLinkFilter,
  UpdateTrackingLinkInput,
} from './tracking-link.inputs.ts';

const TrackingLinkConnection = connectionOf(TrackingLink);

@Resolver(() => TrackingLink)
export class TrackingLinkResolver {
  @Authorized('program:read')
  @Query(() => TrackingLinkConnection, { description: 'Returns tracking links, newest first.' })
  trackingLinks(
    @Arg('filter', () => TrackingLinkFilter, { nullable: true, description: 'Filter.' })
    filter: TrackingLinkFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<TrackingLink>> {
    return page(ctx, info, trackingLinkTable, args, [
      ...(filter?.partnerId ? [sql`l.partner_id = ${filter.partnerId}`] : []),
      ...(filter?.archived != null ? [sql`(l.archived_at is not null) = ${filter.archived}`] : []),
    ]);
  }

  @Authorized('partner:edit')
  @Mutation(() => TrackingLink, { description: 'Creates a tracking link with its own path.' })
  async createTrackingLink(
    @Arg('input', () => CreateTrackingLinkInput, { description: 'Data of the new link.' })
    input: CreateTrackingLinkInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TrackingLink> {
    return findRow(ctx, info, trackingLinkTable, await createTrackingLink(ctx, input));
  }

  @Authorized('partner:edit')
  @Mutation(() => TrackingLink, {
    description: 'Changes the target, name or campaign of a tracking link.',
  })
  async updateTrackingLink(
    @Arg('id', () => ID, { description: 'Id of the link.' }) id: string,
    @Arg('input', () => UpdateTrackingLinkInput, { description: 'Fields to change.' })
    input: UpdateTrackingLinkInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TrackingLink> {
    return findRow(ctx, info, trackingLinkTable, await updateTrackingLink(ctx, id, input));
  }

  @Authorized('partner:edit')
  @Mutation(() => TrackingLink, {
    description: 'Archives a tracking link: it no longer redirects, and its path stays reserved.',
  })
  async archiveTrackingLink(
    @Arg('id', () => ID, { description: 'Id of the link.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TrackingLink> {
    return findRow(ctx, info, trackingLinkTable, await archiveTrackingLink(ctx, id));
  }

  @FieldResolver(() => String, { description: 'Full URL of the link. Always use it as a whole.' })
  url(@Root() { code }: TrackingLink, @Ctx() { portalUrl }: Context): string {
    return `${portalUrl}/r/${code}`;
  }

  @FieldResolver(() => Partner, { nullable: true, description: 'Partner of the row.' })
  partner(@Root() root: TrackingLink, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
