import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  FieldResolver,
  ID,
  Info,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { type Connection, connectionOf, PageArgs, page, pageOfEach } from '../../../kernel/data/paging.ts';
import { findRow, query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Reconciliation, reconciliationTable } from './reconciliation.entity.ts';
import { StartReconciliationInput } from './reconciliation.inputs.ts';
import {
  DifferenceKind,
  differenceTable,
  ReconciliationDifference,
} from './reconciliation-difference.entity.ts';
import { startReconciliation } from './start-reconciliation.ts';

const ReconciliationConnection = connectionOf(Reconciliation);
const Differences = connectionOf(ReconciliationDifference);

const ofReconciliation = {
  table: () => differenceTable,
  tie: sql`d.reconciliation_id = owner.id`,
};

@Resolver(() => Reconciliation)
export class ReconciliationResolver {
  @Authorized('payout:decide')
  @Query(() => Reconciliation, {
    nullable: true,
    description:
      'Returns one reconciliation. NOT_FOUND when the reconciliation does not exist or the caller has no access to it.',
  })
  reconciliation(
    @Arg('id', () => ID, { description: 'Id of the reconciliation.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Reconciliation> {
    return findRow(ctx, info, reconciliationTable, id);
  }

  @Authorized('payout:decide')
  @Query(() => ReconciliationConnection, { description: 'Returns reconciliations, newest first.' })
  reconciliations(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Reconciliation>> {
    return page(ctx, info, reconciliationTable, args, []);
  }

  @Authorized('payout:decide')
  @Mutation(() => Reconciliation, {
    description:
      "Starts a comparison of our payouts with the rail's transfers of a period. The comparison runs in the background; query its progress with `reconciliation`.",
  })
  async startReconciliation(
    @Arg('input', () => StartReconciliationInput, { description: 'The rail and the period.' })
    input: StartReconciliationInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Reconciliation> {
    return findRow(ctx, info, reconciliationTable, await startReconciliation(ctx, input));
  }

  @FieldResolver(() => Differences, { description: 'Differences that were found, newest first.' })
  differences(
    @Root() { id }: Reconciliation,
    @Arg('kind', () => DifferenceKind, { nullable: true, description: 'Only differences of this kind.' })
    kind: DifferenceKind | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<ReconciliationDifference>> {
    const conditions = kind ? [sql`d.kind = ${kind}`] : [];
    return pageOfEach(ctx, info, ofReconciliation, id, args, conditions);
  }

  @FieldResolver(() => Int, { description: 'Number of transfers that match no payout.' })
  missingHere(@Root() { id }: Reconciliation, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadDifferenceCount(ctx, info, id, 'MISSING_HERE');
  }

  @FieldResolver(() => Int, {
    description: 'Number of payouts that are paid in our records and that the rail does not list.',
  })
  missingThere(@Root() { id }: Reconciliation, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadDifferenceCount(ctx, info, id, 'MISSING_THERE');
  }

  @FieldResolver(() => Int, { description: 'Number of transfers whose amount or currency differs.' })
  differentAmounts(@Root() { id }: Reconciliation, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadDifferenceCount(ctx, info, id, 'DIFFERENT_AMOUNT');
  }

  @FieldResolver(() => Int, { description: 'Number of transfers whose status differs.' })
  differentStatuses(@Root() { id }: Reconciliation, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return loadDifferenceCount(ctx, info, id, 'DIFFERENT_STATUS');
  }
}

function loadDifferenceCount(
  ctx: Context,
  info: GraphQLResolveInfo,
  id: string,
  kind: DifferenceKind,
): Promise<number> {
  return loaderFor<string, number>(ctx, info, async (ids) => {
    const rows = await query(
      ctx,
      sql<{ id: string; count: number }>`
        select d.reconciliation_id as id, count(*)::int as count from reconciliation_differences d
        where d.reconciliation_id = any(${ids}) and d.kind = ${kind} and ${scopeOf(ctx.actor, differenceTable)} group by 1`,
    );
    const counts = new Map(rows.map((row) => [row.id, row.count]));
    return ids.map((one) => counts.get(one) ?? 0);
  }).load(id);
}
