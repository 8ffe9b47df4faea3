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
import { Lead, leadTable } from './lead.entity.ts';
import { LeadFilter, SubmitLeadInput } from './lead.inputs.ts';
import { acceptLead, rejectLead, submitLead } from './manage-leads.ts';

const LeadConnection = connectionOf(Lead);

@Resolver(() => Lead)
export class LeadResolver {
  @Authorized('program:read')
  @Query(() => LeadConnection, { description: 'Returns leads, newest first.' })
  leads(
    @Arg('filter', () => LeadFilter, { nullable: true, description: 'Filter.' })
    filter: LeadFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Lead>> {
    return page(ctx, info, leadTable, args, [
      ...(filter?.partnerId ? [sql`e.partner_id = ${filter.partnerId}`] : []),
      ...(filter?.status ? [sql`e.status = ${filter.status}`] : []),
    ]);
  }

  @Authorized('partner:edit')
  @Mutation(() => Lead, {
    description:
      'Submits a lead: a potential customer. CONFLICT with the reason DUPLICATE if another partner owns the prospect: see `checkProspect`.',
  })
  async submitLead(
    @Arg('input', () => SubmitLeadInput, { description: 'The lead.' }) input: SubmitLeadInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Lead> {
    return findRow(ctx, info, leadTable, await submitLead(ctx, input));
  }

  @Authorized('referral:convert')
  @Mutation(() => Lead, {
    description: 'Accepts a lead. A sale that names the lead is attributed to its partner.',
  })
  async acceptLead(
    @Arg('id', () => ID, { description: 'The lead.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Lead> {
    return findRow(ctx, info, leadTable, await acceptLead(ctx, id));
  }

  @Authorized('referral:convert')
  @Mutation(() => Lead, { description: 'Rejects a lead. The partner can read the reason.' })
  async rejectLead(
    @Arg('id', () => ID, { description: 'The lead.' }) id: string,
    @Arg('reason', { description: 'Reason: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Lead> {
    return findRow(ctx, info, leadTable, await rejectLead(ctx, id, reason));
  }

  @FieldResolver(() => Partner, { nullable: true, description: 'Partner that submitted the lead.' })
  partner(@Root() root: Lead, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }
}
