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
import { invalid } from '../../../domain/errors.ts';
import { FraudDecision, FraudRule } from '../../../domain/fraud.ts';
import { loadOne } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { Customer, customerTable } from '../../tracking/customers/public.ts';
import { Commission, commissionTable } from '../commission/public.ts';
import { decideReview, decideReviews } from './decide-review.ts';
import { FraudHit, FraudReview, fraudReviewTable } from './fraud-review.entity.ts';
import { FraudReviewFilter } from './fraud-review.inputs.ts';
import { type Figures, hitsOfReview, loadReport, narrow } from './fraud-review.loader.ts';

const MAX_BULK = 100;

@ObjectType({
  simpleResolvers: true,
  description: 'Counts and amounts of the sales that a risk rule matched.',
})
class FraudFigures {
  @Field(() => FraudRule, { nullable: true, description: 'The rule. Null for all rules together.' })
  rule!: FraudRule | null;

  @Field(() => Int, { description: 'Number of sales with the outcome NOTED.' })
  noted!: number;

  @Field(() => Int, { description: 'Number of sales that would have been held.' })
  wouldHold!: number;

  @Field(() => Int, { description: 'Number of sales that were held.' })
  held!: number;

  @Field(() => Int, { description: 'Number of sales that were blocked and earned nothing.' })
  blocked!: number;

  @Field(() => Int, { description: 'Number of reviews with the decision RELEASED.' })
  released!: number;

  @Field(() => Int, { description: 'Number of reviews with the decision FRAUD.' })
  confirmed!: number;

  @Field(() => [MoneyColumn], {
    description: 'Commissions that would have been held, one amount per currency.',
  })
  wouldHoldAmounts!: MoneyColumn[];

  @Field(() => [MoneyColumn], {
    description: 'The part of these commissions that refunds have reversed until now.',
  })
  wouldHoldRefunded!: MoneyColumn[];

  @Field(() => [MoneyColumn], { description: 'Commissions that were held, one amount per currency.' })
  heldAmounts!: MoneyColumn[];

  @Field(() => [MoneyColumn], {
    description: 'The part of these commissions that refunds have reversed until now.',
  })
  heldRefunded!: MoneyColumn[];
}

@ObjectType({ simpleResolvers: true, description: 'Results of the risk rules in a period.' })
class FraudReport {
  @Field(() => FraudFigures, { description: 'All sales that a rule matched, each counted once.' })
  total!: FraudFigures;

  @Field(() => [FraudFigures], {
    description: 'Results by rule. A sale counts under each rule that matched it.',
  })
  rules!: FraudFigures[];
}

@ObjectType({ simpleResolvers: true, description: 'A review that could not be decided, with the error.' })
class FraudReviewFailure {
  @Field(() => ID, {
    description: 'The requested id.',
    deprecationReason:
      'Select `reviewId`: a failure has no id of its own, and caches would mix it up. Removed on 2027-06-30.',
  })
  id!: string;

  @Field(() => ID, { description: 'The requested id.' })
  reviewId!: string;

  @Field({ description: 'Error code: NOT_FOUND, CONFLICT, FORBIDDEN or BAD_USER_INPUT.' })
  code!: string;

  @Field({ description: 'Error message.' })
  message!: string;
}

@ObjectType({ simpleResolvers: true, description: 'Result of deciding several reviews.' })
class DecideReviewsResult {
  @Field(() => [ID], { description: 'Ids of the decided reviews.' })
  decided!: string[];

  @Field(() => [FraudReviewFailure], { description: 'The reviews that failed, each with its error.' })
  failures!: FraudReviewFailure[];
}

const FraudReviewConnection = connectionOf(FraudReview);

