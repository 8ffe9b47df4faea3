import type { EntityManager } from '@mikro-orm/postgresql';
import { authorize } from '../../../kernel/data/authorize.ts';
import { conditionsOf } from '../../../kernel/data/plan-to-sql.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import { principalOf } from '../../../kernel/request/authority.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { record } from '../../foundation/audit/public.ts';
import { approvePayouts, type ConflictOfInterest, payoutTable } from '../payout/public.ts';

import { loadTenantOfRun } from './run-payouts.ts';

const BATCH = 500;

interface ApprovalResult {
  readonly payoutId: string;
  readonly outcome: string;
}

export interface RunApproval {
  readonly approved: number;
  readonly firstApproved: number;
  readonly results: ApprovalResult[];
}

/** Approves the waiting payouts of a run by the rules of `approvePayout`, oldest first; each batch is one transaction. */
export async function approvePayoutRun(ctx: Context, id: string, limit: number): Promise<RunApproval> {
  const tenantId = await loadTenantOfRun(ctx, id);
  await authorize(ctx, 'decide', { kind: 'payout', id: '(run)', attributes: { tenantId } });
  const waiting = await findWaitingPayouts(ctx, id, limit);
  const results: ApprovalResult[] = [];
  for (let start = 0; start < waiting.length; start += BATCH) {
    const batch = waiting.slice(start, start + BATCH);
    const allowed = batch.filter(({ allowed }) => allowed).map(({ payoutId }) => payoutId);
    const done = await transact(ctx, (em) => approveBatch(em, ctx, { tenantId, runId: id, ids: allowed }));
    for (const { payoutId, allowed, own } of batch)
      results.push({
        payoutId,
        outcome: done.get(payoutId) ?? (allowed ? 'CHANGED' : (own ?? 'FORBIDDEN')),
      });
  }
  const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
  return { approved: count('APPROVED'), firstApproved: count('FIRST_APPROVAL'), results };
}

async function findWaitingPayouts(ctx: Context, runId: string, limit: number) {
  const plan = await ctx.policy.plan(principalOf(ctx.actor), payoutTable.kind, 'approve');
  return query(
    ctx,
    sql<{ payoutId: string; allowed: boolean; own: ConflictOfInterest | null }>`
      select /* payoutRuns.waiting */ o.id as "payoutId", (${sql.and(conditionsOf(plan, payoutTable.attributes))}) is true as allowed,
        nullif(conflict_of_interest(o, ${ctx.actor.id}), 'SECOND_APPROVER_NEEDED') as own
      from payouts o where o.status = 'PENDING' and o.run_id = ${runId} and ${scopeOf(ctx.actor, payoutTable)} order by o.id limit ${limit}`,
  );
}

/** Returns the result of each payout; payouts that are no longer PENDING are left out. */
async function approveBatch(
  em: EntityManager,
  ctx: Context,
  { tenantId, runId, ids }: { tenantId: string; runId: string; ids: readonly string[] },
): Promise<Map<string, string>> {
  const done = await approvePayouts(em, ctx, tenantId, ids);
  const outcomes = Array.from(done, ([id, { outcome }]) => [id, outcome] as const);
  const having = (wanted: string) => outcomes.filter(([, outcome]) => outcome === wanted).map(([id]) => id);
  const approved = having('APPROVED');
  const first = having('FIRST_APPROVAL');
  record(
    em,
    ctx,
    'payouts.approved',
    { id: runId, tenantId },
    { after: { approved: approved.length, firstApproved: first.length }, subjects: [...approved, ...first] },
  );
  return new Map(outcomes);
}
