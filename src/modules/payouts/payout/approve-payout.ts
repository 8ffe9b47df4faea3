import type { EntityManager } from '@mikro-orm/postgresql';
import { type DutyReason, refusedBy } from '../../../domain/duties.ts';
import { type AppError, conflict, forbidden } from '../../../domain/errors.ts';
import { afterPayout, type PayoutBlock, payoutBlocks } from '../../../domain/payout.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { record } from '../../foundation/audit/public.ts';
import { programOf } from '../../programs/program/public.ts';
import { flagForSecondApproval } from './approvals.ts';
import { enqueueSend, lockPayout } from './change-payout.ts';
import { railSupportJson } from './pay-balances.ts';
import { payoutTable } from './payout.entity.ts';

/** Why a person must not approve a payout, whatever the role: a duty, or the person gets some of the money. */
export type ConflictOfInterest = DutyReason | 'OWN_PARTNER';
type Refusal = ConflictOfInterest | PayoutBlock;

interface Judged {
  readonly outcome: 'APPROVED' | 'FIRST_APPROVAL' | Refusal;
  readonly secondApproval: string | null;
}

/** Approves a payout by another person than its creator; a payout that requires two approvals is approved by the second. The
 *  same transaction enqueues the durable job that sends the payout. */
export async function approvePayout(ctx: Context, id: string): Promise<string> {
  await authorizeRow(ctx, 'approve', payoutTable, id);
  return transact(ctx, async (em) => {
    const payout = await lockPayout(em, id);
    const status = afterPayout('approve', payout.status);
    const judged = (await approvePayouts(em, ctx, payout.tenantId, [payout.id])).get(payout.id) as Judged;
    const { outcome, secondApproval } = judged;
    const { amount } = payout;
    if (outcome === 'APPROVED')
      record(em, ctx, 'payout.approved', payout, {
        before: { status: payout.status },
        after: { status, amount },
      });
    else if (outcome === 'FIRST_APPROVAL')
      record(em, ctx, 'payout.approvedFirst', payout, {
        after: { firstApprovedBy: ctx.actor.id, secondApproval, amount },
      });
    else throw refusalOf(outcome, payout.firstApprovedBy ? 'SECOND_APPROVAL' : 'APPROVE_PAYOUT');
    return payout.id;
  });
}

function refusalOf(reason: Refusal, act: 'APPROVE_PAYOUT' | 'SECOND_APPROVAL'): AppError {
  if (reason in payoutBlocks) return conflict(payoutBlocks[reason as PayoutBlock], { reason });
  if (reason === 'OWN_PARTNER')
    return forbidden('You belong to the partner of this payout, so another person must approve it.', {
      reason,
    });
  return refusedBy(act, reason as DutyReason);
}

/** Approves payouts of a tenant, however many, and adds the jobs that send them. Returns the outcome by id; payouts that are not
 *  PENDING are missing. The caller records the audit entry. */
export async function approvePayouts(
  em: EntityManager,
  ctx: Context,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, Judged>> {
  const { actor, clock } = ctx;
  const asked = sql`(select value::uuid from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`;
  const locked = await sql<{ id: string }>`
    select id from payouts where id in ${asked} and status = 'PENDING' order by id for update`.execute(em);
  await flagForSecondApproval(em, ctx, await programOf(em, tenantId), {
    payoutIds: locked.map(({ id }) => id),
  });
  const done = await sql<Judged & { id: string }>`
    with judged as materialized (
      select o.id, o.second_approval, coalesce(
        nullif(conflict_of_interest(o, ${actor.id}), 'SECOND_APPROVER_NEEDED'),
        why_not_sent(o, ${clock.now()}::timestamptz, ${railSupportJson(ctx)}::jsonb),
        conflict_of_interest(o, ${actor.id}),
        case when o.second_approval is null or o.first_approved_by is not null then 'APPROVED' else 'FIRST_APPROVAL' end) as outcome
      from payouts o where o.id in ${asked} and o.status = 'PENDING'),
    moved as (
      update payouts o set status = case j.outcome when 'APPROVED' then 'APPROVED' else o.status end,
        approved_by = case j.outcome when 'APPROVED' then ${actor.id} end, approved_at = case j.outcome when 'APPROVED' then ${clock.now()}::timestamptz end,
        first_approved_by = case when j.outcome = 'FIRST_APPROVAL' then ${actor.id} when o.second_approval is not null then o.first_approved_by end,
        first_approved_at = case when j.outcome = 'FIRST_APPROVAL' then ${clock.now()}::timestamptz when o.second_approval is not null then o.first_approved_at end
      from judged j where j.id = o.id and j.outcome in ('APPROVED', 'FIRST_APPROVAL') returning o.id)
    select j.id, j.outcome, j.second_approval as "secondApproval" from judged j order by j.id`.execute(em);
  await enqueueSend(
    em,
    done.filter(({ outcome }) => outcome === 'APPROVED').map(({ id }) => id),
  );
  return new Map(done.map(({ id, ...judged }) => [id, judged]));
}
