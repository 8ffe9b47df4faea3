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
import { type Connection, connectionOf, PageArgs, pageOfEach } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { PagesOf } from '../../../kernel/data/written-pages.ts';
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
  loadReversedAmount,
  pageOfCommissions,
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
  description: 'A commission that could not be approved or rejected, with the error.',
})
class CommissionFailure implements LineFailure {
  @Field(() => ID, {
    description: 'The requested id.',
    deprecationReason:
      'Select `commissionId`: a failure has no id of its own, and caches would mix it up. Removed on 2027-06-30.',
  })
  id!: string;

  @Field(() => ID, { description: 'The requested id.' })
  commissionId!: string;

  @Field({ description: 'Error code: NOT_FOUND, CONFLICT, FORBIDDEN or BAD_USER_INPUT.' })
  code!: string;

  @Field({ description: 'Error message.' })
  message!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Result of a bulk approval. Each commission succeeds or fails on its own.',
})
class ApproveCommissionsResult {
  @Field(() => [Commission], { description: 'The approved commissions.' })
  approved!: Commission[];

  @Field(() => [CommissionFailure], { description: 'The commissions that failed, each with its error.' })
  failures!: LineFailure[];
}

@ObjectType({
  simpleResolvers: true,
  description: 'Result of a bulk rejection. Each commission succeeds or fails on its own.',
})
class RejectCommissionsResult {
  @Field(() => [Commission], { description: 'The rejected commissions.' })
  rejected!: Commission[];

  @Field(() => [CommissionFailure], { description: 'The commissions that failed, each with its error.' })
  failures!: LineFailure[];
}

@ObjectType({ simpleResolvers: true, description: 'Number of commissions that were skipped for one reason.' })
class SkippedCommissions {
  @Field({
    description:
      'HELD: the commission has an open hold. OWN_LINE: you created the commission or recorded its sale, or you belong to its partner. FORBIDDEN: a policy denies the approval. CHANGED: another request changed the commission first.',
  })
  reason!: string;

  @Field(() => Int, { description: 'Number of commissions.' })
  count!: number;
}

@ObjectType({ simpleResolvers: true, description: 'Result of approving all commissions of a filter.' })
class ApproveAllResult {
  @Field(() => Int, { description: 'Number of approved commissions.' })
  approved!: number;

  @Field(() => [SkippedCommissions], { description: 'Number of skipped commissions by reason.' })
  skipped!: SkippedCommissions[];
}

