import { type EntityManager, LockMode, sql } from '@mikro-orm/postgresql';
import {
  type AttemptStatus,
  afterPayout,
  backoffSeconds,
  MAX_ATTEMPTS,
  refusedWaitSeconds,
} from '../../../domain/payout.ts';
import { payoutFailed, payoutReturned, payoutSettled } from '../../../domain/posting.ts';
import { transactPatiently } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { PayoutRail, RailOutcome } from '../../../ports/payout-rail.ts';
import { record } from '../../foundation/audit/public.ts';
import { post } from '../../foundation/ledger/public.ts';
import { askToCheck } from '../accounts/public.ts';
import { enqueueSend, Payout, release } from '../payout/public.ts';

import { PayoutAttempt } from './payout-attempt.entity.ts';
import type { CallResult } from './rail-circuit-breaker.ts';

/** A payout that one worker has to itself. */
export interface Claim {
  readonly payout: Payout;
  readonly attempt: PayoutAttempt;
  readonly token: string;
  /** Nothing was sent under the attempt's key yet. */
  readonly fresh: boolean;
  /** When the lease ends, by `performance.now()`. */
  readonly until: number;
  /** Of the key, by the database's clock. */
  readonly ageSeconds: number;
}

export interface Unknown {
  readonly status: 'UNKNOWN';
  /** This call moved nothing for sure; an earlier one may have. */
  readonly nothingMoved: boolean;
  readonly retryAfterSeconds: number | null;
  /** How the rail behaved. */
  readonly rail: CallResult;
}

export type Heard = RailOutcome | Unknown;

/** What became of what the rail said. UNFIT: a paid payout can not become that; somebody has to look. */
type Settled = 'MOVED' | 'STAYED' | 'UNKNOWN' | 'UNFIT' | 'BUSY';

/** Stores what the rail said, also when the database comes back only after a moment. A worker that lost its lease changes
 *  nothing: BUSY; so does one that had stored it and did not hear so. */
