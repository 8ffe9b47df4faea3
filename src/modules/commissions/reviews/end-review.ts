import type { EntityManager } from '@mikro-orm/postgresql';
import type { CommissionStatus } from '../../../domain/commission.ts';
import type { Context } from '../../../kernel/request/context.ts';
import {
  type Commission,
  CommissionHold,
  endHold,
  lockCommission,
  reject,
  requireOtherReleaser,
  statusOf,
  takeBack,
} from '../commission/public.ts';

/** Locks and returns the commission with its partner. Throws FORBIDDEN for a person whom a duty keeps from it. */
export async function lockForReview(em: EntityManager, ctx: Context, id: string): Promise<Commission> {
  const line = await lockCommission(em, id, { partnerToo: true });
  await requireOtherReleaser(em, ctx, line);
  return line;
}

/** Releases the hold of a review. Other holds of the commission stay open. */
export async function releaseRisk(
  em: EntityManager,
  ctx: Context,
  line: Commission,
  holdId: string,
  reason: string,
): Promise<void> {
  const hold = await em.findOneOrFail(CommissionHold, holdId);
  await endHold(em, ctx, line, hold, { releaseReason: reason });
}

interface Ended {
  readonly before: CommissionStatus;
  readonly after: CommissionStatus;
  /** Id of the reversal of a commission that is part of a payout. */
  readonly refundId: string | null;
}

/** Rejects the commission of a fraudulent sale, or reverses it when it is part of a payout. */
export async function endAsFraud(
  em: EntityManager,
  ctx: Context,
  line: Commission,
  reason: string,
): Promise<Ended> {
  const before = await statusOf(em, line);
  if (before !== 'ALLOCATED' && before !== 'PAID') {
    await reject(em, ctx, line, reason, 'FRAUD');
    return { before, after: line.status, refundId: null };
  }
  const occurredAt = ctx.clock.now();
  const refund = await takeBack(em, ctx, line, { asked: null, reason: `FRAUD: ${reason}`, occurredAt });
  return { before, after: before, refundId: refund.id };
}
