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
import { loadRunTotals, loadSkippedPartners, skippedPage } from './payout-run.loader.ts';
import {
  loadPreviewedPayouts,
  loadPreviewTotals,
  PayoutRunPreview,
  PreviewedPartner,
  PreviewedPayout,
  type PreviewSum,
  previewedPartners,
  previewPayoutRun,
} from './preview-run.ts';
import { loadTenantOfRun, pausePayoutRun, resumePayoutRun, runPayouts, runTopic } from './run-payouts.ts';

const RunConnection = connectionOf(PayoutRun);

const SkippedConnection = connectionOf(SkippedPartner);

const PreviewConnection = connectionOf(PreviewedPartner);

const MOST = 1_000;

@ObjectType({ simpleResolvers: true, description: 'Result for one payout of an approved run.' })
class PayoutApproval {
  @Field(() => ID, { description: 'Id of the payout.' })
  payoutId!: string;

  @Field({
    description:
      'APPROVED; FIRST_APPROVAL: a second person must approve the payout; or the reason why the payout was skipped: OWN_PAYOUT, OWN_PARTNER, OWN_ACCOUNT, FORBIDDEN, SECOND_APPROVER_NEEDED, CHANGED, or a change since its creation, e.g. PAYOUTS_HELD.',
  })
  outcome!: string;
}

@ObjectType({ simpleResolvers: true, description: 'Result of `approvePayoutRun`.' })
class PayoutRunApproval {
  @Field(() => Int, { description: 'Number of payouts that this call approved. They are sent now.' })
  approved!: number;

  @Field(() => Int, {
    description: 'Number of payouts that this call gave the first approval. They wait for a second person.',
  })
  firstApproved!: number;

  @Field(() => [PayoutApproval], { description: 'Results per payout, oldest first.' })
  results!: PayoutApproval[];
}

@ObjectType({ simpleResolvers: true, description: 'Result of `cancelPayoutRun`.' })
class PayoutRunCancellation {
  @Field(() => Int, { description: 'Number of canceled payouts. Their commissions are owed again.' })
  canceled!: number;
}

@ObjectType('PayoutRunSummary', { simpleResolvers: true, description: 'Totals of a previewed payout run.' })
class PreviewSummary implements PreviewSum {
  @Field(() => Int, { description: 'Number of payouts that would be created.' })
  payoutCount!: number;

  @Field(() => Int, {
    description:
      'Number of entries that would be skipped. A partner with several balances counts once per skipped balance.',
  })
  skippedCount!: number;

  @Field(() => [MoneyColumn], { description: 'Amounts that would be paid, one per currency.' })
  totals!: MoneyColumn[];
}

