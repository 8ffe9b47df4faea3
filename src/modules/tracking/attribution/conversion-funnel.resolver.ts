import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  Int,
  ObjectType,
  Query,
  Resolver,
  registerEnumType,
} from 'type-graphql';
import { PageArgs } from '../../../kernel/data/paging.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';
import { conversionFunnel, FunnelBy, type FunnelPage } from './conversion-funnel.ts';

registerEnumType(FunnelBy, {
  name: 'FunnelBy',
  description: 'Grouping of a funnel. A conversion belongs to the group of its click.',
  valuesConfig: {
    PARTNER: { description: 'Groups by partner id.' },
    LINK: { description: 'Groups by tracking link id; `(none)` for a referral code without a link.' },
    CAMPAIGN: { description: 'Groups by campaign; `(none)` without one.' },
    SOURCE: { description: 'Groups by source, as `Referral.source`.' },
    COUNTRY: { description: 'Groups by ISO 3166 country code; `(none)` if unknown.' },
    DEVICE: { description: 'Groups by device: DESKTOP, MOBILE, TABLET or UNKNOWN.' },
    DAY: { description: "Groups by day in the program's time zone, without gaps." },
  },
});

@ObjectType({ simpleResolvers: true, description: 'Conversion figures of one group.' })
class FunnelGroup {
  @Field({ description: 'Key of the group, as described by `FunnelBy`.' })
  key!: string;

  @Field(() => Int, { description: 'Clicks without those of bots.' })
  clicks!: number;

  @Field(() => Int, { description: 'Submitted leads.' })
  leads!: number;

  @Field(() => Int, {
    description: 'Purchases and free trials with an attribution; a shared purchase counts once.',
  })
  conversions!: number;

  @Field(() => Int, { description: 'Conversions that are free trials.' })
  trials!: number;

  @Field(() => Int, { description: 'Conversions that are the first purchase of their customer.' })
  firstPayments!: number;

  @Field(() => Int, { description: 'Conversions that are a further purchase of their customer.' })
  repeats!: number;
}

@ObjectType({ simpleResolvers: true, description: 'A page of funnel groups.' })
class ConversionFunnel {
  @Field(() => [FunnelGroup], {
    description: 'Groups of the page; empty without any clicks, leads or conversions.',
  })
  steps!: FunnelGroup[];

  @Field({ description: 'True if more groups follow.' })
  hasNextPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Cursor to pass as `after` for the next page; null on the last page.',
  })
  endCursor!: string | null;
}

@Resolver()
export class ConversionFunnelResolver {
  @Authorized('program:read')
  @Query(() => ConversionFunnel, {
    description:
      'Returns clicks, leads, conversions, free trials, first purchases and repeats of at most 366 days in groups, those with the most clicks first. A partner sees only its own.',
  })
  conversionFunnel(
    @Arg('from', () => LocalDate, { description: "First day, in the program's time zone." }) from: string,
    @Arg('to', () => LocalDate, { description: 'Last day, inclusive.' }) to: string,
    @Arg('by', () => FunnelBy, { description: 'Grouping.' }) by: FunnelBy,
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() ctx: Context,
  ): Promise<FunnelPage> {
    return conversionFunnel(ctx, { from, to, by, first: first ?? null, after: after ?? null });
  }
}
