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
import type { Context } from '../../../kernel/request/context.ts';
import { Commission } from '../../commissions/commission/public.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { PayoutAccount, payoutAccountTable } from '../accounts/public.ts';
import { approvePayout } from './approve-payout.ts';
import { cancelPayout, retryPayout } from './change-payout.ts';
import { createPayout } from './create-payout.ts';
import { Payout, payoutTable } from './payout.entity.ts';
import { CreatePayoutInput, PayoutFilter } from './payout.inputs.ts';
import { linesOfPayout, narrow } from './payout.loader.ts';

const PayoutConnection = connectionOf(Payout);
const CommissionLines = connectionOf(Commission);

@Resolver(() => Payout)
export class PayoutResolver {
  @Authorized('program:read')
  @Query(() => Payout, {
    nullable: true,
    description: 'One payout; NOT_FOUND where the caller may not see it.',
  })
  payout(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, id);
  }

  @Authorized('program:read')
  @Query(() => PayoutConnection, { description: 'Payouts, newest first.' })
  payouts(
    @Arg('filter', () => PayoutFilter, { nullable: true, description: 'Which of them.' })
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
      "Claims a partner's approved commissions of a period for one payout. CONFLICT with a reason where there is nothing to pay.",
  })
  async createPayout(
    @Arg('input', () => CreatePayoutInput, { description: 'Whom to pay, and for when.' })
    input: CreatePayoutInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, await createPayout(ctx, input));
  }

  @Authorized('payout:decide')
  @Mutation(() => Payout, {
    description:
      'Approves a PENDING payout and sends it; not by who created it. Where it takes two (`secondApproval`), the first one leaves it PENDING.',
  })
  async approvePayout(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, await approvePayout(ctx, id));
  }

  @Authorized('payout:decide')
  @Mutation(() => Payout, { description: 'Sends a FAILED payout again.' })
  async retryPayout(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, await retryPayout(ctx, id));
  }

  @Authorized('payout:decide')
  @Mutation(() => Payout, {
    description: 'Calls a payout off that is not with the rail; its commissions are owed again.',
  })
  async cancelPayout(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout> {
    return findRow(ctx, info, payoutTable, await cancelPayout(ctx, id, reason));
  }

  @FieldResolver(() => Partner, { description: 'Who is paid.' })
  partner(
    @Root() root: Payout,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }

  @FieldResolver(() => PayoutAccount, {
    nullable: true,
    description: 'Where it goes, for who may see accounts; null: the rail needed none.',
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
    description: 'What the partner can do where it did not arrive, in words; null: nothing needs doing.',
  })
  nextStep(@Root() { status, releasedAt }: Payout): string | null {
    return nextStep(status, { released: releasedAt != null });
  }

  @FieldResolver(() => CommissionLines, {
    description: 'The commissions that it claims, newest first; empty once they were given back.',
  })
  commissions(
    @Root() { id }: Payout,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Commission>> {
    return linesOfPayout(ctx, info, id, args);
  }
}

@Resolver(() => Partner)
export class PartnerPayoutsResolver {
  @FieldResolver(() => PayoutConnection, { description: 'What it was paid, newest first.' })
  payouts(
    @Root() { id }: Partner,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Payout>> {
    return pageOfEach(ctx, info, payoutTable, sql`o.partner_id = owner.id`, id, args);
  }
}

@Resolver(() => Commission)
export class CommissionPayoutResolver {
  @FieldResolver(() => Payout, {
    nullable: true,
    description: 'The payout that claims it; null while none does.',
  })
  payout(
    @Root() root: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Payout | null> | Payout | null {
    return loadOne(ctx, info, payoutTable, (root as { payoutId?: string | null }).payoutId ?? null, root);
  }
}
