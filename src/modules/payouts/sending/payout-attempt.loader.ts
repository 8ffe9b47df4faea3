import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { payoutTable } from '../payout/public.ts';
import type { PayoutAttempt } from './payout-attempt.entity.ts';

/** The attempts of all payouts of the request in one query. Row-level security hides them from partners. */
export function loadAttempts(
  ctx: Context,
  info: GraphQLResolveInfo,
  payoutId: string,
): Promise<PayoutAttempt[]> {
  return loaderFor<string, PayoutAttempt[]>(ctx, info, async (ids) => {
    const rows = await query(
      ctx,
      sql<PayoutAttempt>`
        select a.payout_id as "payoutId", a.id, a.created_at as "createdAt", a.number, a.status, a.key, a.tries,
          a.provider_reference as "providerReference", a.failure_code as "failureCode", a.failure_reason as "failureReason",
          a.said_by as "saidBy", a.resolved_by as "resolvedBy"
        from payout_attempts a join payouts o on o.id = a.payout_id
        where a.payout_id = any(${ids}) and ${scopeOf(ctx.actor, payoutTable)} order by a.payout_id, a.number`,
    );
    const byPayout = Map.groupBy(rows, (row) => row.payoutId);
    return ids.map((id) => byPayout.get(id) ?? []);
  }).load(payoutId);
}