@Resolver(() => Commission)
export class CommissionResolver {
  @Authorized('program:read')
  @Query(() => Commission, {
    nullable: true,
    description:
      'Returns one commission. Fails with NOT_FOUND when the commission does not exist or the caller has no access to it.',
  })
  commission(
    @Arg('id', () => ID, { description: 'Id of the commission.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, id);
  }

  @Authorized('program:read')
  @PagesOf({ table: () => commissionTable })
  @Query(() => CommissionConnection, { description: 'Returns commissions, newest first.' })
  commissions(
    @Arg('filter', () => CommissionFilter, {
      nullable: true,
      description: 'Conditions for the commissions. Default: all.',
    })
    filter: CommissionFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Commission>> {
    return pageOfCommissions(ctx, info, args, filter);
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description:
      'Approves a PENDING commission. The person who created the commission or recorded its sale cannot approve it.',
  })
  async approveCommission(
    @Arg('id', () => ID, { description: 'Id of the commission.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await approveCommission(ctx, id));
  }

  @Authorized('commission:decide')
  @Mutation(() => ApproveCommissionsResult, {
    description: `Approves up to ${MAX_BULK} commissions. Each commission succeeds or fails on its own.`,
  })
  async approveCommissions(
    @Arg('ids', () => [ID], { description: 'Ids of the commissions.' }) ids: string[],
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ApproveCommissionsResult> {
    if (ids.length > MAX_BULK) throw invalid('ids', `must contain at most ${MAX_BULK} ids`);
    const { approved, failures } = await approveCommissions(ctx, ids);
    return { approved: await commissionsOfIds(ctx, info, approved, 'approved'), failures };
  }

  @Authorized('commission:decide')
  @Mutation(() => ApproveAllResult, {
    description: `Approves the PENDING commissions of a filter, oldest first, at most ${MAX_ALL} in a call. Commissions that you created are skipped.`,
  })
  approveAll(
    @Arg('filter', () => CommissionFilter, {
      nullable: true,
      description: 'Conditions for the commissions. Default: all.',
    })
    filter: CommissionFilter | null,
    @Arg('limit', () => Int, {
      defaultValue: MAX_ALL,
      description: `Highest number of commissions to approve, 1 to ${MAX_ALL}.`,
    })
    limit: number,
    @Ctx() ctx: Context,
  ): Promise<ApproveAllResult> {
    if (limit < 1 || limit > MAX_ALL) throw invalid('limit', `must be from 1 to ${MAX_ALL}`);
    return approveAll(ctx, filter, limit);
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description: 'Rejects a commission that is not part of a payout. The rejection is final.',
  })
  async rejectCommission(
    @Arg('id', () => ID, { description: 'Id of the commission.' }) id: string,
    @Arg('reason', () => String, { description: 'Reason for the rejection, 1 to 1000 characters.' })
    reason: string,
    @Arg('code', () => RejectCode, {
      nullable: true,
      description: 'Category of the reason, for your own statistics.',
    })
    code: RejectCode | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await rejectCommission(ctx, id, reason, code));
  }

  @Authorized('commission:decide')
  @Mutation(() => RejectCommissionsResult, {
    description: `Rejects up to ${MAX_BULK} commissions for one reason. A rejection is final. Each commission succeeds or fails on its own.`,
  })
  async rejectCommissions(
    @Arg('ids', () => [ID], { description: 'Ids of the commissions.' }) ids: string[],
    @Arg('reason', () => String, { description: 'Reason for the rejection, 1 to 1000 characters.' })
    reason: string,
    @Arg('code', () => RejectCode, {
      nullable: true,
      description: 'Category of the reason, for your own statistics.',
    })
    code: RejectCode | null,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<RejectCommissionsResult> {
    if (ids.length > MAX_BULK) throw invalid('ids', `must contain at most ${MAX_BULK} ids`);
    const { done, failures } = await rejectCommissions(ctx, ids, reason, code);
    return { rejected: await commissionsOfIds(ctx, info, done, 'rejected'), failures };
  }

  @Authorized('commission:decide')
  @Mutation(() => Commission, {
    description:
      'Records a refund or chargeback: reverses the refunded share of a commission. Returns that commission. A paid commission stays PAID, and the reversal reduces the next payout.',
  })
  async reverseCommission(
    @Arg('id', () => ID, { description: 'Id of the commission to reverse.' }) id: string,
    @Arg('input', () => ReverseCommissionInput, { description: 'The refund.' })
    input: ReverseCommissionInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission> {
    return findRow(ctx, info, commissionTable, await reverseCommission(ctx, id, input));
  }

  @FieldResolver(() => Partner, { description: 'The partner who earned the commission.' })
  partner(
    @Root() root: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }

  @FieldResolver(() => Customer, {
    nullable: true,
    description: 'The customer who bought. Null when no customer is known.',
  })
  customer(
    @Root() root: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Customer | null> | Customer | null {
    return loadOne(ctx, info, customerTable, root.customerId ?? null, root);
  }

  @FieldResolver(() => Referral, {
    nullable: true,
    description:
      'The referral that led to the sale. Null for a commission without a referral, for example one created by hand.',
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
      'The sale in its own currency. `baseAmount` is this amount converted at the exchange rate of the day of the sale. Null when the sale and the commission have the same currency.',
  })
  saleAmount(@Root() line: Commission & { saleAmount: MoneyColumn | null }): MoneyColumn | null {
    return line.saleAmount;
  }

  @FieldResolver(() => MoneyColumn, {
    description: 'The amount reversed so far, as a positive number.',
  })
  reversedAmount(
    @Root() line: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<MoneyColumn> {
    return loadReversedAmount(ctx, info, line);
  }

  @FieldResolver(() => Commission, {
    nullable: true,
    description:
      'The commission that this refund reverses, with its order and product. Null for a commission that is not a refund.',
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
      'For a TRUE_UP: the commission that it changes. For an ADJUSTMENT: the commission of the lost dispute. Null for other types.',
  })
  async adjusts(
    @Root() { adjustsId }: Commission,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission | null> {
    return adjustsId ? ((await commissionsNamed(ctx, info, [adjustsId]))[0] ?? null) : null;
  }
}

const ofPartner = { table: () => commissionTable, tie: sql`c.partner_id = owner.id` };

@Resolver(() => Partner)
export class PartnerCommissionsResolver {
  @PagesOf(ofPartner)
  @FieldResolver(() => CommissionConnection, { description: 'Commissions of the partner, newest first.' })
  commissions(
    @Root() { id }: Partner,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Commission>> {
    return pageOfEach(ctx, info, ofPartner, id, args);
  }
}

@Resolver(() => Referral)
export class ReferralCommissionsResolver {
  @FieldResolver(() => [Commission], {
    description:
      'Commissions of the referral, refunds included, oldest first. Empty until the referral is converted.',
  })
  commissions(
    @Root() { id }: Referral,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission[]> | Commission[] {
    return ctx.actor.permissions.has('program:read') ? commissionsOfReferral(ctx, info, id) : [];
  }
}
