import { type EntityManager, LockMode, sql } from '@mikro-orm/postgresql';
import { conflict, forbidden, invalid } from '../../domain/errors.ts';
import { authorizeRow } from '../../kernel/authorize.ts';
import type { Context } from '../../kernel/context.ts';
import { idOf } from '../../kernel/ids.ts';
import { requireFreshSignIn } from '../../kernel/permission.ts';
import { transact } from '../../kernel/transact.ts';
import { record } from '../audit/audit.service.ts';
import { Payout, payoutTable } from './payout.entity.ts';
import { PayoutAttempt } from './payout-attempt.entity.ts';
import type { ResolvePayoutInput } from './payout-attempt.inputs.ts';
import { confirm, fail } from './settle-payout.ts';

/** What became of a payout whose outcome the rail can not tell, or of whose payment the bank says what contradicts us, by the word of two people who looked: the first says it, the
 *  second says the same, and then it counts. */
export async function resolvePayout(
  ctx: Context,
  id: string,
  { outcome, reference, evidence }: ResolvePayoutInput,
): Promise<string> {
  requireFreshSignIn(ctx.actor);
  await authorizeRow(ctx, 'decide', payoutTable, id);
  const said = reference?.trim() || null;
  if (outcome === 'PAID' && said === null)
    throw invalid('input.reference', 'is needed of a payout that was paid');
  if (outcome === 'NOT_SENT' && said !== null)
    throw invalid('input.reference', 'is not for one that was never sent');
  return transact(ctx, async (em) => {
    const payout = await em.findOneOrFail(Payout, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
    const attempt = await em.findOne(PayoutAttempt, {
      payoutId: payout.id,
      status: { $in: ['UNKNOWN', 'SENT'] },
    });
    const open = attempt && (attempt.status === 'UNKNOWN' || (await bankDiffers(em, attempt.key)));
    if (payout.status !== 'PROCESSING' || !open)
      throw conflict('its outcome is known, or the rail was not asked yet', { reason: 'NOT_UNKNOWN' });
    const [asked] = await em.execute<object[]>(
      sql`select 1 from payout_attempts where id = ${attempt.id} and lease_until >= now()`,
    );
    if (asked)
      throw conflict('the rail is being asked about it: try again in a minute', { reason: 'BEING_ASKED' });
    const { id: actor } = ctx.actor;
    if (attempt.saidBy == null || attempt.saidBy === actor) {
      const before = { outcome: attempt.saidOutcome ?? null, reference: attempt.saidReference ?? null };
      Object.assign(attempt, { saidOutcome: outcome, saidReference: said, saidEvidence: evidence });
      Object.assign(attempt, { saidBy: actor, saidAt: ctx.clock.now() });
      const after = { outcome, reference: said, attempt: attempt.number };
      record(em, ctx, 'payout.outcomeSaid', payout, { before, after, reason: evidence });
      return payout.id;
    }
    if (attempt.saidOutcome !== outcome || (attempt.saidReference ?? null) !== said)
      throw forbidden('somebody said otherwise: settle it between you', { reason: 'SAID_OTHERWISE' });
    attempt.resolvedBy = actor;
    attempt.leaseToken = attempt.leaseUntil = null; // who still waits for the rail settles nothing by it
    await closeBankPayment(em, attempt.key, outcome, evidence);
    if (outcome === 'PAID') {
      attempt.providerReference = payout.providerReference = said;
      confirm(em, ctx, payout, attempt, evidence);
    } else await fail(em, ctx, payout, attempt, { code: 'NEVER_SENT', reason: evidence });
    return payout.id;
  });
}

async function bankDiffers(em: EntityManager, key: string): Promise<boolean> {
  const differs = await em.execute<object[]>(
    sql`select 1 from bank_payments where key = ${key} and difference is not null`,
  );
  return differs.length > 0;
}

/** The payment of the key ends where the payout does. A file with it that nobody has is not handed out any more. */
async function closeBankPayment(
  em: EntityManager,
  key: string,
  outcome: ResolvePayoutInput['outcome'],
  evidence: string,
): Promise<void> {
  const [status, code] = outcome === 'PAID' ? ['PAID', null] : ['REJECTED', 'never_sent'];
  await em.execute(sql`
    with closed as (
      update bank_payments set status = ${status}, code = ${code}, reason = ${evidence}, difference = null
      where key = ${key} and status in ('WAITING', 'IN_FILE', 'ACCEPTED') returning id)
    update bank_file_items i set voided_at = now() from closed, bank_files f
    where i.payment_id = closed.id and i.voided_at is null and f.id = i.file_id and f.downloads = 0`);
}
