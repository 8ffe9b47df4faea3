import type { EntityManager } from '@mikro-orm/postgresql';
import { sql } from './sql.ts';
import { type Run, within } from './transact.ts';

/** The durable jobs and their payloads; each is run by the worker. */
export interface Jobs {
  /** Send, look up or settle one payout: whatever its state asks for. */
  send_payout: { payoutId: string };
  /** See how an account that Stripe keeps stands now. */
  payee_changed: { account: string };
  /** Go on with a payout run until it is done. */
  run_payouts: { runId: string };
  /** Make the payout runs that are due, where a program asks for that. */
  schedule_payouts: object;
  /** Ask a rail about what a message of it told. */
  hear_rail: { eventId: string };
  /** Compare the books of a rail with ours. */
  reconcile: { reconciliationId: string };
  /** See whose books are to be compared: of the last day, or of the last weeks. */
  reconcile_all: { recent: boolean };
  /** Add what programs' figures changed by to their days. */
  fold_metrics: object;
  /** Rebuild the metrics of every partner of a tenant. */
  recalculate_metrics: { tenantId: string };
  /** Write the head of every tenant's audit log down elsewhere. */
  seal_audit: object;
  /** Approve what is past its refund period, where a program asks for that. */
  auto_approve: object;
  /** Hold every invariant of the books against the whole database. */
  prove: object;
  /** Hold what is known of a partner alone against those whose money moved in the last minutes. */
  prove_moved: object;
  /** See whether a white-label partner's images are there. */
  check_logo: { partnerId: string };
  /** Wrap the data keys anew, and replace those that were made before an instant (ISO 8601). */
  rotate_keys: { replaceBefore: string | null };
  /** Write down what is kept of a person. */
  export_person: { exportId: string };
  /** Let the clicks of an erased person forget their visitors. */
  forget_clicks: { erasureId: string };
  /** Mail the link of an invitation. */
  send_invitation: { invitationId: string };
  /** Evaluate the tiers of a program up to a month (its first day). */
  evaluate_tiers: { tenantId: string; month: string };
  /** Work out what lines are worth that waited for an exchange rate. */
  rate_lines: { tenantId: string };
  /** See which programs have a month to evaluate. */
  check_tiers: object;
  /** Weigh the sales of past months by other terms. */
  simulate_plan: { simulationId: string };
  /** End what is kept for a time only. */
  apply_retention: object;
}

/** Enqueues in the caller's transaction: the job exists exactly when the change does. The same `key` replaces a waiting job.
 *  A session of one tenant starts those that the database function `enqueue_job` names, about its own rows. */
export async function enqueue<Name extends keyof Jobs>(
  em: EntityManager | Run,
  job: Name,
  payload: Jobs[Name],
  { key, delaySeconds = 0 }: { key: string; delaySeconds?: number },
): Promise<void> {
  const run = typeof em === 'function' ? em : within(em);
  await run(
    sql`select enqueue_job(${job}::text, ${JSON.stringify(payload)}::json, ${key}::text, ${delaySeconds}::float8)`,
  );
}
