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

@Resolver(() => Reconciliation)
export class ReconciliationResolver {
  @Authorized('payout:decide')
  @Query(() => Reconciliation, {
    nullable: true,
    description: "A comparison of a rail's books with ours; NOT_FOUND where the caller may not see it.",
  })
  reconciliation(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Reconciliation> {
    return findRow(ctx, info, reconciliationTable, id);
  }

  @Authorized('payout:decide')
  @Query(() => ReconciliationConnection, { description: 'Comparisons of the books, newest first.' })
  reconciliations(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Reconciliation>> {
    return page(ctx, info, reconciliationTable, args, []);
  }

  @Authorized('payout:decide')
  @Mutation(() => Reconciliation, {
    description: "Compares a rail's books of a period with ours, in the background: ask for it by its id.",
  })
  async startReconciliation(
    @Arg('input', () => StartReconciliationInput, { description: 'Which books.' })
    input: StartReconciliationInput,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Reconciliation> {
    return findRow(ctx, info, reconciliationTable, await startReconciliation(ctx, input));
  }

  @FieldResolver(() => Differences, { description: 'What is not the same on both sides, newest first.' })
  differences(
    @Root() { id }: Reconciliation,
    @Arg('kind', () => DifferenceKind, { nullable: true, description: 'Of this kind only.' })
    kind: DifferenceKind | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<ReconciliationDifference>> {
    const conditions = kind ? [sql`d.kind = ${kind}`] : [];
    return pageOfEach(ctx, info, differenceTable, sql`d.reconciliation_id = owner.id`, id, args, conditions);
  }

  @FieldResolver(() => Int, { description: 'Transfers of the rail that no payout of ours knows of.' })
  missingHere(@Root() { id }: Reconciliation, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return countOf(ctx, info, id, 'MISSING_HERE');
  }

  @FieldResolver(() => Int, { description: 'Payouts that we hold for paid and the rail does not know.' })
  missingThere(@Root() { id }: Reconciliation, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return countOf(ctx, info, id, 'MISSING_THERE');
  }

  @FieldResolver(() => Int, { description: 'Transfers of another amount or currency there.' })
  differentAmounts(@Root() { id }: Reconciliation, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return countOf(ctx, info, id, 'DIFFERENT_AMOUNT');
  }

  @FieldResolver(() => Int, { description: 'Transfers at another point of their way there.' })
  differentStatuses(@Root() { id }: Reconciliation, @Ctx() ctx: Context, @Info() info: GraphQLResolveInfo) {
    return countOf(ctx, info, id, 'DIFFERENT_STATUS');
  }
}

function countOf(ctx: Context, info: GraphQLResolveInfo, id: string, kind: DifferenceKind): Promise<number> {
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
