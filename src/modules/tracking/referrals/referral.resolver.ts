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
import type { ReferralStatus } from '../../../domain/referral.ts';
import { loadOne } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs, page, pageOfEach } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { PagesOf } from '../../../kernel/data/written-pages.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { Customer, customerTable } from '../customers/public.ts';
import { Referral, referralTable } from './referral.entity.ts';
import { ReferralFilter, TrackReferralInput } from './referral.inputs.ts';
import { trackReferral } from './track-referral.ts';

const ReferralConnection = connectionOf(Referral);

// The same as the column `status`, as conditions that an index answers.
const statusIs = {
  CLICKED: sql`f.converted_at is null and f.expires_at > now()`,
  EXPIRED: sql`f.converted_at is null and f.expires_at <= now()`,
  CONVERTED: sql`f.converted_at is not null`,
} satisfies Record<ReferralStatus, Sql>;

function narrow(filter: ReferralFilter | null): Sql[] {
  const conditions: Sql[] = [];
  if (filter?.partnerId) conditions.push(sql`f.partner_id = ${filter.partnerId}`);
  if (filter?.status) conditions.push(statusIs[filter.status]);
  if (filter?.from) conditions.push(sql`f.clicked_at >= ${filter.from}`);
  if (filter?.to) conditions.push(sql`f.clicked_at < ${filter.to}`);
  return conditions;
}

@Resolver(() => Referral)
export class ReferralResolver {
  @Authorized('program:read')
  @Query(() => Referral, {
    nullable: true,
    description: 'Returns one referral. NOT_FOUND for a missing referral or one outside your scope.',
  })
  referral(
    @Arg('id', () => ID, { description: 'Id of the referral.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Referral> {
    return findRow(ctx, info, referralTable, id);
  }

  @Authorized('program:read')
  @PagesOf({ table: () => referralTable })
  @Query(() => ReferralConnection, { description: 'Returns referrals, newest first.' })
  referrals(
    @Arg('filter', () => ReferralFilter, { nullable: true, description: 'Filter.' })
    filter: ReferralFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Referral>> {
    return page(ctx, info, referralTable, args, narrow(filter));
  }

  @Mutation(() => Referral, {
    description:
      "Records a click on a partner's link. Needs no credential: the code is enough. Clicks of one visitor on one link within three seconds are one click; the call returns the first.",
  })
  trackReferral(
    @Arg('input', () => TrackReferralInput, { description: 'Data of the click.' }) input: TrackReferralInput,
    @Ctx() ctx: Context,
  ): Promise<Referral> {
    return trackReferral(ctx, input);
  }

  @FieldResolver(() => ID, {
    description:
      'Id of the visitor, for your own cookie. Send it with further `trackReferral` calls. A partner that reads the referral later sees an alias.',
  })
  visitorId(@Root() root: Referral, @Ctx() { actor }: Context): string {
    return actor.partnerId === null ? root.visitorId : root.visitorAlias;
  }

  @FieldResolver(() => Partner, {
    nullable: true,
    description: 'Partner of the link; null for a caller that may not see the partner.',
  })
  partner(
    @Root() root: Referral,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return ctx.actor.permissions.has('program:read')
      ? loadOne(ctx, info, partnerTable, root.partnerId, root)
      : null;
  }

  @FieldResolver(() => Customer, { nullable: true, description: 'Customer of the conversion; null before.' })
  customer(
    @Root() root: Referral,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Customer | null> | Customer | null {
    return ctx.actor.permissions.has('program:read')
      ? loadOne(ctx, info, customerTable, root.customerId ?? null, root)
      : null;
  }
}

const ofPartner = { table: () => referralTable, tie: sql`f.partner_id = owner.id` };

@Resolver(() => Partner)
export class PartnerReferralsResolver {
  @PagesOf(ofPartner)
  @FieldResolver(() => ReferralConnection, {
    description: 'Clicks on the links of the partner, newest first.',
  })
  referrals(
    @Root() { id }: Partner,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Referral>> {
    return pageOfEach(ctx, info, ofPartner, id, args);
  }
}
