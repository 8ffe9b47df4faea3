import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import {
  type AttemptStatus,
  afterPayout,
  backoffSeconds,
  MAX_ATTEMPTS,
  refusedWaitSeconds,
} from '../../../domain/payout.ts';
import { payoutFailed, payoutReturned, payoutSettled } from '../../../domain/posting.ts';
import { withStorableTexts } from '../../../domain/storable.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transactPatiently } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import type { PayoutRail, RailOutcome } from '../../../ports/payout-rail.ts';
import { record } from '../../foundation/audit/public.ts';
import { post } from '../../foundation/ledger/public.ts';
import { askToCheck } from '../accounts/public.ts';
import { enqueueSend, Payout, release } from '../payout/public.ts';

import { PayoutAttempt } from './payout-attempt.entity.ts';
import type { CallResult } from './rail-circuit-breaker.ts';

/** A payout that one worker has leased. */
export interface LeasedPayout {
  readonly payout: Payout;
  readonly attempt: PayoutAttempt;
  readonly token: string;
  /** True when the attempt's key was not sent yet. */
  readonly fresh: boolean;
  /** End of the lease, by `performance.now()`. */
  readonly until: number;
  /** Age of the key, by the database's clock. */
  readonly ageSeconds: number;
}

export interface UnknownOutcome {
  readonly status: 'UNKNOWN';
  /** True when this call certainly moved no money; an earlier call may have. */
  readonly nothingMoved: boolean;
  readonly retryAfterSeconds: number | null;
  /** Result of the call, for the circuit breaker. */
  readonly rail: CallResult;
}

export type AttemptOutcome = RailOutcome | UnknownOutcome;

/** Result of a settlement. UNFIT: a paid payout cannot take the reported status; a person must check it. */
type Settled = 'MOVED' | 'STAYED' | 'UNKNOWN' | 'UNFIT' | 'BUSY';

/** Stores the rail's answer, also when the database is away for a moment. A worker that lost its lease changes
 *  nothing and returns BUSY; so does a worker whose earlier commit succeeded without confirmation. */
export function settle(
  ctx: Context,
  rail: PayoutRail,
  { payout: { id }, attempt: { id: attemptId }, token, until }: LeasedPayout,
  told: AttemptOutcome,
): Promise<Settled> {
  const outcome = withStorableTexts(told);
  return transactPatiently(ctx, until - performance.now(), async (em) => {
    const payout = await em.findOneOrFail(Payout, id, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const attempt = await em.findOne(PayoutAttempt, { payoutId: id, leaseToken: token });
    if (!attempt) {
      await keepLate(em, ctx, rail, attemptId, token, outcome);
      return 'BUSY';
    }
    attempt.leaseToken = null;
    attempt.leaseUntil = null;
    const before = payout.status;
    if ('reference' in outcome && before !== 'RETURNED')
      attempt.providerReference = payout.providerReference = outcome.reference;
    const notYet = async (status: AttemptStatus) => {
      if (before === 'PROCESSING') attempt.status = status;
      const wait =
        (outcome.status === 'UNKNOWN' ? outcome.retryAfterSeconds : null) ??
        (outcome.status === 'ACCEPTED' ? outcome.lookAgainSeconds : null) ??
        0;
      await again(em, id, Math.max(backoffSeconds(attempt.tries, ctx.random()), wait));
    };
    switch (outcome.status) {
      case 'ACCEPTED':
        await notYet('SENT');
        payout.actionRequired = outcome.actionRequired ?? null;
        break;
      case 'CONFIRMED':
        if (before === 'PROCESSING') {
          confirm(em, ctx, payout, attempt);
          if (rail.recheckSeconds !== null) await again(em, id, rail.recheckSeconds);
        }
        break;
      case 'REFUSED':
        if (before === 'PROCESSING') await fail(em, ctx, payout, attempt, outcome);
        break;
      case 'RETURNED':
        if (before === 'PROCESSING') confirm(em, ctx, payout, attempt);
        await giveBack(em, ctx, payout, attempt, outcome.reason);
        break;
      case 'UNKNOWN':
        // A paid payout stays paid; the rail is asked again only when it did not answer.
        if (before === 'PROCESSING' || outcome.rail !== 'ANSWERED')
          await notYet(outcome.nothingMoved ? attempt.status : 'UNKNOWN');
        break;
      default: // a bug of an adapter or a new status of a vendor: proves nothing
        ctx.log.error({ payoutId: id, rail: rail.name }, 'unrecognised status from the payment rail');
        await notYet('UNKNOWN');
    }
    markUnknown(ctx, payout, attempt);
    if (payout.status !== before) return 'MOVED';
    if (outcome.status === 'UNKNOWN') return 'UNKNOWN';
    return before === 'PAID' && outcome.status === 'REFUSED' ? 'UNFIT' : 'STAYED';
  });
}

/** A worker that lost its lease may learn that the rail paid an attempt that two people or another worker gave up in the meantime:
 *  the payout does not change, and a parked event informs a person. */
async function keepLate(
  em: EntityManager,
  ctx: Context,
  rail: PayoutRail,
  attemptId: string,
  token: string,
  outcome: AttemptOutcome,
): Promise<void> {
  if (outcome.status !== 'ACCEPTED' && outcome.status !== 'CONFIRMED') return;
  const attempt = await em.findOne(PayoutAttempt, { id: attemptId, status: 'FAILED' });
  if (!attempt) return;
  const { payoutId, tenantId, key } = attempt;
  ctx.log.error(
    { payoutId, rail: rail.name },
    'the rail moved money with a key that was given up: a person must check the payout',
  );
  const note = `The attempt was given up, and the rail then reported ${outcome.status}.`;
  await sql`
    insert into rail_events (id, tenant_id, rail, event_id, type, key, reference, payout_id, state, note, handled_at)
    values (new_id(), ${tenantId}, ${rail.name}, ${`late:${token}`}, 'late answer', ${key}, ${outcome.reference}, ${payoutId}, 'PARKED',
      ${note}, now())`.execute(em);
}

/** Stores on the payout whether its outcome is known. */
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

/** A temporary refusal is retried automatically with a new key; other refusals wait for a person. After MAX_ATTEMPTS the commissions are released. */
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
    await em.flush(); // FAILED first: the database has no transition from PROCESSING to APPROVED
    payout.status = afterPayout('retry', payout.status);
    payout.providerReference = null;
    // An expired key has already waited.
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
  await em.flush(); // PAID first: the database has no transition from PROCESSING to RETURNED
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
  // The amount is owed again, so a partner that was deleted in the meantime is restored.
  await sql`update partners set deleted_at = null where id = ${payout.partnerId} and deleted_at is not null
  `.execute(em);
  record(em, ctx, 'payout.returned', payout, { before, after: { status: payout.status }, reason });
}
