import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, type PageArgs, pageOfEach } from '../../../kernel/data/paging.ts';
import { query, Statement, scopeOf, select } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { payoutTable } from '../payout/public.ts';
import { type SkippedPartner, skippedPartnerTable } from './payout-run.entity.ts';

/** The sums of each run, one query per request. */
export function totalsOfRun(ctx: Context, info: GraphQLResolveInfo, runId: string): Promise<MoneyColumn[]> {
  return loaderFor<string, MoneyColumn[]>(ctx, info, async (ids) => {
    const statement = new Statement()
      .add(
        'select o.run_id, o.amount_currency, sum(o.amount_minor)::bigint from payouts o where o.run_id = any($)',
        ids,
      )
      .and(scopeOf(ctx.actor, payoutTable))
      .add(' group by o.run_id, o.amount_currency order by o.run_id, o.amount_currency');
    const rows = (await query(ctx, statement)) as [string, string, bigint][];
    const sums = Map.groupBy(rows, ([id]) => id);
    return ids.map((id) =>
      (sums.get(id) ?? []).map(([, currency, minor]) => new MoneyColumn({ minor, currency })),
    );
  }).load(runId);
}

const SKIPPED = 1_000;

/** The first skipped partners of each run, in the order of the partners. */
export function skippedOfRun(
  ctx: Context,
  info: GraphQLResolveInfo,
  runId: string,
): Promise<SkippedPartner[]> {
  return loaderFor<string, SkippedPartner[]>(ctx, info, async (ids) => {
    const selection = select(skippedPartnerTable, info, ctx.actor);
    const statement = new Statement()
      .add(`select ${selection.list} from ${skippedPartnerTable.from} where k.run_id = owner.id`)
      .and(scopeOf(ctx.actor, skippedPartnerTable))
      .add(` order by k.id limit ${SKIPPED}`)
      .around('select owner.id, row.* from unnest($::uuid[]) owner(id) cross join lateral (', ') row', [ids]);
    const lists = new Map<string, SkippedPartner[]>(ids.map((id) => [id, []]));
    for (const values of await query(ctx, statement))
      lists.get(values[0] as string)?.push(selection.read(values, 1));
    return ids.map((id) => lists.get(id) ?? []);
  }).load(runId);
}

export const skippedPage = (
  ctx: Context,
  info: GraphQLResolveInfo,
  runId: string,
  args: PageArgs,
): Promise<Connection<SkippedPartner>> =>
  pageOfEach(ctx, info, skippedPartnerTable, 'k.run_id = owner.id', runId, args);