@Resolver(() => FraudReview)
export class FraudResolver {
  @Authorized('program:read')
  @Query(() => FraudReviewConnection, {
    description: 'Returns reviews of sales that a risk rule matched, newest first. A partner gets none.',
  })
  fraudReviews(
    @Arg('filter', () => FraudReviewFilter, {
      nullable: true,
      description: 'Conditions for the reviews. Default: all.',
    })
    filter: FraudReviewFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<FraudReview>> {
    return page(ctx, info, fraudReviewTable, args, narrow(filter));
  }

  @Authorized('program:read')
  @Query(() => FraudReport, {
    description:
      "Returns the results of the risk rules in a period of days, in the program's time zone. For rules in SHADOW the report shows the commissions that would have been held and the part refunded since. A partner gets none.",
  })
  fraudReport(
    @Arg('from', () => LocalDate, { description: "First day, in the program's time zone." }) from: string,
    @Arg('to', () => LocalDate, { description: 'Last day, inclusive.' }) to: string,
    @Ctx() ctx: Context,
  ): Promise<{ total: Figures; rules: Figures[] }> {
    if (to < from) throw invalid('to', 'must not be before from');
    return loadReport(ctx, { from, to });
  }

  @Authorized('commission:decide')
  @Mutation(() => FraudReview, {
    description:
      'Decides that a held sale is genuine and releases its RISK hold. Other holds of the commission stay open. The person who created the commission or recorded its sale cannot decide.',
  })
  async releaseReview(
    @Arg('id', () => ID, { description: 'Id of the review.' }) id: string,
    @Arg('reason', () => String, { description: 'Reason for the decision, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FraudReview> {
    return findRow(ctx, info, fraudReviewTable, await decideReview(ctx, id, 'RELEASED', reason));
  }

  @Authorized('commission:decide')
  @Mutation(() => FraudReview, {
    description:
      'Decides that a sale is fraud. Its commission is rejected with the code FRAUD, or reversed when it is already part of a payout. The person who created the commission or recorded its sale cannot decide.',
  })
  async confirmFraud(
    @Arg('id', () => ID, { description: 'Id of the review.' }) id: string,
    @Arg('reason', () => String, { description: 'Reason for the decision, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FraudReview> {
    return findRow(ctx, info, fraudReviewTable, await decideReview(ctx, id, 'FRAUD', reason));
  }

  @Authorized('commission:decide')
  @Mutation(() => DecideReviewsResult, {
    description: `Decides up to ${MAX_BULK} reviews in the same way, for one reason. Each review succeeds or fails on its own.`,
  })
  async decideReviews(
    @Arg('ids', () => [ID], { description: 'Ids of the reviews.' }) ids: string[],
    @Arg('decision', () => FraudDecision, { description: 'The decision for all reviews.' })
    decision: FraudDecision,
    @Arg('reason', () => String, { description: 'Reason for the decision, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
  ): Promise<DecideReviewsResult> {
    if (ids.length > MAX_BULK) throw invalid('ids', `must contain at most ${MAX_BULK} ids`);
    const { done, failures } = await decideReviews(ctx, ids, decision, reason);
    return { decided: done, failures };
  }

  @FieldResolver(() => [FraudHit], { description: 'The rules that matched the sale, highest weight first.' })
  hits(
    @Root() { id }: FraudReview,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FraudHit[]> {
    return hitsOfReview(ctx, info, id);
  }

  @FieldResolver(() => Partner, { nullable: true, description: 'The partner who earns on the sale.' })
  partner(
    @Root() root: FraudReview,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }

  @FieldResolver(() => Commission, {
    nullable: true,
    description: 'The commission of the sale. Null for a blocked sale.',
  })
  commission(
    @Root() root: FraudReview,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission | null> | Commission | null {
    return loadOne(ctx, info, commissionTable, root.commissionId ?? null, root);
  }

  @FieldResolver(() => Customer, {
    nullable: true,
    description: 'The customer who bought. Null when no customer is known.',
  })
  customer(
    @Root() root: FraudReview,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Customer | null> | Customer | null {
    return loadOne(ctx, info, customerTable, root.customerId ?? null, root);
  }
}
