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

@ObjectType({ simpleResolvers: true, description: 'Who brought a partner into the program.' })
class Sponsor {
  @Field(() => ID, { description: 'The partner that it is.' })
  partnerId!: string;

  @Field({ description: 'Its company.' })
  companyName!: string;

  @Field(() => Date, { description: 'Since when.' })
  assignedAt!: Date;

  @Field(() => Date, { nullable: true, description: 'Until when; null: it still is.' })
  endedAt!: Date | null;

  @Field({ description: 'Why.' })
  reason!: string;
}

@Resolver(() => Partner)
export class SponsorResolver {
  @Authorized('program:edit')
  @Mutation(() => Partner, {
    description:
      'Gives a partner a sponsor, or another one than it has. CONFLICT with reason SPONSOR_CYCLE where that sponsor is sponsored by the partner, also through others.',
  })
  async assignSponsor(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('sponsorId', () => ID, { description: 'The partner that brought it.' }) sponsorId: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await assignSponsor(ctx, partnerId, sponsorId, reason));
  }

  @Authorized('program:edit')
  @Mutation(() => Partner, { description: 'From now on nobody sponsors the partner.' })
  async endSponsorship(
    @Arg('partnerId', () => ID, { description: 'The partner.' }) partnerId: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner> {
    return findRow(ctx, info, partnerTable, await endSponsorship(ctx, partnerId, reason));
  }

  @FieldResolver(() => Sponsor, {
    nullable: true,
    description: "Who brought it into the program; for the program's staff.",
  })
  async sponsor(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Sponsor | null> {
    return (await sponsorsOf(ctx, info, id)).find(({ endedAt }) => endedAt === null) ?? null;
  }

  @FieldResolver(() => [Sponsor], {
    description: "Who sponsored it, newest first: at most 100; for the program's staff.",
  })
  sponsorHistory(
    @Root() { id }: Partner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Sponsor[]> {
    return sponsorsOf(ctx, info, id);
  }
}
