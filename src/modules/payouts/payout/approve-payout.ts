import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict, forbidden } from '../../../domain/errors.ts';
import { afterPayout, type ConflictOfInterest, conflictsOfInterest } from '../../../domain/payout.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { record } from '../../foundation/audit/public.ts';
import { programOf } from '../../programs/program/public.ts';
import { flagForSecondApproval, requireSendable } from './approvals.ts';
import { lockPayout, sendKey } from './change-payout.ts';
import { payoutTable } from './payout.entity.ts';

const mayBeOne = async (em: EntityManager, one: string, other: string): Promise<boolean> =>
  (await sql<{ one: boolean }>`select may_be_one(${one}, ${other}) as one`.execute(em))[0]?.one === true;

/** Approves a payout by another person than its creator; a payout that requires two approvals is approved by the second. The
 *  same transaction enqueues the durable job that sends the payout. */
export async function approvePayout(ctx: Context, id: string): Promise<string> {
  const { actor, clock } = ctx;
  await authorizeRow(ctx, 'approve', payoutTable, id);
  return transact(ctx, async (em) => {
    const payout = await lockPayout(em, id);
    const status = afterPayout('approve', payout.status);
    const [{ interest } = { interest: null }] = await sql<{
      interest: ConflictOfInterest | null;
    }>`select conflict_of_interest(o, ${actor.id}) as interest from payouts o where o.id = ${payout.id}`.execute(
      em,
    );
    if (interest) throw forbidden(conflictsOfInterest[interest], { reason: interest });
    await requireSendable(em, ctx, payout);
    await flagForSecondApproval(em, await programOf(em, payout.tenantId), { payoutId: payout.id });
    const { firstApprovedBy } = payout;
    const [now] = await sql<{
      second: string | null;
    }>`select second_approval as second from payouts where id = ${payout.id}`.execute(em);
    const secondApproval = now?.second ?? null;
    if (secondApproval && !firstApprovedBy) {
      Object.assign(payout, { firstApprovedBy: actor.id, firstApprovedAt: clock.now() });
      record(em, ctx, 'payout.approvedFirst', payout, {
        after: { firstApprovedBy: actor.id, secondApproval, amount: payout.amount },
      });
      return payout.id;
    }
    if (secondApproval && firstApprovedBy && (await mayBeOne(em, firstApprovedBy, actor.id)))
      throw conflict('You already approved this payout, so another person must give the second approval.', {
        reason: 'SECOND_APPROVER_NEEDED',
      });
    const before = { status: payout.status };
    Object.assign(payout, { status, approvedBy: actor.id, approvedAt: clock.now() });
    if (!secondApproval) Object.assign(payout, { firstApprovedBy: null, firstApprovedAt: null });
    await enqueue(em, 'send_payout', { payoutId: payout.id }, { key: sendKey(payout.id) });
    record(em, ctx, 'payout.approved', payout, { before, after: { status, amount: payout.amount } });
    return payout.id;
  });
}
