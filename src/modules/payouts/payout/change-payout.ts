import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, notFound } from '../../../domain/errors.ts';
import { afterPayout } from '../../../domain/payout.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf, reasonOf } from '../../../kernel/request/input.ts';

import { record } from '../../foundation/audit/public.ts';
import { requireNotImportedBy, requireSendable } from './approvals.ts';
import { Payout, payoutTable } from './payout.entity.ts';

export async function lockPayout(em: EntityManager, id: string): Promise<Payout> {
  const payout = await em.findOne(Payout, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!payout) throw notFound('payout');
  return payout;
}

/** Adds the jobs that send payouts, in the caller's transaction. */
export async function enqueueSend(
  em: EntityManager,
  payoutIds: readonly string[],
  delaySeconds = 0,
): Promise<void> {
  await sql`select enqueue_send_payout(id, ${delaySeconds}::float8) from unnest(${payoutIds}::uuid[]) id`.execute(
    em,
  );
}

/** Retries a payout that the rail refused, with a new key. */
export async function retryPayout(ctx: Context, id: string): Promise<string> {
  await authorizeRow(ctx, 'retry', payoutTable, id);
  return transact(ctx, async (em) => {
    const payout = await lockPayout(em, id);
    const status = afterPayout('retry', payout.status);
    if (payout.releasedAt)
      throw conflict(
        'The commissions of this payout were released, so it cannot be retried. Create a new payout.',
        { reason: 'RELEASED' },
      );
    await requireSendable(em, ctx, payout);
    await requireNotImportedBy(em, ctx, payout);
    const { status: failed, failureReason } = payout;
    Object.assign(payout, { status, failureReason: null });
    await enqueueSend(em, [payout.id]);
    record(em, ctx, 'payout.retried', payout, {
      before: { status: failed, failureReason },
      after: { status, failureReason: null, amount: payout.amount },
    });
    return payout.id;
  });
}

/** Cancels a payout that is not with the rail. Its commissions are owed again. */
export async function cancelPayout(ctx: Context, id: string, reason: string): Promise<string> {
  const why = reasonOf(reason);
  await authorizeRow(ctx, 'cancel', payoutTable, id);
  return transact(ctx, async (em) => {
    const payout = await lockPayout(em, id);
    if (payout.status === 'FAILED' && !payout.releasedAt) await requireNotImportedBy(em, ctx, payout);
    const before = { status: payout.status };
    Object.assign(payout, { status: afterPayout('cancel', payout.status), failureReason: why });
    await release(em, ctx, payout);
    const after = { status: payout.status, amount: payout.amount };
    record(em, ctx, 'payout.canceled', payout, { before, after, reason: why });
    return payout.id;
  });
}

/** Releases the commissions of a payout, so that the next payout can pay them. */
export async function release(
  em: EntityManager,
  { clock }: Pick<Context, 'clock'>,
  payout: Payout,
): Promise<void> {
  payout.releasedAt = clock.now();
  await em.flush(); // the database releases commissions only from a finished payout
  await sql`
    update payout_items set voided_at = ${payout.releasedAt} where payout_id = ${payout.id} and voided_at is null
  `.execute(em);
}
