import { randomUUID } from 'node:crypto';
import { LockMode } from '@mikro-orm/postgresql';
import { afterNoTrace, afterPayout, keptBack, type PayoutMethod } from '../../../domain/payout.ts';
import { payoutSent } from '../../../domain/posting.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact, transactPatiently } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import {
  type PayoutInstruction,
  type PayoutRail,
  RailBusy,
  type RailOutcome,
} from '../../../ports/payout-rail.ts';
import { record } from '../../foundation/audit/public.ts';
import { post } from '../../foundation/ledger/public.ts';
import { accountToPay, loadDestination } from '../accounts/public.ts';
import { Payout, whyNotSent } from '../payout/public.ts';

import { PayoutAttempt } from './payout-attempt.entity.ts';
import { type CallResult, circuitBreakerOf } from './rail-circuit-breaker.ts';
import {
  type AttemptOutcome,
  again,
  type LeasedPayout,
  settle,
  type UnknownOutcome,
} from './settle-payout.ts';

/** After this time without a response the outcome is unknown. Shorter than the lease, so that the timeout comes first. */
const RAIL_TIMEOUT_MS = 12_000;
const DATABASE_AWAY_MS = 10_000;

/** Interval for checking a waiting payout again. The release of a hold starts its job immediately. */
const KEPT_BACK_SECONDS = 600;
const LEASED_SECONDS = 2;

/** Result of one job. BUSY: the circuit breaker is open, or another worker has the payout. UNFIT: the rail reports a status that the
 *  payout cannot take. */
type Attended = 'MOVED' | 'STAYED' | 'UNKNOWN' | 'UNFIT' | 'BUSY' | 'NOTHING_TO_DO';

/** LeasedPayout, send, settle. It continues from any state that a crash left: the rail is asked by key about an attempt that may have
 *  reached it, and the attempt is sent again only when the rail proves that it never received the key. */
export async function sendPayout(ctx: Context, payoutId: string, leaseSeconds: number): Promise<Attended> {
  const [row] = await query(
    ctx,
    sql<{ method: PayoutMethod }>`select method from payouts where id = ${payoutId}`,
  );
  if (!row) return 'NOTHING_TO_DO';
  const rail = ctx.rail(row.method);
  // Checked first: without a rail the payout does not change, and the job is retried later.
  if (!rail) throw new Error(`no payment rail is configured for ${row.method}`);
  const breaker = circuitBreakerOf(rail, ctx);
  const wait = await breaker.enter();
  if (wait !== null) {
    await transact(ctx, (em) => again(em, payoutId, wait));
    return 'BUSY';
  }
  let result: CallResult = 'NOT_ASKED';
  try {
    const claimed = await claim(ctx, payoutId, leaseSeconds);
    if (typeof claimed === 'string') return claimed;
    const outcome = await ask(ctx, rail, claimed);
    result = outcome.status === 'UNKNOWN' ? outcome.rail : 'ANSWERED';
    if (outcome.status === 'UNKNOWN' && outcome.rail === 'FAILED' && outcome.retryAfterSeconds !== null)
      breaker.openFor(outcome.retryAfterSeconds);
    const settled = await settle(ctx, rail, claimed, outcome);
    if (settled === 'MOVED') announceMetrics(ctx, claimed.payout.partnerId);
    return settled;
  } finally {
    breaker.leave(result);
  }
}

/** Returns the rail status of a key of a payout, in any status of ours; null: the rail has no trace of it. Throws RailBusy while the
 *  circuit breaker is open. */
export async function lookUpKey(ctx: Context, payoutId: string, key: string): Promise<RailOutcome | null> {
  const found = await transact(ctx, async (em) => ({
    payout: await em.findOneOrFail(Payout, payoutId),
    attempt: await em.findOneOrFail(PayoutAttempt, { payoutId, key }),
  }));
  const rail = ctx.rail(found.payout.method);
  if (!rail) throw new Error(`no payment rail is configured for ${found.payout.method}`);
  const instruction = await loadInstruction(ctx, { ...found, fresh: false });
  const breaker = circuitBreakerOf(rail, ctx);
  const wait = await breaker.enter();
  if (wait !== null) throw new RailBusy('the circuit breaker of the rail is open', wait);
  let result: CallResult = 'FAILED';
  try {
    const outcome = await inTime(rail.lookup(instruction));
    result = 'ANSWERED';
    return outcome;
  } finally {
    breaker.leave(result);
  }
}

