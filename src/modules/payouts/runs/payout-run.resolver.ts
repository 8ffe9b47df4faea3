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
  Subscription,
} from 'type-graphql';
import { invalid } from '../../../domain/errors.ts';
import { changesOf } from '../../../kernel/data/changes-of.ts';
import { loadOne } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { findRow } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { Partner, partnerTable } from '../../partners/partner/public.ts';
import { RunPayoutsInput } from '../payout/public.ts';
import { approvePayoutRun } from './approve-payout-run.ts';
import { cancelPayoutRun } from './cancel-run.ts';
import { PayoutRun, payoutRunTable, SkippedPartner } from './payout-run.entity.ts';
import { skippedOfRun, skippedPage, totalsOfRun } from './payout-run.loader.ts';
import {
  PayoutRunPreview,
  PreviewedPartner,
  PreviewedPayout,
  type PreviewSum,
  previewedPartners,
  previewedPayoutsOf,
  previewPayoutRun,
  sumOf,
} from './preview-run.ts';
import { pausePayoutRun, resumePayoutRun, runPayouts, runTopic, tenantOfRun } from './run-payouts.ts';

const RunConnection = connectionOf(PayoutRun);

const SkippedConnection = connectionOf(SkippedPartner);

const PreviewConnection = connectionOf(PreviewedPartner);

const MOST = 1_000;

@ObjectType({ simpleResolvers: true, description: 'What became of one payout of a run.' })
class PayoutApproval {
  @Field(() => ID, { description: 'The payout.' })
  payoutId!: string;

  @Field({
    description:
      'APPROVED; FIRST_APPROVAL: a second person must approve it; or why it was left alone: OWN_PAYOUT, OWN_PARTNER, OWN_ACCOUNT, FORBIDDEN, SECOND_APPROVER_NEEDED, CHANGED, or what has changed since it was made, e.g. PAYOUTS_HELD.',
  })
  outcome!: string;
}

@ObjectType({ simpleResolvers: true, description: 'What approving a run came to.' })
class PayoutRunApproval {
  @Field(() => Int, { description: 'Payouts that are approved now and are sent.' })
  approved!: number;

  @Field(() => Int, { description: 'Payouts that wait for a second person.' })
  firstApproved!: number;

  @Field(() => [PayoutApproval], { description: 'One by one, oldest first.' })
  results!: PayoutApproval[];
}

@ObjectType({ simpleResolvers: true, description: 'What calling a run off came to.' })
class PayoutRunCancellation {
  @Field(() => Int, { description: 'Payouts that were called off; their commissions are owed again.' })
  canceled!: number;
}

@ObjectType('PayoutRunSummary', { simpleResolvers: true, description: 'What a whole run would come to.' })
class PreviewSummary implements PreviewSum {
  @Field(() => Int, { description: 'Payouts that would be made.' })
  payoutCount!: number;

  @Field(() => Int, { description: 'Partners, or balances of them, that would be left out.' })
  skippedCount!: number;

  @Field(() => [MoneyColumn], { description: 'What would be paid, one amount a currency.' })
  totals!: MoneyColumn[];
}

