import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  Mutation,
  ObjectType,
  Resolver,
  Root,
} from 'type-graphql';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../partner/public.ts';
import { assignSponsor, endSponsorship } from './assign-sponsor.ts';
import { sponsorsOf } from './sponsor.loader.ts';

@ObjectType({ simpleResolvers: true, description: 'A sponsor of a partner, with dates.' })
class Sponsor {
  @Field(() => ID, { description: 'Id of the sponsoring partner.' })
  partnerId!: string;

  @Field({ description: 'Company name of the sponsor.' })
  companyName!: string;

  @Field(() => Date, { description: 'Start date.' })
  assignedAt!: Date;

  @Field(() => Date, { nullable: true, description: 'End of the sponsorship; null for the current sponsor.' })
  endedAt!: Date | null;

  @Field({ description: 'Why.' })
  reason!: string;
}

@Resolver(() => Partner)
export class SponsorResolver {
  @Authorized('program:edit')
  @Mutation(() => Partner, {
    description:
      'Sets or replaces the sponsor of a partner. CONFLICT with the reason SPONSOR_CYCLE if the partner sponsors the new sponsor, directly or through others.',
  })
  async assignSponsor(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('sponsorId', () => ID, { description: 'Id of the sponsor.' }) sponsorId: string,
    @Arg('reason', () => String, { description: 'Reason: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await assignSponsor(ctx, partnerId, sponsorId, reason));
  }

  @Authorized('program:edit')
  @Mutation(() => Partner, { description: 'Ends the sponsorship of a partner.' })
  async endSponsorship(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('reason', () => String, { description: 'Reason: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await endSponsorship(ctx, partnerId, reason));
  }

  @FieldResolver(() => Sponsor, {
    nullable: true,
    description: 'Current sponsor of the partner; only for staff.',
  })
  async sponsor(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Sponsor | null> {
    return (await sponsorsOf(ctx, info, id)).find(({ endedAt }) => endedAt === null) ?? null;
  }

  @FieldResolver(() => [Sponsor], {
    description: 'Sponsors of the partner, newest first: at most 100; only for staff.',
  })
  sponsorHistory(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Sponsor[]> {
    return sponsorsOf(ctx, info, id);
  }
}