/** Leases the payout for `leaseSeconds`, by the database's clock. */
function claim(
  ctx: Context,
  payoutId: string,
  leaseSeconds: number,
): Promise<LeasedPayout | 'BUSY' | 'NOTHING_TO_DO'> {
  const token = randomUUID();
  return transactPatiently(ctx, DATABASE_AWAY_MS, async (em) => {
    const payout = await em.findOne(Payout, payoutId, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!payout) return 'NOTHING_TO_DO';
    let fresh = false;
    let attempt = await em.findOne(PayoutAttempt, { payoutId, status: { $ne: 'FAILED' } });
    if (payout.status === 'APPROVED') {
      // The approval may be days old, so changes of the partner since then are checked.
      const waits = keptBack(await whyNotSent(em, ctx, payout));
      payout.actionRequired = waits;
      if (waits) {
        await again(em, payoutId, KEPT_BACK_SECONDS);
        return 'BUSY';
      }
      const before = { status: payout.status, attempts: payout.attempts };
      payout.status = afterPayout('send', payout.status);
      payout.attempts += 1;
      attempt = em.create(PayoutAttempt, {
        tenantId: payout.tenantId,
        payoutId,
        number: payout.attempts,
        key: '',
        accountId: await accountToPay(em, {
          ...payout,
          currency: payout.amount.currency,
          accountId: payout.payoutAccountId ?? null,
        }),
      });
      attempt.key = attempt.id.replaceAll('-', '');
      const fact = `payout:${payoutId}:attempt:${attempt.number}:sent`;
      post(em, payout, fact, payoutSent(payout.partnerId, payout.amount), ctx.clock.now());
      const after = { status: payout.status, attempts: payout.attempts, key: attempt.key };
      record(em, ctx, 'payout.sending', payout, { before, after });
      fresh = true;
    } else if (payout.status !== 'PROCESSING' && payout.status !== 'PAID') return 'NOTHING_TO_DO';
    if (!attempt) throw new Error(`payout ${payoutId} is ${payout.status} without an attempt`);
    await em.flush();
    const [leased] = await sql<{ age: number }>`
      update payout_attempts set lease_token = ${token}, lease_until = now() + ${leaseSeconds} * interval '1 second',
        tries = tries + 1
      where id = ${attempt.id} and (lease_until is null or lease_until < now() or lease_token = ${token})
      returning extract(epoch from now() - created_at)::float8 as age`.execute(em);
    if (!leased) {
      await again(em, payoutId, LEASED_SECONDS); // that worker may have asked the rail before the news that started this job
      return 'BUSY';
    }
    const until = performance.now() + leaseSeconds * 1_000;
    return { payout, attempt, token, fresh, until, ageSeconds: leased.age };
  });
}

const refusedWithoutAccount = {
  status: 'REFUSED',
  code: 'NO_ACCOUNT',
  reason:
    'There is no payout account for the method and currency. Set an account, or confirm the account after a returned payment.',
} as const;

/** Returns the rail status of the attempt's key. Called outside any transaction. An answer that proves nothing is UNKNOWN. */
async function ask(ctx: Context, rail: PayoutRail, claimed: LeasedPayout): Promise<AttemptOutcome> {
  const { payout, attempt, fresh, until, ageSeconds } = claimed;
  const about = { payoutId: payout.id, attempt: attempt.number, rail: rail.name };
  let asked = false;
  const unknown = (result: CallResult, more: Partial<UnknownOutcome> = {}): UnknownOutcome => ({
    ...{ status: 'UNKNOWN', rail: result, nothingMoved: false, retryAfterSeconds: null },
    ...more,
  });
  try {
    const instruction = await loadInstruction(ctx, claimed);
    if (!fresh) {
      asked = true;
      const known = await inTime(rail.lookup(instruction));
      if (known) return known;
      const step = afterNoTrace({
        ageSeconds: ageSeconds + RAIL_TIMEOUT_MS / 1_000, // a call that starts now must also end within the lifetime
        lifetimeSeconds: rail.keyLifetimeSeconds,
        settleSeconds: rail.settleSeconds,
        acknowledged: attempt.providerReference != null || attempt.status === 'CONFIRMED',
      });
      if (step === 'NEW_KEY')
        return {
          status: 'REFUSED',
          code: 'KEY_EXPIRED',
          reason: 'The rail never received the payout. The payout is sent again with a new key.',
          passing: true,
        };
      if (step === 'ASK_A_PERSON')
        ctx.log.error(
          about,
          'the rail has no trace of a payout that it acknowledged: a person must check the payout',
        );
      if (step !== 'SEND') return unknown('ANSWERED');
    }
    if (rail.needsAccount && !instruction.destination)
      return fresh ? refusedWithoutAccount : unknown('NOT_ASKED');
    if (performance.now() > until) return unknown('NOT_ASKED'); // another worker may have the payout by now
    asked = true;
    return await inTime(rail.send(instruction));
  } catch (error) {
    if (error instanceof RailBusy) {
      const { retryAfterSeconds, ofKey } = error;
      if (ofKey) {
        ctx.log.warn(
          { ...about, error },
          'the rail refuses a key that it may have received: the payout waits',
        );
        return unknown('ANSWERED', { retryAfterSeconds });
      }
      ctx.log.warn({ ...about, error }, 'the rail is busy: no money moved');
      return unknown('FAILED', { nothingMoved: true, retryAfterSeconds });
    }
    ctx.log.warn({ ...about, error }, 'payout outcome unknown: the rail will be asked again');
    const lifetime = rail.keyLifetimeSeconds;
    if (asked && lifetime !== null && ageSeconds >= lifetime)
      ctx.log.error(about, 'the key has expired and the rail does not return the outcome: see resolvePayout');
    return unknown(asked ? 'FAILED' : 'NOT_ASKED');
  }
}

async function loadInstruction(
  ctx: Context,
  { payout, attempt, fresh }: Pick<LeasedPayout, 'payout' | 'attempt' | 'fresh'>,
): Promise<PayoutInstruction> {
  const { id: payoutId, tenantId, partnerId, method, amount, metadata } = payout;
  return {
    ...{ key: attempt.key, payoutId, tenantId, partnerId, method, amount, metadata },
    runId: payout.runId ?? null,
    destination: attempt.accountId ? await loadDestination(ctx, attempt.accountId) : null,
    firstSentAt: attempt.createdAt,
    resent: !fresh,
    reference: attempt.providerReference ?? null,
  };
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the rail did not answer in time')), RAIL_TIMEOUT_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
