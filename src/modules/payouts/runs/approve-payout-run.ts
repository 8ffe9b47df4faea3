import type { EntityManager } from '@mikro-orm/postgresql';
import type { ConflictOfInterest } from '../../../domain/payout.ts';

import { authorize } from '../../../kernel/data/authorize.ts';
import { conditionsOf } from '../../../kernel/data/plan-to-sql.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import { principalOf } from '../../../kernel/request/authority.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { record } from '../../foundation/audit/public.ts';
import { programOf } from '../../programs/program/public.ts';
import { flagForSecondApproval, payoutTable, railSupportJson } from '../payout/public.ts';

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
        conflict_of_interest(o, ${ctx.actor.id}) as own
      from payouts o where o.status = 'PENDING' and o.run_id = ${runId} and ${scopeOf(ctx.actor, payoutTable)} order by o.id limit ${limit}`,
  );
}

/** Returns the result of each payout; payouts that are no longer PENDING are left out. */
async function approveBatch(
  em: EntityManager,
  ctx: Context,
  { tenantId, runId, ids }: { tenantId: string; runId: string; ids: readonly string[] },
): Promise<Map<string, string>> {
  const { actor, clock } = ctx;
  const asked = sql`(select value::uuid from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`;
  const locked = await sql<{ partnerId: string }>`
    select partner_id as "partnerId" from payouts where id in ${asked} and status = 'PENDING' order by id for update
  `.execute(em);
  await flagForSecondApproval(em, await programOf(em, tenantId), {
    partnerIds: locked.map(({ partnerId }) => partnerId),
  });
  const done = await sql<{ payoutId: string; outcome: string }>`
    with judged as materialized (
      select o.id, coalesce(
        conflict_of_interest(o, ${actor.id}),
        why_not_sent(o, ${clock.now()}::timestamptz, ${railSupportJson(ctx)}::jsonb),
        case when o.second_approval is null then 'APPROVED' when o.first_approved_by is null then 'FIRST_APPROVAL'
          when may_be_one(o.first_approved_by, ${actor.id}) then 'SECOND_APPROVER_NEEDED' else 'APPROVED' end) as outcome
      from payouts o where o.id in ${asked} and o.status = 'PENDING'),
    moved as (
      update payouts o set status = case j.outcome when 'APPROVED' then 'APPROVED' else o.status end,
        approved_by = case j.outcome when 'APPROVED' then ${actor.id} end, approved_at = case j.outcome when 'APPROVED' then ${clock.now()}::timestamptz end,
        first_approved_by = case when j.outcome = 'FIRST_APPROVAL' then ${actor.id} when o.second_approval is not null then o.first_approved_by end,
        first_approved_at = case when j.outcome = 'FIRST_APPROVAL' then ${clock.now()}::timestamptz when o.second_approval is not null then o.first_approved_at end
      from judged j where j.id = o.id and j.outcome in ('APPROVED', 'FIRST_APPROVAL') returning o.id)
    select j.id as "payoutId", j.outcome from judged j order by j.id`.execute(em);
  const approved = done.filter(({ outcome }) => outcome === 'APPROVED').map(({ payoutId }) => payoutId);
  const first = done.filter(({ outcome }) => outcome === 'FIRST_APPROVAL').map(({ payoutId }) => payoutId);
  await sql`
    select enqueue_job('send_payout', json_build_object('payoutId', value), 'send_payout:' || value, 0)
    from jsonb_array_elements_text(${JSON.stringify(approved)}::jsonb)`.execute(em);
  record(
    em,
    ctx,
    'payouts.approved',
    { id: runId, tenantId },
    { after: { approved: approved.length, firstApproved: first.length }, subjects: [...approved, ...first] },
  );
  return new Map(done.map(({ payoutId, outcome }) => [payoutId, outcome]));
}
