import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { AppError, conflict, notFound } from '../../../domain/errors.ts';
import type { FraudDecision } from '../../../domain/fraud.ts';
import { authorizeRow, requireAllowed, requireSeen, verdictsOnRows } from '../../../kernel/data/authorize.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, isId, reasonOf } from '../../../kernel/request/input.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';

import { record } from '../../foundation/audit/public.ts';
import { commissionTable } from '../commission/public.ts';
import { endAsFraud, lockForReview, releaseRisk } from './end-review.ts';
import { FraudReview, fraudReviewTable } from './fraud-review.entity.ts';

const ACTIONS = { RELEASED: 'fraud.released', FRAUD: 'fraud.confirmed' } as const;

/** Decides a fraud review once. RELEASED ends the RISK hold; other holds stay open. FRAUD rejects the commission, or
 *  reverses it when it is part of a payout. The person who created the commission cannot decide. Returns the review's id. */
export async function decideReview(
  ctx: Context,
  id: string,
  decision: FraudDecision,
  reason: string,
): Promise<string> {
  const why = reasonOf(reason);
  await requireSeen(ctx, fraudReviewTable, id);
  const lineId = (await loadCommissionIds(ctx, [idOf(id)])).get(idOf(id));
  if (lineId) await authorizeRow(ctx, 'review', commissionTable, lineId);
  const decided = await transact(ctx, async (em) => {
    const done = await decide(em, ctx, { id, lineId }, decision, why);
    record(em, ctx, ACTIONS[decision], done.review, { ...done.change, reason: why });
    return done.review;
  });
  announceMetrics(ctx, decided.partnerId);
  return decided.id;
}

interface Failure {
  readonly id: string;
  readonly reviewId: string;
  readonly code: string;
  readonly message: string;
}

/** Decides several reviews in one transaction. Each review succeeds or fails on its own. */
export async function decideReviews(
  ctx: Context,
  ids: readonly string[],
  decision: FraudDecision,
  reason: string,
): Promise<{ done: string[]; failures: Failure[] }> {
  const why = reasonOf(reason);
  const known = [...new Set(ids.filter(isId).map((id) => id.toLowerCase()))];
  const lines = await loadCommissionIds(ctx, known);
  const verdicts = await verdictsOnRows(ctx, 'review', commissionTable, [...lines.values()]);
  const { done, failures } = await transact(ctx, async (em) => {
    // Lock the partners in the same order as all other code, and then their commissions, to avoid deadlocks.
    await sql`
      select 1 from partners where id in (select partner_id from fraud_reviews where id = any(${known}::uuid[]))
      order by id for no key update`.execute(em);
    const done: Awaited<ReturnType<typeof decide>>[] = [];
    const failures: Failure[] = [];
    for (const id of new Set(ids)) {
      try {
        const lineId = lines.get(idOf(id, 'ids'));
        const verdict = lineId && verdicts.get(lineId);
        if (!verdict) throw notFound('review');
        requireAllowed(ctx, 'review', verdict);
        done.push(await decide(em, ctx, { id, lineId }, decision, why));
        await em.flush();
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        failures.push({ id, reviewId: id, code: error.code, message: error.message });
      }
    }
    for (const [tenantId, reviews] of Map.groupBy(done, ({ review }) => review.tenantId))
      record(
        em,
        ctx,
        ACTIONS[decision],
        { id: null, tenantId },
        {
          after: {
            decision,
            reviews: reviews.map(({ review, change }) => ({ id: review.id, ...change.after })),
          },
          reason: why,
          subjects: reviews.map(({ review }) => review.id),
        },
      );
    return { done: done.map(({ review }) => review), failures };
  });
  for (const partnerId of new Set(done.map((review) => review.partnerId))) announceMetrics(ctx, partnerId);
  return { done: done.map(({ id }) => id), failures };
}

/** Returns the commission ids of the reviews that the actor may read. A blocked sale has no commission. */
async function loadCommissionIds(ctx: Context, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await query(
    ctx,
    sql<{ id: string; lineId: string }>`
      select v.id, v.commission_id as "lineId" from fraud_reviews v where v.id = any(${ids}) and v.commission_id is not null`,
  );
  return new Map(rows.map((row) => [row.id, row.lineId]));
}

interface Named {
  readonly id: string;
  readonly lineId: string | undefined;
}

async function decide(
  em: EntityManager,
  ctx: Context,
  { id, lineId }: Named,
  decision: FraudDecision,
  why: string,
) {
  if (!lineId)
    throw conflict('This sale was blocked and has no commission, so there is nothing to decide.', {
      reason: 'BLOCKED',
    });
  const line = await lockForReview(em, ctx, lineId);
  const review = await em.findOneOrFail(FraudReview, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (review.decision)
    throw conflict(`This review is already decided: ${review.decision}.`, { reason: 'ALREADY_DECIDED' });
  if (decision === 'RELEASED' && !review.holdId)
    throw conflict('This commission has no RISK hold to release.', { reason: 'NOT_HELD' });
  const before = { decision: null, status: line.status as string };
  let refund: string | null = null;
  if (decision === 'RELEASED') await releaseRisk(em, ctx, line, review.holdId as string, why);
  else refund = (await endAsFraud(em, ctx, line, why)).refundId;
  Object.assign(review, { decision, decidedBy: ctx.actor.id, decidedAt: ctx.clock.now(), reason: why });
  await em.flush();
  const after = { decision, status: line.status as string, commission: line.id, ...(refund && { refund }) };
  return { review, change: { before, after } };
}
