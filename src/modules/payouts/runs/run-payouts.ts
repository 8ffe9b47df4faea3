import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { invalid, notFound } from '../../../domain/errors.ts';
import { afterRun } from '../../../domain/payout.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { programOf } from '../../programs/program/public.ts';
import { flagForSecondApproval, payBalances, type RunPayoutsInput } from '../payout/public.ts';

import { PayoutRun } from './payout-run.entity.ts';

const BATCH = 500; // partners per transaction
const INLINE_MS = 20_000; // time for the request; a job does the rest
const STALE_SECONDS = 30; // a run without progress is continued by another process
const YEAR_MS = 366 * 86_400_000;

export const runTopic = (runId: string): string => `payout-run:${runId}`;
const runKey = (runId: string): string => `run_payouts:${runId}`;

/** Creates the payouts of all partners whose period ended by `asOf`: one PENDING payout per currency with a payable balance.
 *  Each transaction handles some hundred partners, in the order of their ids. After INLINE_MS a durable job continues, which
 *  also continues after a crash. A second run finds nothing to pay. */
export async function runPayouts(ctx: Context, input: RunPayoutsInput): Promise<string> {
  const { tenantId, asOf, frequency } = dueOf(ctx, input);
  await authorize(ctx, 'make', { kind: 'payout', id: '(run)', attributes: { tenantId } });
  const until = performance.now() + INLINE_MS;
  const run = await transact(ctx, async (em) => {
    const [due] = await sql<{ count: number }>`
      select count(*)::int as count from partners p
      where p.tenant_id = ${tenantId} and p.deleted_at is null and (${frequency}::text is null or p.payout_frequency = ${frequency})
    `.execute(em);
    const run = em.create(PayoutRun, {
      ...{ tenantId, asOf, frequency, createdBy: ctx.actor.id, partnerCount: due?.count ?? 0 },
    });
    await em.flush();
    await payBatch(em, ctx, run);
    if (run.status === 'RUNNING')
      await enqueue(
        em,
        'run_payouts',
        { runId: run.id },
        { key: runKey(run.id), delaySeconds: INLINE_MS / 1_000 },
      );
    return run;
  });
  announce(ctx, run.id);
  let status: PayoutRun['status'] | null = run.status;
  while (status === 'RUNNING' && performance.now() < until) status = await nextBatch(ctx, run.id);
  if (status === 'RUNNING')
    await transact(ctx, (em) => enqueue(em, 'run_payouts', { runId: run.id }, { key: runKey(run.id) }));
  return run.id;
}

export function dueOf(ctx: Context, { asOf: given, frequency }: RunPayoutsInput) {
  const now = ctx.clock.now();
  const asOf = given ?? now;
  if (asOf.getTime() > now.getTime() + YEAR_MS)
    throw invalid('input.asOf', 'must be at most a year in the future');
  return { tenantId: ctx.actor.tenantId ?? '', asOf, frequency: frequency ?? null };
}

/** The durable job: continues until the run is done, paused or canceled. */
export async function continueRun(ctx: Context, runId: string): Promise<void> {
  while ((await nextBatch(ctx, runId)) === 'RUNNING');
}

/** One batch in one transaction. Two processes in the same run alternate by the lock on its row. */
async function nextBatch(ctx: Context, runId: string): Promise<PayoutRun['status'] | null> {
  const status = await transact(ctx, async (em) => {
    const run = await em.findOne(PayoutRun, runId, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (run?.status === 'RUNNING') await payBatch(em, ctx, run);
    return run?.status ?? null;
  });
  announce(ctx, runId);
  return status;
}

function announce({ feed }: Pick<Context, 'feed'>, runId: string): void {
  feed.publish(runTopic(runId));
}

async function payBatch(em: EntityManager, ctx: Context, run: PayoutRun): Promise<void> {
  const { tenantId, asOf, createdBy } = run;
  const frequency = run.frequency ?? null;
  const cursor = run.cursorId ?? null;
  // The same lock as in createPayout, so that the commissions of other payouts are visible afterwards.
  const partners = await sql<{ id: string }>`
    select p.id from partners p
    where p.tenant_id = ${tenantId} and p.deleted_at is null and (${frequency}::text is null or p.payout_frequency = ${frequency})
      and (${cursor}::uuid is null or p.id > ${cursor})
    order by p.id limit ${BATCH} for no key update`.execute(em);
  const partnerIds = partners.map(({ id }) => id);
  const due = { tenantId, partnerIds, asOf, days: null, currency: null, method: null };
  const making = { runId: run.id, createdBy, initiatedBy: createdBy, metadata: {} };
  const balances = partnerIds.length ? await payBalances(em, ctx, due, making) : [];
  const made = balances.filter(({ reason }) => reason === null);
  await flagForSecondApproval(em, ctx, await programOf(em, tenantId), {
    partnerIds: made.map(({ partnerId }) => partnerId),
  });
  const first = run.partnersDone === 0;
  run.cursorId = partnerIds.at(-1) ?? cursor;
  run.partnersDone += partnerIds.length;
  run.payoutCount += made.length;
  run.skippedCount += balances.length - made.length;
  if (partnerIds.length < BATCH) Object.assign(run, { status: 'DONE', finishedAt: ctx.clock.now() });
  if (first || made.length)
    record(em, ctx, 'payouts.run', run, {
      after: { asOf, frequency, payouts: made.length, skipped: balances.length - made.length },
      subjects: made.map(({ payoutId }) => payoutId),
    });
}

export async function lockRun(em: EntityManager, id: string): Promise<PayoutRun> {
  const run = await em.findOne(PayoutRun, idOf(id), { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!run) throw notFound('payout run');
  return run;
}

/** Stops after the current batch. */
export async function pausePayoutRun(ctx: Context, id: string): Promise<string> {
  return move(ctx, id, 'pause');
}

export async function resumePayoutRun(ctx: Context, id: string): Promise<string> {
  return move(ctx, id, 'resume');
}

async function move(ctx: Context, id: string, action: 'pause' | 'resume'): Promise<string> {
  await authorize(ctx, 'make', {
    kind: 'payout',
    id: '(run)',
    attributes: { tenantId: await loadTenantOfRun(ctx, id) },
  });
  await transact(ctx, async (em) => {
    const run = await lockRun(em, id);
    const before = { status: run.status };
    run.status = afterRun(action, run.status);
    if (run.status === 'RUNNING')
      await enqueue(em, 'run_payouts', { runId: run.id }, { key: runKey(run.id) });
    record(em, ctx, `payouts.${action}d`, run, { before, after: { status: run.status } });
  });
  announce(ctx, id);
  return id;
}

/** The tenant of a run. A run of another tenant gives the same error as one that does not exist. */
export async function loadTenantOfRun({ em }: Context, id: string): Promise<string> {
  const run = await em.fork().findOne(PayoutRun, idOf(id));
  if (!run) throw notFound('payout run');
  return run.tenantId;
}

/** Creates new jobs for runs whose process died. A run that is only slow is protected by the lock on its row. */
export async function resumeRuns({ em }: Pick<Context, 'em'>): Promise<number> {
  const rows = await sql`
    select enqueue_job('run_payouts', json_build_object('runId', r.id), 'run_payouts:' || r.id, 0)
    from payout_runs r
    where r.status = 'RUNNING' and r.updated_at < now() - ${STALE_SECONDS} * interval '1 second'
      and not job_waits('run_payouts:' || r.id)`.execute(em);
  return rows.length;
}
