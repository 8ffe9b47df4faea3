import { randomUUID } from 'node:crypto';
import type { TaskList } from 'graphile-worker';
import type { Pool } from 'pg';
import { startRunner } from './job-runner.ts';
import { BoundPool } from './kernel/data/bound-pool.ts';
import type { Jobs } from './kernel/data/jobs.ts';
import { system } from './kernel/request/actor.ts';
import { type Context, contextFor, type Services } from './kernel/request/context.ts';
import { mailOwnerChange } from './modules/access/members/mail-owner-change.ts';
import { sendInvitation } from './modules/access/members/send-invitation.ts';
import { autoApprove } from './modules/commissions/commission/approve-many.ts';
import { rateLines } from './modules/commissions/sales/rate-lines.ts';
import { runSimulation } from './modules/commissions/simulations/run-simulation.ts';
import { linkAudit, sealAudit } from './modules/foundation/audit/seal-audit.ts';
import { rotateKeys } from './modules/foundation/data-keys/rotate-keys.ts';
import { checkLogo } from './modules/partners/partner/check-logo.ts';
import { payeeChanged } from './modules/payouts/accounts/onboarding.ts';
import { hearRail, resumeEvents } from './modules/payouts/rail-events/receive-rail-event.ts';
import {
  reconcile,
  reconcileAll,
  resumeReconciliations,
} from './modules/payouts/reconciliation/reconcile.ts';
import { continueRun, resumeRuns } from './modules/payouts/runs/run-payouts.ts';
import { scheduleRuns } from './modules/payouts/runs/schedule-payouts.ts';
import { resumePayouts } from './modules/payouts/sending/resume-payouts.ts';
import { sendPayout } from './modules/payouts/sending/send-payout.ts';
import { forgetClicks } from './modules/privacy/privacy/erase-person.ts';
import { writeExport } from './modules/privacy/privacy/export-person.ts';
import { applyRetention } from './modules/privacy/privacy/retention.ts';
import { proveMoved } from './modules/proof/proof/prove.ts';
import { calculateAllMetrics, foldProgramMetrics } from './modules/reporting/metrics/calculate-metrics.ts';
import { enqueueTierEvaluations, evaluateDueTiers } from './modules/reporting/tiers/evaluate-tiers.ts';
import { proveAll } from './proof.ts';

// In UTC. `fill`: a worker that was down at that time catches up.
const SCHEDULE = `
* * * * * auto_approve ?jobKey=auto_approve
*/5 * * * * schedule_payouts ?jobKey=schedule_payouts
* * * * * fold_metrics ?jobKey=fold_metrics
* * * * * prove_moved ?jobKey=prove_moved
10 0 * * * seal_audit ?fill=2d&jobKey=seal_audit
20 3 * * * apply_retention ?fill=2d&jobKey=apply_retention
*/15 * * * * reconcile_all ?id=reconcile_recent&jobKey=reconcile_recent {"recent":true}
30 2 * * * reconcile_all ?id=reconcile_weeks&fill=2d&jobKey=reconcile_all {"recent":false}
40 4 * * * check_tiers ?jobKey=check_tiers
40 3 * * * prove ?fill=2d&jobKey=prove`;
const MOVED_MS = 3 * 60_000; // overlaps, so that transactions that committed late are checked too

type Job<Name extends keyof Jobs> = (ctx: Context, payload: Jobs[Name]) => Promise<void>;

export interface Worker {
  stop(): Promise<void>;
}

/** Returns the text of a failure for the table of the job runner. Rows there are never erased, so the text must not
 *  contain personal data. The log has the full error, with personal data hidden. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'not an error';
  const { code } = error as { code?: unknown };
  const name = error.name || error.constructor.name;
  return /^\w{1,60}$/.test(`${code}`) && code !== undefined ? `${name} ${code}` : name;
}

/** Resumes unfinished work. Returns the number of resumed payouts and payout runs. */
async function resumeAll(ctx: Context): Promise<number> {
  await resumeEvents(ctx);
  await resumeReconciliations(ctx);
  return (await resumePayouts(ctx)) + (await resumeRuns(ctx));
}