@Resolver(() => PayoutRun)
export class PayoutRunResolver {
  @Authorized('payout:make')
  @Query(() => PayoutRun, {
    description:
      'Returns one payout run with its progress. NOT_FOUND when the run does not exist or the caller has no access to it.',
  })
  payoutRun(
    @Arg('id', () => ID, { description: 'Id of the payout run.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun> {
    return findRow(ctx, info, payoutRunTable, id);
  }

  @Authorized('payout:make')
  @Query(() => RunConnection, { description: 'Returns payout runs, newest first.' })
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
      'Creates the payouts of all due partners. A repeated run pays nothing twice. A run that takes longer than 20 seconds continues in a job; `status` shows its progress.',
  })
  async runPayouts(
    @Arg('input', () => RunPayoutsInput, { description: 'The time and the partners of the run.' })
    input: RunPayoutsInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun> {
    return findRow(ctx, info, payoutRunTable, await runPayouts(ctx, input));
  }

  @Authorized('payout:make')
  @Query(() => PayoutRunPreview, {
    description:
      'Returns the result of a payout run without starting it: the payouts, and the skipped partners with reasons. Changes nothing.',
  })
  previewPayoutRun(
    @Arg('input', () => RunPayoutsInput, { description: 'The time and the partners of the run.' })
    input: RunPayoutsInput,
    @Ctx() ctx: Context,
  ): Promise<PayoutRunPreview> {
    return previewPayoutRun(ctx, input);
  }

  @Authorized('payout:make')
  @Mutation(() => PayoutRun, { description: 'Pauses a payout run after the current batch of partners.' })
  async pausePayoutRun(
    @Arg('id', () => ID, { description: 'Id of the payout run.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun> {
    return findRow(ctx, info, payoutRunTable, await pausePayoutRun(ctx, id));
  }

  @Authorized('payout:make')
  @Mutation(() => PayoutRun, { description: 'Resumes a paused payout run.' })
  async resumePayoutRun(
    @Arg('id', () => ID, { description: 'Id of the payout run.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun> {
    return findRow(ctx, info, payoutRunTable, await resumePayoutRun(ctx, id));
  }

  @Authorized('payout:decide')
  @Mutation(() => PayoutRunApproval, {
    description:
      'Approves the PENDING payouts of a run by the rules of `approvePayout`. Payouts with a conflict of interest of the caller are skipped. A payout that requires two approvals receives the first or the second. Repeat the call until no payout waits.',
  })
  approvePayoutRun(
    @Arg('id', () => ID, { description: 'Id of the payout run.' }) id: string,
    @Arg('limit', () => Int, {
      defaultValue: MOST,
      description: `Maximum number of payouts to process, 1 to ${MOST}.`,
    })
    limit: number,
    @Ctx() ctx: Context,
  ): Promise<PayoutRunApproval> {
    if (limit < 1 || limit > MOST) throw invalid('limit', `must be from 1 to ${MOST}`);
    return approvePayoutRun(ctx, id, limit);
  }

  @Authorized('payout:decide')
  @Mutation(() => PayoutRunCancellation, {
    description:
      'Cancels a payout run and its payouts that are not with the rail. CONFLICT with reason NOTHING_TO_CANCEL when the run is DONE and has no such payout.',
  })
  async cancelPayoutRun(
    @Arg('id', () => ID, { description: 'Id of the payout run.' }) id: string,
    @Arg('reason', () => String, { description: 'Reason for the cancellation, 1 to 1000 characters.' })
    reason: string,
    @Ctx() ctx: Context,
  ): Promise<PayoutRunCancellation> {
    return { canceled: await cancelPayoutRun(ctx, id, reason) };
  }

  @Authorized('payout:make')
  @Subscription(() => PayoutRun, {
    description: 'Sends the payout run immediately and after each progress, at most four times a second.',
    subscribe: async ({ args, context }: { args: Record<string, unknown>; context: Context }) => {
      const id = idOf(args['id'] as string);
      await loadTenantOfRun(context, id);
      return changesOf((changed) => context.feed.subscribe(runTopic(id), changed), { id });
    },
  })
  payoutRunProgress(
    @Arg('id', () => ID, { description: 'Id of the payout run.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PayoutRun> {
    return findRow(ctx, info, payoutRunTable, id);
  }

  @FieldResolver(() => [MoneyColumn], { description: "Sums of the run's payouts, one per currency." })
  totals(
    @Root() { id }: PayoutRun,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<MoneyColumn[]> {
    return loadRunTotals(ctx, info, id);
  }

  @FieldResolver(() => [SkippedPartner], {
    description: 'The first 1,000 skipped partners with their reasons. `skippedPartners` has all of them.',
  })
  skipped(
    @Root() { id }: PayoutRun,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<SkippedPartner[]> {
    return loadSkippedPartners(ctx, info, id);
  }

  @FieldResolver(() => SkippedConnection, { description: 'All skipped partners.' })
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
  @FieldResolver(() => PreviewConnection, { description: 'The due partners, newest first.' })
  partners(
    @Root() preview: PayoutRunPreview,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<PreviewedPartner>> {
    return previewedPartners(ctx, info, preview, args);
  }

  @FieldResolver(() => PreviewSummary, {
    description: 'Totals of the run. Selecting this field computes all balances.',
  })
  summary(@Root() preview: PayoutRunPreview, @Ctx() ctx: Context): Promise<PreviewSum> {
    return loadPreviewTotals(ctx, preview);
  }
}

@Resolver(() => PreviewedPartner)
export class PreviewedPartnerResolver {
  @FieldResolver(() => Partner, { description: 'The due partner.' })
  partner(
    @Root() root: PreviewedPartner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Partner | null> | Partner | null {
    return loadOne(ctx, info, partnerTable, root.id, root);
  }

  @FieldResolver(() => [PreviewedPayout], {
    description:
      'The balances of the partner with the payout of each. One entry without an amount when the partner has no balance.',
  })
  payouts(
    @Root() root: PreviewedPartner,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PreviewedPayout[]> {
    return loadPreviewedPayouts(ctx, info, root);
  }
}
