import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { RejectCode } from '../../../domain/commission.ts';
import { invalid } from '../../../domain/errors.ts';
import { loadOne } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, connectionOf, PageArgs, page, pageOfEach } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { Customer, customerTable } from '../../tracking/customers/public.ts';
import { Referral, referralTable } from '../../tracking/referrals/public.ts';
import { approveAll } from './approve-many.ts';
import { Commission, commissionTable } from './commission.entity.ts';
import { CommissionFilter, ReverseCommissionInput } from './commission.inputs.ts';
import {
  commissionsNamed,
  commissionsOfIds,
  commissionsOfReferral,
  narrow,
  reversedOf,
} from './commission.loader.ts';
import {
  approveCommission,
  approveCommissions,
  type LineFailure,
  rejectCommission,
  rejectCommissions,
} from './decide-commission.ts';
import { reverseCommission } from './reverse-commission.ts';

const CommissionConnection = connectionOf(Commission);
const MAX_BULK = 250;
const MAX_ALL = 10_000;

@ObjectType({
  simpleResolvers: true,
  description: 'A commission that was not approved or rejected, and why.',
})
class CommissionFailure implements LineFailure {
  @Field(() => ID, { description: 'The id that was asked for.' })
  id!: string;

  @Field({ description: 'The error code: NOT_FOUND, CONFLICT or FORBIDDEN.' })
  code!: string;

  @Field({ description: 'Why, in words.' })
  message!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'What became of a bulk approval: each line succeeds or fails by itself.',
})
class ApproveCommissionsResult {
  @Field(() => [Commission], { description: 'The lines that were approved.' })
  approved!: Commission[];

  @Field(() => [CommissionFailure], { description: 'The lines that were not, each with its reason.' })
  failures!: LineFailure[];
}

@ObjectType({
  simpleResolvers: true,
  description: 'What became of a bulk rejection: each line succeeds or fails by itself.',
})
class RejectCommissionsResult {
  @Field(() => [Commission], { description: 'The lines that were rejected.' })
  rejected!: Commission[];

  @Field(() => [CommissionFailure], { description: 'The lines that were not, each with its reason.' })
  failures!: LineFailure[];
}

@ObjectType({ simpleResolvers: true, description: 'How many commissions were passed over for one reason.' })
class SkippedCommissions {
  @Field({
    description:
      'HELD: a hold on it is open. OWN_LINE: you made it by hand. FORBIDDEN: a policy refuses it. CHANGED: somebody else was faster.',
  })
  reason!: string;

  @Field(() => Int, { description: 'How many.' })
  count!: number;
}

@ObjectType({ simpleResolvers: true, description: 'What became of all commissions of a filter.' })
class ApproveAllResult {
  @Field(() => Int, { description: 'How many were approved.' })
  approved!: number;

  @Field(() => [SkippedCommissions], { description: 'How many were not, by reason.' })
  skipped!: SkippedCommissions[];
}

