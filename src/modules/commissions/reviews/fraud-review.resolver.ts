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
import { type Figures, hitsOfReview, narrow, reportOf } from './fraud-review.loader.ts';

const MAX_BULK = 100;

@ObjectType({ simpleResolvers: true, description: 'What came of the sales that a rule hit, by outcome.' })
class FraudFigures {
  @Field(() => FraudRule, { nullable: true, description: 'The rule; null: all of them.' })
  rule!: FraudRule | null;

  @Field(() => Int, { description: 'Sales that went on, below the threshold.' })
  noted!: number;

  @Field(() => Int, { description: 'Sales that would have been held.' })
  wouldHold!: number;

  @Field(() => Int, { description: 'Sales that were held.' })
  held!: number;

  @Field(() => Int, { description: 'Sales that earned nothing.' })
  blocked!: number;

  @Field(() => Int, { description: 'Reviews that found a true sale.' })
  released!: number;

  @Field(() => Int, { description: 'Reviews that found none.' })
  confirmed!: number;

  @Field(() => [MoneyColumn], { description: 'What would have been held, by currency.' })
  wouldHoldAmounts!: MoneyColumn[];

  @Field(() => [MoneyColumn], { description: 'What of that was taken back by refunds until now.' })
  wouldHoldRefunded!: MoneyColumn[];

  @Field(() => [MoneyColumn], { description: 'What was held, by currency.' })
  heldAmounts!: MoneyColumn[];

  @Field(() => [MoneyColumn], { description: 'What of that was taken back by refunds until now.' })
  heldRefunded!: MoneyColumn[];
}

@ObjectType({ simpleResolvers: true, description: 'What the risk rules said within a time.' })
class FraudReport {
  @Field(() => FraudFigures, { description: 'Of all sales that a rule hit, each once.' })
  total!: FraudFigures;

  @Field(() => [FraudFigures], { description: 'By rule; a sale counts under each that hit it.' })
  rules!: FraudFigures[];
}

@ObjectType({ simpleResolvers: true, description: 'A review that was not decided, and why.' })
class FraudReviewFailure {
  @Field(() => ID, { description: 'The id that was asked for.' })
  id!: string;

  @Field({ description: 'The error code: NOT_FOUND, CONFLICT or FORBIDDEN.' })
  code!: string;

  @Field({ description: 'Why, in words.' })
  message!: string;
}

@ObjectType({ simpleResolvers: true, description: 'What came of deciding many reviews.' })
class DecideReviewsResult {
  @Field(() => [ID], { description: 'Reviews that were decided.' })
  decided!: string[];

  @Field(() => [FraudReviewFailure], { description: 'Those that were not.' })
  failures!: FraudReviewFailure[];
}

const FraudReviewConnection = connectionOf(FraudReview);

@Resolver(() => FraudReview)
export class FraudResolver {
  @Authorized('program:read')
  @Query(() => FraudReviewConnection, {
    description: 'Sales that a risk rule hit, newest first; a partner sees none.',
  })
  fraudReviews(
    @Arg('filter', () => FraudReviewFilter, { nullable: true, description: 'Which of them.' })
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
      'What the risk rules said of the sales of days of the program: with those in SHADOW, what would have been held and how much of it was refunded since. A partner sees none.',
  })
  fraudReport(
    @Arg('from', () => LocalDate, { description: 'First day.' }) from: string,
    @Arg('to', () => LocalDate, { description: 'Last day, itself included.' }) to: string,
    @Ctx() ctx: Context,
  ): Promise<{ total: Figures; rules: Figures[] }> {
    if (to < from) throw invalid('to', 'must not lie before from');
    return reportOf(ctx, { from, to });
  }

  @Authorized('commission:decide')
  @Mutation(() => FraudReview, {
    description:
      'Finds a held sale to be a true one: the hold of the risk rules ends; other holds of the line go on. Not by who made the line.',
  })
  async releaseReview(
    @Arg('id', () => ID, { description: "The review's id." }) id: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FraudReview> {
    return findRow(ctx, info, fraudReviewTable, await decideReview(ctx, id, 'RELEASED', reason));
  }

  @Authorized('commission:decide')
  @Mutation(() => FraudReview, {
    description:
      'Finds a sale to be none: its commission is rejected as FRAUD, or taken back where a payout has claimed it. Not by who made the line.',
  })
  async confirmFraud(
    @Arg('id', () => ID, { description: "The review's id." }) id: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FraudReview> {
    return findRow(ctx, info, fraudReviewTable, await decideReview(ctx, id, 'FRAUD', reason));
  }

  @Authorized('commission:decide')
  @Mutation(() => DecideReviewsResult, {
    description: `Decides up to ${MAX_BULK} reviews alike, for one reason; each succeeds or fails by itself.`,
  })
  async decideReviews(
    @Arg('ids', () => [ID], { description: 'Their ids.' }) ids: string[],
    @Arg('decision', () => FraudDecision, { description: 'What they are found to be.' })
    decision: FraudDecision,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
  ): Promise<DecideReviewsResult> {
    if (ids.length > MAX_BULK) throw invalid('ids', `takes at most ${MAX_BULK} ids`);
    const { done, failures } = await decideReviews(ctx, ids, decision, reason);
    return { decided: done, failures };
  }

  @FieldResolver(() => [FraudHit], { description: 'What each rule saw, the heaviest first.' })
  hits(
    @Root() { id }: FraudReview,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<FraudHit[]> {
    return hitsOfReview(ctx, info, id);
  }

  @FieldResolver(() => Partner, { nullable: true, description: 'The partner that the sale earns for.' })
  partner(
    @Root() root: FraudReview,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.partnerId, root);
  }

  @FieldResolver(() => Commission, {
    nullable: true,
    description: 'The line; null of a sale that was blocked.',
  })
  commission(
    @Root() root: FraudReview,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Commission | null> | Commission | null {
    return loadOne(ctx, info, commissionTable, root.commissionId ?? null, root);
  }

  @FieldResolver(() => Customer, { nullable: true, description: 'Who bought, where it is known.' })
  customer(
    @Root() root: FraudReview,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Customer | null> | Customer | null {
    return loadOne(ctx, info, customerTable, root.customerId ?? null, root);
  }
}