@Resolver(() => PayoutRun)
export class PayoutRunResolver {
  @Authorized('payout:make')
  @Query(() => PayoutRun, { description: 'One payout run, and how far it has come.' })
  payoutRun(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun> {
    return findRow(ctx, info, payoutRunTable, id);
  }

  @Authorized('payout:make')
  @Query(() => RunConnection, { description: 'Payout runs, newest first.' })
  payoutRuns(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<PayoutRun>> {
    return page(ctx, info, payoutRunTable, args, []);
  }

  @Authorized('payout:make')
  @Mutation(() => PayoutRun, {
    description:
      'Makes the payouts of every partner that is due; running it again pays nothing twice. What takes longer than 20 seconds is finished by a job: `status` tells.',
  })
  async runPayouts(
    @Arg('input', () => RunPayoutsInput, { description: 'As of when, and for whom.' }) input: RunPayoutsInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun> {
    return findRow(ctx, info, payoutRunTable, await runPayouts(ctx, input));
  }

  @Authorized('payout:make')
  @Query(() => PayoutRunPreview, {
    description: 'What a run would do: who is paid how much, who is left out and why. Nothing is written.',
  })
  previewPayoutRun(
    @Arg('input', () => RunPayoutsInput, { description: 'As of when, and for whom.' }) input: RunPayoutsInput,
    @Ctx() ctx: Context,
  ): Promise<PayoutRunPreview> {
    return previewPayoutRun(ctx, input);
  }

  @Authorized('payout:make')
  @Mutation(() => PayoutRun, { description: 'Stops a run after the partners that it is at.' })
  async pausePayoutRun(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun> {
    return findRow(ctx, info, payoutRunTable, await pausePayoutRun(ctx, id));
  }

  @Authorized('payout:make')
  @Mutation(() => PayoutRun, { description: 'Goes on with a paused run where it stopped.' })
  async resumePayoutRun(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun> {
    return findRow(ctx, info, payoutRunTable, await resumePayoutRun(ctx, id));
  }

  @Authorized('payout:decide')
  @Mutation(() => PayoutRunApproval, {
    description:
      'Approves the PENDING payouts of a run, as one by one: not those of the caller, and where it takes two, as the first or the second. Repeat it until nothing waits.',
  })
  approvePayoutRun(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('limit', () => Int, { defaultValue: MOST, description: `At most so many: 1 to ${MOST}.` })
    limit: number,
    @Ctx() ctx: Context,
  ): Promise<PayoutRunApproval> {
    if (limit < 1 || limit > MOST) throw invalid('limit', `must be from 1 to ${MOST}`);
    return approvePayoutRun(ctx, id, limit);
  }

  @Authorized('payout:decide')
  @Mutation(() => PayoutRunCancellation, {
    description:
      'Stops a run and calls off those of its payouts that are not with the rail. CONFLICT with reason NOTHING_TO_CANCEL of one that is DONE and has none.',
  })
  async cancelPayoutRun(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Arg('reason', () => String, { description: 'Why: 1 to 1000 characters.' }) reason: string,
    @Ctx() ctx: Context,
  ): Promise<PayoutRunCancellation> {
    return { canceled: await cancelPayoutRun(ctx, id, reason) };
  }

  @Authorized('payout:make')
  @Subscription(() => PayoutRun, {
    description: 'Pushes a run at once, and whenever it has come further, at most four times a second.',
    subscribe: async ({ args, context }: { args: Record<string, unknown>; context: Context }) => {
      const id = idOf(args['id'] as string);
      await tenantOfRun(context, id);
      return changesOf((changed) => context.feed.subscribe(runTopic(id), changed), { id });
    },
  })
  payoutRunProgress(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun> {
    return findRow(ctx, info, payoutRunTable, id);
  }

  @FieldResolver(() => [MoneyColumn], { description: 'Sum of its payouts, one amount a currency.' })
  totals(
    @Root() { id }: PayoutRun,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<MoneyColumn[]> {
    return totalsOfRun(ctx, info, id);
  }

  @FieldResolver(() => [SkippedPartner], {
    description:
      'Partners that were left out, with the reason: the first 1,000; all of them in `skippedPartners`.',
  })
  skipped(
    @Root() { id }: PayoutRun,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<SkippedPartner[]> {
    return skippedOfRun(ctx, info, id);
  }

  @FieldResolver(() => SkippedConnection, { description: 'Every partner that was left out.' })
  skippedPartners(
    @Root() { id }: PayoutRun,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<SkippedPartner>> {
    return skippedPage(ctx, info, id, args);
  }
}

@Resolver(() => PayoutRunPreview)
export class PayoutRunPreviewResolver {
  @FieldResolver(() => PreviewConnection, { description: 'The partners that are due, newest first.' })
  partners(
    @Root() preview: PayoutRunPreview,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<PreviewedPartner>> {
    return previewedPartners(ctx, info, preview, args);
  }

  @FieldResolver(() => PreviewSummary, { description: 'The whole of it; adds up every balance when asked.' })
  summary(@Root() preview: PayoutRunPreview, @Ctx() ctx: Context): Promise<PreviewSum> {
    return sumOf(ctx, preview);
  }
}

@Resolver(() => PreviewedPartner)
export class PreviewedPartnerResolver {
  @FieldResolver(() => Partner, { description: 'The partner.' })
  partner(
    @Root() root: PreviewedPartner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.id, root);
  }

  @FieldResolver(() => [PreviewedPayout], {
    description: 'Its balances and what would become of each; one without an amount where it has none.',
  })
  payouts(
    @Root() root: PreviewedPartner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PreviewedPayout[]> {
    return previewedPayoutsOf(ctx, info, root);
  }
}
