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
import { nextStep } from '../../../domain/payout.ts';
import { loadOne } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs, page, pageOfEach } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { PagesOf } from '../../../kernel/data/written-pages.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Commission } from '../../commissions/commission/public.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { PayoutAccount, payoutAccountTable } from '../accounts/public.ts';
import { approvePayout } from './approve-payout.ts';
import { cancelPayout, retryPayout } from './change-payout.ts';
import { createPayout } from './create-payout.ts';
import { Payout, payoutTable } from './payout.entity.ts';
import { CreatePayoutInput, PayoutFilter } from './payout.inputs.ts';
import { loadCommissionsOfPayout, narrow } from './payout.loader.ts';

const PayoutConnection = connectionOf(Payout);
const CommissionLines = connectionOf(Commission);

@Resolver(() => Payout)
export class PayoutResolver {
  @Authorized('program:read')
  @Query(() => Payout, {
    nullable: true,
    description:
      'Returns one payout. NOT_FOUND when the payout does not exist or the caller has no access to it.',
  })
  payout(
    @Arg('id', () => ID, { description: 'Id of the payout.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, id);
  }

  @Authorized('program:read')
  @PagesOf({ table: () => payoutTable })
  @Query(() => PayoutConnection, { description: 'Returns payouts, newest first.' })
  payouts(
    @Arg('filter', () => PayoutFilter, { nullable: true, description: 'Filter for the payouts.' })
    filter: PayoutFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Payout>> {
    return page(ctx, info, payoutTable, args, narrow(filter));
  }

  @Authorized('payout:make')
  @Mutation(() => Payout, {
    description:
      "Creates a payout from a partner's approved commissions of a period. CONFLICT with a reason when there is nothing to pay.",
  })
  async createPayout(
    @Arg('input', () => CreatePayoutInput, { description: 'The partner and the period to pay.' })
    input: CreatePayoutInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, await createPayout(ctx, input));
  }

  @Authorized('payout:decide')
  @Mutation(() => Payout, {
    description:
      'Approves a PENDING payout, which is then sent. The creator of a payout must not approve it. When two approvals are required (`secondApproval`), the payout stays PENDING after the first.',
  })
  async approvePayout(
    @Arg('id', () => ID, { description: 'Id of the payout.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, await approvePayout(ctx, id));
  }

  @Authorized('payout:decide')
  @Mutation(() => Payout, { description: 'Retries a FAILED payout.' })
  async retryPayout(
    @Arg('id', () => ID, { description: 'Id of the payout.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, await retryPayout(ctx, id));
  }

  @Authorized('payout:decide')
  @Mutation(() => Payout, {
    description: 'Cancels a payout that is not with the rail. Its commissions are owed again.',
  })
  async cancelPayout(
    @Arg('id', () => ID, { description: 'Id of the payout.' }) id: string,
    @Arg('reason', () => String, { description: 'Reason for the cancellation, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, await cancelPayout(ctx, id, reason));
  }

  @FieldResolver(() => Partner, { description: 'The partner that receives the payout.' })
  partner(
    @Root() root: Payout,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }

  @FieldResolver(() => PayoutAccount, {
    nullable: true,
    description:
      'The account that receives the payout. Null when the rail needed none or the caller has no access to payout accounts.',
  })
  payoutAccount(
    @Root() root: Payout,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutAccount | null> | PayoutAccount | null {
    return loadOne(ctx, info, payoutAccountTable, root.payoutAccountId ?? null, root);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Next step for the partner when the payout did not arrive, as text. Null when no step is required.',
  })
  nextStep(@Root() { status, releasedAt }: Payout): string | null {
    return nextStep(status, { released: releasedAt != null });
  }

  @FieldResolver(() => CommissionLines, {
    description: 'Commissions that the payout pays, newest first. Empty after the commissions were released.',
  })
  commissions(
    @Root() { id }: Payout,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Commission>> {
    return loadCommissionsOfPayout(ctx, info, id, args);
  }
}

const ofPartner = { table: () => payoutTable, tie: sql`o.partner_id = owner.id` };

@Resolver(() => Partner)
export class PartnerPayoutsResolver {
  @PagesOf(ofPartner)
  @FieldResolver(() => PayoutConnection, { description: 'Payouts of the partner, newest first.' })
  payouts(
    @Root() { id }: Partner,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Payout>> {
    return pageOfEach(ctx, info, ofPartner, id, args);
  }
}

@Resolver(() => Commission)
export class CommissionPayoutResolver {
  @FieldResolver(() => Payout, {
    nullable: true,
    description: 'The payout that pays the commission. Null while the commission is in no payout.',
  })
  payout(
    @Root() root: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout | null> | Payout | null {
    return loadOne(ctx, info, payoutTable, (root as { payoutId?: string | null }).payoutId ?? null, root);
  }
}
