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
  description: 'By what a funnel groups. A conversion is grouped as the click that closed it.',
  valuesConfig: {
    PARTNER: { description: 'By partner: its id.' },
    LINK: { description: 'By tracking link: its id; `(none)` of a plain code.' },
    CAMPAIGN: { description: 'By campaign; `(none)` where there was none.' },
    SOURCE: { description: 'By source, as `Referral.source`.' },
    COUNTRY: { description: 'By country: ISO 3166; `(none)` where it is not known.' },
    DEVICE: { description: 'By device: DESKTOP, MOBILE, TABLET or UNKNOWN.' },
    DAY: { description: "By day of the program's time zone, without gaps." },
  },
});

@ObjectType({ simpleResolvers: true, description: 'How far clicks came, of one group.' })
class FunnelGroup {
  @Field({ description: 'The group, as `FunnelBy` says.' })
  key!: string;

  @Field(() => Int, { description: 'Clicks, those of programs not counted.' })
  clicks!: number;

  @Field(() => Int, { description: 'Leads that were handed in.' })
  leads!: number;

  @Field(() => Int, { description: 'Purchases that closed a claim; one that is shared counts once.' })
  conversions!: number;

  @Field(() => Int, { description: 'Of these, the first ones of their customers.' })
  firstPayments!: number;

  @Field(() => Int, { description: 'Of these, further ones of their customers.' })
  repeats!: number;
}

@ObjectType({ simpleResolvers: true, description: 'A page of groups.' })
class ConversionFunnel {
  @Field(() => [FunnelGroup], { description: 'The groups; none where nothing happened.' })
  steps!: FunnelGroup[];

  @Field({ description: 'Whether others follow.' })
  hasNextPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Give it as `after` for those that follow.' })
  endCursor!: string | null;
}

@Resolver()
export class ConversionFunnelResolver {
  @Authorized('program:read')
  @Query(() => ConversionFunnel, {
    description:
      'Clicks, leads, conversions, first payments and repeats of at most 366 days, grouped; those with most clicks first. A partner sees its own.',
  })
  conversionFunnel(
    @Arg('from', () => LocalDate, { description: "First day, in the program's time zone." }) from: string,
    @Arg('to', () => LocalDate, { description: 'Last day, itself included.' }) to: string,
    @Arg('by', () => FunnelBy, { description: 'By what to group.' }) by: FunnelBy,
    @Args(() => PageArgs) { first, after }: PageArgs,
    @Ctx() ctx: Context,
  ): Promise<FunnelPage> {
    return conversionFunnel(ctx, { from, to, by, first: first ?? null, after: after ?? null });
  }
}