export function settle(
  ctx: Context,
  rail: PayoutRail,
  { payout: { id }, attempt: { id: attemptId }, token, until }: Claim,
  heard: Heard,
): Promise<Settled> {
  return transactPatiently(ctx, until - performance.now(), async (em) => {
    const payout = await em.findOneOrFail(Payout, id, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const attempt = await em.findOne(PayoutAttempt, { payoutId: id, leaseToken: token });
    if (!attempt) {
      await keepLate(em, ctx, rail, attemptId, token, heard);
      return 'BUSY';
    }
    attempt.leaseToken = null;
    attempt.leaseUntil = null;
    const before = payout.status;
    if ('reference' in heard && before !== 'RETURNED')
      attempt.providerReference = payout.providerReference = heard.reference;
    const notYet = async (status: AttemptStatus) => {
      if (before === 'PROCESSING') attempt.status = status;
      const wait =
        (heard.status === 'UNKNOWN' ? heard.retryAfterSeconds : null) ??
        (heard.status === 'ACCEPTED' ? heard.lookAgainSeconds : null) ??
        0;
      await again(em, id, Math.max(backoffSeconds(attempt.tries, ctx.random()), wait));
    };
    switch (heard.status) {
      case 'ACCEPTED':
        await notYet('SENT');
        payout.actionRequired = heard.actionRequired ?? null;
        break;
      case 'CONFIRMED':
        if (before === 'PROCESSING') {
          confirm(em, ctx, payout, attempt);
          if (rail.recheckSeconds !== null) await again(em, id, rail.recheckSeconds);
        }
        break;
      case 'REFUSED':
        if (before === 'PROCESSING') await fail(em, ctx, payout, attempt, heard);
        break;
      case 'RETURNED':
        if (before === 'PROCESSING') confirm(em, ctx, payout, attempt);
        await giveBack(em, ctx, payout, attempt, heard.reason);
        break;
      case 'UNKNOWN':
        // A paid one stays paid: it is asked again only where the rail could not be heard.
        if (before === 'PROCESSING' || heard.rail !== 'ANSWERED')
          await notYet(heard.nothingMoved ? attempt.status : 'UNKNOWN');
        break;
      default: // an adapter's mistake, or a word that a vendor has only just invented: no proof of anything
        ctx.log.error({ payoutId: id, rail: rail.name }, 'the rail said what nobody knows');
        await notYet('UNKNOWN');
    }
    markUnknown(ctx, payout, attempt);
    if (payout.status !== before) return 'MOVED';
    if (heard.status === 'UNKNOWN') return 'UNKNOWN';
    return before === 'PAID' && heard.status === 'REFUSED' ? 'UNFIT' : 'STAYED';
  });
}

/** A worker that lost its lease may hear that the rail paid what was given up meanwhile, by two people or by another worker:
 *  the payout stays what it is, and a person sees it. */
async function keepLate(
  em: EntityManager,
  ctx: Context,
  rail: PayoutRail,
  attemptId: string,
  token: string,
  heard: Heard,
): Promise<void> {
  if (heard.status !== 'ACCEPTED' && heard.status !== 'CONFIRMED') return;
  const attempt = await em.findOne(PayoutAttempt, { id: attemptId, status: 'FAILED' });
  if (!attempt) return;
  const { payoutId, tenantId, key } = attempt;
  ctx.log.error(
    { payoutId, rail: rail.name },
    'the rail has money under a key that was given up: somebody has to look',
  );
  const note = `The attempt was given up, and the rail then said ${heard.status}.`;
  await em.execute(sql`
    insert into rail_events (id, tenant_id, rail, event_id, type, key, reference, payout_id, state, note, handled_at)
    values (new_id(), ${tenantId}, ${rail.name}, ${`late:${token}`}, 'late answer', ${key}, ${heard.reference}, ${payoutId}, 'PARKED',
      ${note}, now())`);
}

/** Shows on the payout whether its outcome is known. */
function markUnknown({ clock }: Pick<Context, 'clock'>, payout: Payout, attempt: PayoutAttempt): void {
  const unknown = payout.status === 'PROCESSING' && attempt.status === 'UNKNOWN';
  payout.outcomeUnknownSince = unknown ? (payout.outcomeUnknownSince ?? clock.now()) : null;
  if (payout.status !== 'PROCESSING') payout.actionRequired = null;
}

export function again(em: EntityManager, payoutId: string, delaySeconds: number): Promise<void> {
  return enqueueSend(em, [payoutId], delaySeconds);
}

export function confirm(
  em: EntityManager,
  ctx: Context,
  payout: Payout,
  attempt: PayoutAttempt,
  reason: string | null = null,
): void {
  attempt.status = 'CONFIRMED';
  const before = { status: payout.status };
  payout.status = afterPayout('confirm', payout.status);
  payout.paidAt = ctx.clock.now();
  payout.outcomeUnknownSince = payout.actionRequired = null;
  const fact = `payout:${payout.id}:attempt:${attempt.number}:settled`;
  post(em, payout, fact, payoutSettled(payout.partnerId, payout.amount), ctx.clock.now());
  const after = { status: payout.status, attempt: attempt.number, reference: attempt.providerReference };
  record(em, ctx, 'payout.paid', payout, { before, after, reason });
}

type Refusal = Pick<Extract<RailOutcome, { status: 'REFUSED' }>, 'code' | 'reason' | 'passing'>;

/** What passes is tried again by itself under a new key; the rest waits for somebody. After so many attempts the lines go back. */
export async function fail(
  em: EntityManager,
  ctx: Context,
  payout: Payout,
  attempt: PayoutAttempt,
  { code, reason, passing }: Refusal,
): Promise<void> {
  Object.assign(attempt, { status: 'FAILED', failureCode: code, failureReason: reason });
  const before = { status: payout.status };
  payout.status = afterPayout('fail', payout.status);
  payout.failureReason = reason;
  payout.outcomeUnknownSince = payout.actionRequired = null;
  const fact = `payout:${payout.id}:attempt:${attempt.number}:failed`;
  post(em, payout, fact, payoutFailed(payout.partnerId, payout.amount), ctx.clock.now());
  const last = payout.attempts >= MAX_ATTEMPTS;
  if (last) await release(em, ctx, payout);
  else if (passing) {
    await em.flush(); // FAILED first: the database knows no step from PROCESSING to APPROVED
    payout.status = afterPayout('retry', payout.status);
    payout.providerReference = null;
    // What expired was waited for already.
    const wait = code === 'KEY_EXPIRED' ? backoffSeconds : refusedWaitSeconds;
    await again(em, payout.id, wait(payout.attempts, ctx.random()));
  }
  const after = { status: payout.status, attempt: attempt.number, code, released: last };
  record(em, ctx, 'payout.failed', payout, { before, after, reason });
}

async function giveBack(
  em: EntityManager,
  ctx: Context,
  payout: Payout,
  attempt: PayoutAttempt,
  reason: string,
): Promise<void> {
  if (payout.status !== 'PAID') return;
  await em.flush(); // PAID first: the database knows no step from PROCESSING to RETURNED
  const before = { status: payout.status };
  payout.status = afterPayout('return', payout.status);
  payout.failureReason = reason;
  post(
    em,
    payout,
    `payout:${payout.id}:returned`,
    payoutReturned(payout.partnerId, payout.amount),
    ctx.clock.now(),
  );
  await release(em, ctx, payout);
  if (attempt.accountId) await askToCheck(em, attempt.accountId, reason);
  // A partner that was deleted meanwhile is owed again, so it must be seen again.
  await em.execute(
    sql`update partners set deleted_at = null where id = ${payout.partnerId} and deleted_at is not null`,
  );
  record(em, ctx, 'payout.returned', payout, { before, after: { status: payout.status }, reason });
}
