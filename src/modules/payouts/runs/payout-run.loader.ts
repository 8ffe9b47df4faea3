import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, type PageArgs, pageOfEach } from '../../../kernel/data/paging.ts';
import { query, readRowsByKey, scopeOf, select } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { payoutTable } from '../payout/public.ts';
import { type SkippedPartner, skippedPartnerTable } from './payout-run.entity.ts';

/** The sums of each run, one query per request. */
export function loadRunTotals(ctx: Context, info: GraphQLResolveInfo, runId: string): Promise<MoneyColumn[]> {
  return loaderFor<string, MoneyColumn[]>(ctx, info, async (ids) => {
    const rows = await query(
      ctx,
      sql<{ id: string; currency: string; minor: bigint }>`
        select o.run_id as id, o.amount_currency as currency, sum(o.amount_minor)::bigint as minor from payouts o
        where o.run_id = any(${ids}) and ${scopeOf(ctx.actor, payoutTable)}
        group by o.run_id, o.amount_currency order by o.run_id, o.amount_currency`,
    );
    const sums = Map.groupBy(rows, (row) => row.id);
    return ids.map((id) => (sums.get(id) ?? []).map((row) => new MoneyColumn(row)));
  }).load(runId);
}

const SKIPPED = 1_000;

/** The first skipped partners of each run, in the order of the partners. */
export function loadSkippedPartners(
  ctx: Context,
  info: GraphQLResolveInfo,
  runId: string,
): Promise<SkippedPartner[]> {
  return loaderFor<string, SkippedPartner[]>(ctx, info, async (ids) => {
    const selection = select(skippedPartnerTable, info, ctx.actor);
    const lists = await readRowsByKey(
      ctx,
      selection,
      sql`select owner.id, row.* from unnest(${ids}::uuid[]) owner(id) cross join lateral (
          select ${selection.list} from payout_run_skips k
          where k.run_id = owner.id and ${scopeOf(ctx.actor, skippedPartnerTable)} order by k.id limit ${sql.raw(SKIPPED)}) row`,
    );
    return ids.map((id) => lists.get(id) ?? []);
  }).load(runId);
}

export const skippedPage = (
  ctx: Context,
  info: GraphQLResolveInfo,
  runId: string,
  args: PageArgs,
): Promise<Connection<SkippedPartner>> =>
  pageOfEach(ctx, info, { table: () => skippedPartnerTable, tie: sql`k.run_id = owner.id` }, runId, args);