@Resolver(() => Commission)
export class CommissionResolver {
  @Authorized('program:read')
  @Query(() => Commission, {
    nullable: true,
    description: 'One commission; NOT_FOUND where the caller may not see it.',
  })
  commission(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, id);
  }

  @Authorized('program:read')
  @Query(() => CommissionConnection, { description: 'Commissions, newest first.' })
  commissions(
    @Arg('filter', () => CommissionFilter, { nullable: true, description: 'Which of them.' })
    filter: CommissionFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Commission>> {
    return page(ctx, info, commissionTable, args, narrow(filter));
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, { description: 'Approves a PENDING commission; not by who made it by hand.' })
  async approveCommission(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await approveCommission(ctx, id));
  }

  @Authorized('commission:decide')
  @Mutation(() => ApproveCommissionsResult, {
    description: `Approves up to ${MAX_BULK} commissions; each succeeds or fails by itself.`,
  })
  async approveCommissions(
    @Arg('ids', () => [ID], { description: 'Their ids.' }) ids: string[],
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ApproveCommissionsResult> {
    if (ids.length > MAX_BULK) throw invalid('ids', `takes at most ${MAX_BULK} ids`);
    const { approved, failures } = await approveCommissions(ctx, ids);
    return { approved: await commissionsOfIds(ctx, info, approved, 'approved'), failures };
  }

  @Authorized('commission:decide')
  @Mutation(() => ApproveAllResult, {
    description: `Approves the PENDING commissions of a filter, oldest first, at most ${MAX_ALL} a call; what you made by hand is passed over.`,
  })
  approveAll(
    @Arg('filter', () => CommissionFilter, { nullable: true, description: 'Which; absent: all.' })
    filter: CommissionFilter | null,
    @Arg('limit', () => Int, { defaultValue: MAX_ALL, description: `At most so many, 1 to ${MAX_ALL}.` })
    limit: number,
    @Ctx() ctx: Context,
  ): Promise<ApproveAllResult> {
    if (limit < 1 || limit > MAX_ALL) throw invalid('limit', `must be from 1 to ${MAX_ALL}`);
    return approveAll(ctx, filter, limit);
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, { description: 'Refuses a commission that is in no payout, for good.' })
  async rejectCommission(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Arg('code', () => RejectCode, {
      nullable: true,
      description: 'What kind of reason it is, for your own counts.',
    })
    code: RejectCode | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await rejectCommission(ctx, id, reason, code));
  }

  @Authorized('commission:decide')
  @Mutation(() => RejectCommissionsResult, {
    description: `Refuses up to ${MAX_BULK} commissions for good, for one reason; each succeeds or fails by itself.`,
  })
  async rejectCommissions(
    @Arg('ids', () => [ID], { description: 'Their ids.' }) ids: string[],
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Arg('code', () => RejectCode, {
      nullable: true,
      description: 'What kind of reason it is, for your own counts.',
    })
    code: RejectCode | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RejectCommissionsResult> {
    if (ids.length > MAX_BULK) throw invalid('ids', `takes at most ${MAX_BULK} ids`);
    const { done, failures } = await rejectCommissions(ctx, ids, reason, code);
    return { rejected: await commissionsOfIds(ctx, info, done, 'rejected'), failures };
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description:
      'A refund or chargeback: takes back the refunded share of a commission and answers with that commission. A paid one stays paid; the next payout pays less.',
  })
  async reverseCommission(
    @Arg('id', () => ID, { description: 'The commission to take back from.' }) id: string,
    @Arg('input', () => ReverseCommissionInput, { description: 'What was refunded.' })
    input: ReverseCommissionInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await reverseCommission(ctx, id, input));
  }

  @FieldResolver(() => Partner, { description: 'Who earned it.' })
  partner(
    @Root() root: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }

  @FieldResolver(() => Customer, { nullable: true, description: 'Who bought.' })
  customer(
    @Root() root: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Customer | null> | Customer | null {
    return loadOne(ctx, info, customerTable, root.customerId ?? null, root);
  }

  @FieldResolver(() => Referral, {
    nullable: true,
    description: 'The click that led to it; null for one made by hand.',
  })
  referral(
    @Root() root: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Referral | null> | Referral | null {
    return loadOne(ctx, info, referralTable, root.referralId ?? null, root);
  }

  @FieldResolver(() => MoneyColumn, {
    nullable: true,
    description:
      "The sale in its own currency, where that is not the commission's: `baseAmount` is what it was worth by the rate of its day. null: they are the same.",
  })
  saleAmount(@Root() line: Commission & { saleAmount: MoneyColumn | null }): MoneyColumn | null {
    return line.saleAmount;
  }

  @FieldResolver(() => MoneyColumn, {
    description: 'What was taken back of it so far, as a positive amount.',
  })
  reversedAmount(
    @Root() line: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<MoneyColumn> {
    return reversedOf(ctx, info, line);
  }

  @FieldResolver(() => Commission, {
    nullable: true,
    description:
      'The line that this refund takes back a share of, with its order and product; null for any other.',
  })
  async reverses(
    @Root() { reversesId }: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission | null> {
    return reversesId ? ((await commissionsNamed(ctx, info, [reversesId]))[0] ?? null) : null;
  }

  @FieldResolver(() => Commission, {
    nullable: true,
    description:
      'The line whose sale or refund made this TRUE_UP, or of which this ADJUSTMENT gives back what a lost dispute took.',
  })
  async adjusts(
    @Root() { adjustsId }: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission | null> {
    return adjustsId ? ((await commissionsNamed(ctx, info, [adjustsId]))[0] ?? null) : null;
  }
}

@Resolver(() => Partner)
export class PartnerCommissionsResolver {
  @FieldResolver(() => CommissionConnection, { description: 'What it earned, newest first.' })
  commissions(
    @Root() { id }: Partner,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Commission>> {
    return pageOfEach(ctx, info, commissionTable, sql`c.partner_id = owner.id`, id, args);
  }
}

@Resolver(() => Referral)
export class ReferralCommissionsResolver {
  @FieldResolver(() => [Commission], {
    description: 'What it earned, refunds included, oldest first; empty until it is converted.',
  })
  commissions(
    @Root() { id }: Referral,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission[]> | Commission[] {
    return ctx.actor.permissions.has('program:read') ? commissionsOfReferral(ctx, info, id) : [];
  }
}
