import { randomUUID } from 'node:crypto';
import { type EntityManager, LockMode, sql } from '@mikro-orm/postgresql';
import { type AttemptStatus, afterPayout, backoffSeconds, MAX_ATTEMPTS } from '../../domain/payout.ts';
import { payoutFailed, payoutReturned, payoutSent, payoutSettled } from '../../domain/posting.ts';
import type { Context } from '../../kernel/context.ts';
import { enqueue } from '../../kernel/jobs.ts';
import { announceMetrics } from '../../kernel/metrics-topic.ts';
import { transact } from '../../kernel/transact.ts';
import { type PayoutRail, RailBusy, type RailOutcome } from '../../ports/payout-rail.ts';
import { record } from '../audit/audit.service.ts';
import { post } from '../ledger/ledger.service.ts';
import { Payout, PayoutAttempt } from './payout.entity.ts';
import { release, sendKey } from './payout.service.ts';

/** A rail that has not answered by then has an unknown outcome; shorter than the lease, so that we hear it first. */
const RAIL_TIMEOUT_MS = 12_000;

interface Claim {
  readonly payout: Payout;
  readonly attempt: PayoutAttempt;
  readonly token: string;
  /** Nothing was sent under the attempt's key yet. */
  readonly fresh: boolean;
}

type Heard = RailOutcome | { readonly status: 'UNKNOWN'; readonly retryAfterSeconds: number | null };

/** Claim, send, settle. Whatever state a crash left is a state that this takes up again: an attempt that may have
 *  reached the rail is looked up by its key, and only the rail's proof that it never saw the key lets it be sent. */
export async function sendPayout(ctx: Context, payoutId: string, leaseSeconds: number): Promise<void> {
  const claimed = await claim(ctx, payoutId, leaseSeconds);
  if (!claimed) return;
  const rail = ctx.rail(claimed.payout.method) as PayoutRail;
  const heard = await ask(ctx, rail, claimed);
  const settled = await settle(ctx, rail, claimed, heard);
  if (settled) announceMetrics(ctx, claimed.payout.partnerId);
}

/** Takes the payout for `leaseSeconds`; null where there is nothing to do or somebody else is at it. */
function claim(ctx: Context, payoutId: string, leaseSeconds: number): Promise<Claim | null> {
  return transact(ctx, async (em) => {
    const payout = await em.findOne(Payout, payoutId, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!payout) return null;
    // Before anything moves: without a rail the payout stays as it is, and the job tries again later.
    if (!ctx.rail(payout.method)) throw new Error(`no rail carries ${payout.method}`);
    const token = randomUUID();
    let fresh = false;
    let attempt = await em.findOne(PayoutAttempt, { payoutId, status: { $ne: 'FAILED' } });
    if (payout.status === 'APPROVED') {
      const before = { status: payout.status, attempts: payout.attempts };
      payout.status = afterPayout('send', payout.status);
      payout.attempts += 1;
      attempt = em.create(PayoutAttempt, {
        tenantId: payout.tenantId,
        payoutId,
        number: payout.attempts,
        key: '',
      });
      attempt.key = attempt.id.replaceAll('-', '');
      post(
        em,
        payout,
        `payout:${payoutId}:attempt:${attempt.number}:sent`,
        payoutSent(payout.partnerId, payout.amount),
        ctx.clock.now(),
      );
      const after = { status: payout.status, attempts: payout.attempts, key: attempt.key };
      record(em, ctx, 'payout.sending', payout, { before, after });
      fresh = true;
    } else if (payout.status !== 'PROCESSING' && payout.status !== 'PAID') return null;
    if (!attempt) throw new Error(`payout ${payoutId} is ${payout.status} without an attempt`);
    await em.flush();
    const [leased] = await em.execute<object[]>(sql`
      update payout_attempts set lease_token = ${token}, lease_until = now() + ${leaseSeconds} * interval '1 second',
        tries = tries + 1
      where id = ${attempt.id} and (lease_until is null or lease_until < now()) returning id`);
    return leased ? { payout, attempt, token, fresh } : null;
  });
}

