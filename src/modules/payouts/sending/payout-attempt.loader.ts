import type { GraphQLResolveInfo } from 'graphql';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { query, Statement, scopeOf } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { payoutTable } from '../payout/public.ts';
import type { PayoutAttempt } from './payout-attempt.entity.ts';

const COLUMNS = {
  payoutId: 'a.payout_id',
  id: 'a.id',
  createdAt: 'a.created_at',
  number: 'a.number',
  status: 'a.status',
  key: 'a.key',
  tries: 'a.tries',
  providerReference: 'a.provider_reference',
  failureCode: 'a.failure_code',
  failureReason: 'a.failure_reason',
  saidBy: 'a.said_by',
  resolvedBy: 'a.resolved_by',
};
const names = Object.keys(COLUMNS);
const list = Object.values(COLUMNS).join(', ');

/** The attempts of all payouts of the request in one query. Row-level security hides them from partners. */
export function attemptsOf(
  ctx: Context,
  info: GraphQLResolveInfo,
  payoutId: string,
): Promise<PayoutAttempt[]> {
  return loaderFor<string, PayoutAttempt[]>(ctx, info, async (ids) => {
    const statement = new Statement()
      .add(
        `select ${list} from payout_attempts a join payouts o on o.id = a.payout_id where a.payout_id = any($)`,
        [...ids],
      )
      .and(scopeOf(ctx.actor, payoutTable))
      .add(' order by a.payout_id, a.number');
    const rows = (await query(ctx, statement)).map(
      (values) => Object.fromEntries(names.map((name, i) => [name, values[i]])) as unknown as PayoutAttempt,
    );
    const byPayout = Map.groupBy(rows, (row) => row.payoutId);
    return ids.map((id) => byPayout.get(id) ?? []);
  }).load(payoutId);
}