/** Runs the durable jobs, and resumes those of processes that died. */
export async function startWorker(
  services: Services,
  owner: Pool,
  { leaseSeconds, retentionMonths }: { leaseSeconds: number; retentionMonths: number },
): Promise<Worker> {
  const whole = new BoundPool(owner);
  const jobs: { [Name in keyof Jobs]: Job<Name> } = {
    payee_changed: (ctx, { account }) => payeeChanged(ctx, account),
    run_payouts: (ctx, { runId }) => continueRun(ctx, runId),
    schedule_payouts: async (ctx) => {
      const runs = await scheduleRuns(ctx);
      if (runs) ctx.log.info({ runs }, 'payout runs created');
    },
    send_payout: async (ctx, { payoutId }) => void (await sendPayout(ctx, payoutId, leaseSeconds)),
    hear_rail: (ctx, { eventId }) => hearRail(ctx, eventId, leaseSeconds),
    reconcile: (ctx, { reconciliationId }) => reconcile(ctx, reconciliationId),
    reconcile_all: (ctx, { recent }) => reconcileAll(ctx, recent),
    recalculate_metrics: (ctx, { tenantId }) => calculateAllMetrics(ctx, tenantId),
    fold_metrics: foldProgramMetrics,
    check_logo: (ctx, { partnerId }) => checkLogo(ctx, partnerId),
    auto_approve: autoApprove,
    seal_audit: async (ctx) => void (await sealAudit(ctx)),
    rotate_keys: (ctx, { replaceBefore }) =>
      rotateKeys(ctx, {
        replaceBefore: replaceBefore === null ? null : new Date(replaceBefore),
        progress: (progress) => ctx.log.info(progress, 'keys'),
      }),
    export_person: (ctx, { exportId }) => writeExport(ctx, exportId),
    forget_clicks: (ctx, { erasureId }) => forgetClicks(ctx, erasureId),
    mail_owner_change: (ctx, change) => mailOwnerChange(ctx, change),
    send_invitation: (ctx, { invitationId }) => sendInvitation(ctx, invitationId),
    prove: async (ctx) => {
      for await (const { name, faults, more } of proveAll({
        actor: ctx.actor,
        seals: ctx.seals,
        pool: whole,
      }))
        if (faults.length)
          ctx.log.error({ invariant: name, faults, more }, 'the books check found violations');
    },
    prove_moved: async (ctx) => {
      const since = new Date(Date.now() - MOVED_MS);
      for await (const { name, faults, more } of proveMoved({ actor: ctx.actor, pool: whole }, since))
        if (faults.length)
          ctx.log.error({ invariant: name, faults, more }, 'the books check found violations');
    },
    evaluate_tiers: (ctx, { tenantId, month }) => evaluateDueTiers(ctx, tenantId, month),
    rate_lines: (ctx, { tenantId }) => rateLines(ctx, tenantId),
    check_tiers: (ctx) => enqueueTierEvaluations(ctx),
    simulate_plan: (ctx, { simulationId }) => runSimulation(ctx, simulationId),
    apply_retention: (ctx) => applyRetention(ctx, { visitorMonths: retentionMonths }),
  };
  const context = (requestId: string) => contextFor(services, { actor: system, requestId });
  const taskList: TaskList = Object.fromEntries(
    Object.entries(jobs).map(([name, job]) => [
      name,
      async (payload, { job: { id, attempts } }) => {
        const ctx = context(randomUUID());
        try {
          await (job as Job<keyof Jobs>)(ctx, payload as never);
        } catch (error) {
          ctx.log.error(
            { requestId: ctx.requestId, job: name, id, attempts, error },
            'job failed: it will be tried again',
          );
          throw new Error(nameOf(error));
        }
      },
    ]),
  );
  const runner = await startRunner(owner, { tasks: taskList, crontab: SCHEDULE, services });

  const resume = () =>
    runner
      .freeLostJobs()
      .then(() => resumeAll(context(randomUUID())))
      .then(
        (count) => count && services.log.warn({ count }, 'payouts of an ended process resumed'),
        (error: unknown) => services.log.error({ error }, 'could not look for payouts to resume'),
      );
  await resume();
  const timer = setInterval(resume, services.tuning.resumeEveryMs);

  let linking = Promise.resolve();
  let idle = true;
  const linker = setInterval(() => {
    if (!idle) return;
    idle = false;
    linking = linkAudit(context(randomUUID()))
      .then(
        () => {},
        (error: unknown) =>
          services.log.error({ error }, 'could not link audit entries: it will be tried again'),
      )
      .finally(() => {
        idle = true;
      });
  }, services.tuning.auditLinkEveryMs);
  return {
    async stop() {
      clearInterval(timer);
      clearInterval(linker);
      await linking;
      await runner.stop();
    },
  };
}
