import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { conflict, forbidden, invalid } from '../../../domain/errors.ts';
import { afterPayout } from '../../../domain/payout.ts';
import { payoutSent } from '../../../domain/posting.ts';
import { authorizeRow } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { post } from '../../foundation/ledger/public.ts';
import { Payout, payoutTable } from '../payout/public.ts';
import { PayoutAttempt } from './payout-attempt.entity.ts';
import type { ResolvePayoutInput } from './payout-attempt.inputs.ts';
import { confirm, fail } from './settle-payout.ts';

/** States the outcome of a payout when the rail cannot return it, or when the bank status contradicts our records. The first person states
 *  the outcome; it takes effect when a second person states the same. */
export async function resolvePayout(
  ctx: Context,
  id: string,
  { outcome, reference, evidence }: ResolvePayoutInput,
): Promise<string> {
  await authorizeRow(ctx, 'decide', payoutTable, id);
  const said = reference?.trim() || null;
  if (outcome === 'PAID' && said === null)
    throw invalid('input.reference', 'is required when the outcome is PAID');
  if (outcome === 'NOT_SENT' && said !== null)
    throw invalid('input.reference', 'must be empty when the outcome is NOT_SENT');
  return transact(ctx, async (em) => {
    const payout = await em.findOneOrFail(Payout, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
    const attempt = await em.findOne(PayoutAttempt, { payoutId: payout.id }, { orderBy: { number: 'desc' } });
    const differs = attempt !== null && (await bankDiffers(em, attempt.key, outcome));
    const failed = payout.status === 'FAILED' && !payout.releasedAt;
    const open = payout.status === 'PROCESSING' && (differs || attempt?.status === 'UNKNOWN');
    if (!attempt || !(open || (failed && differs)))
      throw conflict('The outcome of this payout is known, or the rail was not asked yet.', {
        reason: 'NOT_UNKNOWN',
      });
    const [asked] =
      await sql`select 1 from payout_attempts where id = ${attempt.id} and lease_until >= now()`.execute(em);
    if (asked)
      throw conflict('The rail is being asked about this payout. Try again in a minute.', {
        reason: 'BEING_ASKED',
      });
    const { id: actor } = ctx.actor;
    if (attempt.resolvedBy != null)
      // the outcome was stated before, and the bank contradicted it since
      Object.assign(attempt, {
        saidBy: null,
        saidAt: null,
        saidOutcome: null,
        saidEvidence: null,
        resolvedBy: null,
      });
    if (attempt.saidBy == null || attempt.saidBy === actor) {
      const before = { outcome: attempt.saidOutcome ?? null, reference: attempt.saidReference ?? null };
      Object.assign(attempt, { saidOutcome: outcome, saidReference: said, saidEvidence: evidence });
      Object.assign(attempt, { saidBy: actor, saidAt: ctx.clock.now() });
      const after = { outcome, reference: said, attempt: attempt.number };
      record(em, ctx, 'payout.outcomeSaid', payout, { before, after, reason: evidence });
      return payout.id;
    }
    if (attempt.saidOutcome !== outcome || (attempt.saidReference ?? null) !== said)
      throw forbidden('Another person stated a different outcome. Agree on one outcome and state it again.', {
        reason: 'SAID_OTHERWISE',
      });
    attempt.resolvedBy = actor;
    attempt.leaseToken = attempt.leaseUntil = null; // a worker that still waits for the rail must not settle the attempt
    await closeBankPayment(em, attempt.key, outcome, evidence);
    if (outcome === 'PAID') {
      const paid = failed ? await openAgain(em, ctx, payout, attempt) : attempt;
      paid.providerReference = payout.providerReference = said;
      confirm(em, ctx, payout, paid, evidence);
    } else if (failed)
      record(em, ctx, 'payout.notSent', payout, { after: { attempt: attempt.number }, reason: evidence });
    else await fail(em, ctx, payout, attempt, { code: 'NEVER_SENT', reason: evidence });
    return payout.id;
  });
}

/** True when people may state the outcome of a bank payment: the bank contradicts our records, or the payment is in no file and was not sent. */
async function bankDiffers(
  em: EntityManager,
  key: string,
  outcome: ResolvePayoutInput['outcome'],
): Promise<boolean> {
  const open = await sql`
    select 1 from bank_payments where key = ${key} and (difference is not null or (status = 'WAITING' and ${outcome} = 'NOT_SENT'))
  `.execute(em);
  return open.length > 0;
}

/** Closes the bank payment of the key. A file with the payment that was never downloaded can no longer be downloaded. */
async function closeBankPayment(
  em: EntityManager,
  key: string,
  outcome: ResolvePayoutInput['outcome'],
  evidence: string,
): Promise<void> {
  const [status, code] = outcome === 'PAID' ? ['PAID', null] : ['REJECTED', 'never_sent'];
  await sql`
    with closed as (
      update bank_payments set status = ${status}, code = ${code}, reason = ${evidence}, difference = null
      where key = ${key} and status in ('WAITING', 'IN_FILE', 'ACCEPTED') returning id)
    update bank_file_items i set voided_at = now() from closed, bank_files f
    where i.payment_id = closed.id and i.voided_at is null and f.id = i.file_id and f.downloads = 0
  `.execute(em);
  await sql`update bank_payments set difference = null where key = ${key} and status = 'REJECTED'
  `.execute(em);
}

/** Reopens a failed payout that was paid after all, in a further attempt, so that the ledger has each step. */
async function openAgain(
  em: EntityManager,
  ctx: Context,
  payout: Payout,
  { accountId = null }: PayoutAttempt,
): Promise<PayoutAttempt> {
  payout.status = afterPayout('retry', payout.status);
  await em.flush(); // the database has no transition from FAILED to PROCESSING
  payout.status = afterPayout('send', payout.status);
  payout.attempts += 1;
  payout.failureReason = null;
  const { id: payoutId, tenantId, attempts: number } = payout;
  const attempt = em.create(PayoutAttempt, { tenantId, payoutId, number, key: '', accountId });
  attempt.key = attempt.id.replaceAll('-', '');
  const fact = `payout:${payoutId}:attempt:${number}:sent`;
  post(em, payout, fact, payoutSent(payout.partnerId, payout.amount), ctx.clock.now());
  await em.flush();
  return attempt;
}