/** Outside any transaction: the rail's word on the attempt's key. */
async function ask(ctx: Context, rail: PayoutRail, { payout, attempt, fresh }: Claim): Promise<Heard> {
  const { id: payoutId, tenantId, partnerId, method, amount, metadata } = payout;
  const instruction = {
    ...{ key: attempt.key, payoutId, tenantId, partnerId, method, amount, metadata },
    runId: payout.runId ?? null,
    destination: null,
    firstSentAt: attempt.createdAt,
    reference: attempt.providerReference ?? null,
  };
  try {
    const known = fresh ? null : await inTime(rail.lookup(instruction));
    return known ?? (await inTime(rail.send(instruction)));
  } catch (error) {
    ctx.log.warn(
      { payoutId, attempt: attempt.number, error },
      'payout outcome unknown: it will be looked up',
    );
    return {
      status: 'UNKNOWN',
      retryAfterSeconds: error instanceof RailBusy ? error.retryAfterSeconds : null,
    };
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the rail did not answer in time')), RAIL_TIMEOUT_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** Stores what the rail said. A worker that lost its lease changes nothing. True where the payout moved. */
function settle(
  ctx: Context,
  rail: PayoutRail,
  { payout: { id }, token }: Claim,
  heard: Heard,
): Promise<boolean> {
  return transact(ctx, async (em) => {
    const payout = await em.findOneOrFail(Payout, id, { lockMode: LockMode.PESSIMISTIC_WRITE });
    const attempt = await em.findOne(PayoutAttempt, { payoutId: id, leaseToken: token });
    if (!attempt) return false;
    attempt.leaseToken = null;
    attempt.leaseUntil = null;
    const before = payout.status;
    if ('reference' in heard) attempt.providerReference = payout.providerReference = heard.reference;
    switch (heard.status) {
      case 'UNKNOWN':
      case 'ACCEPTED':
        if (before === 'PROCESSING') attempt.status = waiting[heard.status];
        await again(em, id, Math.max(backoffSeconds(attempt.tries, Math.random()), waitOf(heard)));
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
        await giveBack(em, ctx, payout, heard.reason);
    }
    return payout.status !== before;
  });
}

const waitOf = (heard: Heard): number => ('retryAfterSeconds' in heard && heard.retryAfterSeconds) || 0;

const waiting = { UNKNOWN: 'UNKNOWN', ACCEPTED: 'SENT' } as const satisfies Record<string, AttemptStatus>;

function again(em: EntityManager, payoutId: string, delaySeconds: number): Promise<void> {
  return enqueue(em, 'send_payout', { payoutId }, { key: sendKey(payoutId), delaySeconds });
}

function confirm(em: EntityManager, ctx: Context, payout: Payout, attempt: PayoutAttempt): void {
  attempt.status = 'CONFIRMED';
  const before = { status: payout.status };
  payout.status = afterPayout('confirm', payout.status);
  payout.paidAt = ctx.clock.now();
  const fact = `payout:${payout.id}:attempt:${attempt.number}:settled`;
  post(em, payout, fact, payoutSettled(payout.partnerId, payout.amount), ctx.clock.now());
  const after = { status: payout.status, attempt: attempt.number, reference: attempt.providerReference };
  record(em, ctx, 'payout.paid', payout, { before, after });
}

async function fail(
  em: EntityManager,
  ctx: Context,
  payout: Payout,
  attempt: PayoutAttempt,
  { code, reason }: { code: string; reason: string },
): Promise<void> {
  Object.assign(attempt, { status: 'FAILED', failureCode: code, failureReason: reason });
  const before = { status: payout.status };
  payout.status = afterPayout('fail', payout.status);
  payout.failureReason = reason;
  const fact = `payout:${payout.id}:attempt:${attempt.number}:failed`;
  post(em, payout, fact, payoutFailed(payout.partnerId, payout.amount), ctx.clock.now());
  if (payout.attempts >= MAX_ATTEMPTS) await release(em, ctx, payout);
  const after = { status: payout.status, attempt: attempt.number, code, released: payout.releasedAt != null };
  record(em, ctx, 'payout.failed', payout, { before, after, reason });
}

async function giveBack(em: EntityManager, ctx: Context, payout: Payout, reason: string): Promise<void> {
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
  // A partner that was deleted meanwhile is owed again, so it must be seen again.
  await em.execute(
    sql`update partners set deleted_at = null where id = ${payout.partnerId} and deleted_at is not null`,
  );
  record(em, ctx, 'payout.returned', payout, { before, after: { status: payout.status }, reason });
}

/** Payouts that wait for a job which died with its process get a new one; others are left alone. */
export async function resumePayouts({ em }: Pick<Context, 'em'>): Promise<number> {
  const rows = await em.execute<object[]>(sql`
    select enqueue_job('send_payout', json_build_object('payoutId', p.id), 'send_payout:' || p.id, 0)
    from payouts p
    where p.status in ('APPROVED', 'PROCESSING')
      and not exists (select from payout_attempts a where a.payout_id = p.id and a.lease_until >= now())
      and p.updated_at < now() - interval '5 seconds'
      and not job_waits('send_payout:' || p.id)`);
  return rows.length;
}
