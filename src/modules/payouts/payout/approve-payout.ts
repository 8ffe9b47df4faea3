import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { conflict, forbidden } from '../../../domain/errors.ts';
import { afterPayout, type PayoutHand, payoutHands } from '../../../domain/payout.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { record } from '../../foundation/audit/public.ts';
import { programOf } from '../../programs/program/public.ts';
import { flagForSecondApproval, requireSendable } from './approvals.ts';
import { lockPayout, sendKey } from './change-payout.ts';
import { payoutTable } from './payout.entity.ts';

const mayBeOne = async (em: EntityManager, one: string, other: string): Promise<boolean> =>
  (await em.execute<{ one: boolean }[]>(sql`select may_be_one(${one}, ${other}) as one`))[0]?.one === true;

/** Approved by someone else than its creator, and by a second one where it takes two, a payout is sent by a durable job
 *  of the same transaction. */
export async function approvePayout(ctx: Context, id: string): Promise<string> {
  const { actor, clock } = ctx;
  await authorizeRow(ctx, 'approve', payoutTable, id);
  return transact(ctx, async (em) => {
    const payout = await lockPayout(em, id);
    const status = afterPayout('approve', payout.status);
    const [{ hand } = { hand: null }] = await em.execute<{ hand: PayoutHand | null }[]>(
      sql`select conflict_of_interest(o, ${actor.id}) as hand from payouts o where o.id = ${payout.id}`,
    );
    if (hand) throw forbidden(payoutHands[hand], { reason: hand });
    await requireSendable(em, ctx, payout);
    await flagForSecondApproval(em, await programOf(em, payout.tenantId), { payoutId: payout.id });
    const { firstApprovedBy } = payout;
    const [now] = await em.execute<{ second: string | null }[]>(
      sql`select second_approval as second from payouts where id = ${payout.id}`,
    );
    const secondApproval = now?.second ?? null;
    if (secondApproval && !firstApprovedBy) {
      Object.assign(payout, { firstApprovedBy: actor.id, firstApprovedAt: clock.now() });
      record(em, ctx, 'payout.approvedFirst', payout, {
        after: { firstApprovedBy: actor.id, secondApproval, amount: payout.amount },
      });
      return payout.id;
    }
    if (secondApproval && firstApprovedBy && (await mayBeOne(em, firstApprovedBy, actor.id)))
      throw conflict('you have approved it: another person must do so too', {
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
