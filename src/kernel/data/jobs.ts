import type { EntityManager } from '@mikro-orm/postgresql';
import { sql } from './sql.ts';
import { type Run, within } from './transact.ts';

/** The durable jobs and their payloads. The worker runs them. */
export interface Jobs {
  /** Sends, looks up or settles a payout, depending on its state. */
  send_payout: { payoutId: string };
  /** Reads the current state of an account at Stripe. */
  payee_changed: { account: string };
  /** Continues a payout run until it is finished. */
  run_payouts: { runId: string };
  /** Starts the payout runs that are due, for programs with a schedule. */
  schedule_payouts: object;
  /** Asks a rail about the payout of one of its messages. */
  hear_rail: { eventId: string };
  /** Compares the records of a rail with ours. */
  reconcile: { reconciliationId: string };
  /** Starts the reconciliations of the last day or of the last weeks. */
  reconcile_all: { recent: boolean };
  /** Adds the changes of program metrics to the days of the programs. */
  fold_metrics: object;
  /** Recalculates the metrics of every partner of a tenant. */
  recalculate_metrics: { tenantId: string };
  /** Writes the head of every tenant's audit chain to the seal file. */
  seal_audit: object;
  /** Approves commissions after their refund period, for programs with automatic approval. */
  auto_approve: object;
  /** Checks every invariant of the books against the whole database. */
  prove: object;
  /** Checks the invariants of single partners whose money moved in the last minutes. */
  prove_moved: object;
  /** Checks whether the images of a white-label partner can be fetched. */
  check_logo: { partnerId: string };
  /** Wraps the data keys with the current key, and replaces those created before an instant (ISO 8601). */
  rotate_keys: { replaceBefore: string | null };
  /** Writes the export of a person. */
  export_person: { exportId: string };
  /** Removes the visitor from the clicks of an erased person. */
  forget_clicks: { erasureId: string };
  /** Sends the mail of an invitation. */
  send_invitation: { invitationId: string };
  /** Tells a partner by mail that staff removed or demoted one of its owners. */
  mail_owner_change: { memberId: string; noticeId: string };
  /** Evaluates the tiers of a program up to a month (its first day). */
  evaluate_tiers: { tenantId: string; month: string };
  /** Computes commissions that waited for an exchange rate. */
  rate_lines: { tenantId: string };
  /** Starts the tier evaluations that are due. */
  check_tiers: object;
  /** Computes the sales of past months with other terms (plan simulation). */
  simulate_plan: { simulationId: string };
  /** Deletes or anonymises data after its retention period. */
  apply_retention: object;
}

export interface OwnJob {
  /** The field of the payload with the id of the job's subject. */
  readonly about: string;
  /** The table of the subject; absent for a job about the tenant itself. */
  readonly table?: string;
  /** The column of the partner whose session may also start the job. */
  readonly partner?: string;
}

/** The jobs that a session of one tenant may start, about its own rows. The database function `enqueue_job` reads this. */
export const ownJobs = {
  send_payout: { about: 'payoutId', table: 'payouts', partner: 'partner_id' },
  check_logo: { about: 'partnerId', table: 'partners', partner: 'id' },
  send_invitation: { about: 'invitationId', table: 'invitations', partner: 'partner_id' },
  mail_owner_change: { about: 'memberId', table: 'members' },
  export_person: { about: 'exportId', table: 'person_exports' },
  forget_clicks: { about: 'erasureId', table: 'erasures' },
  simulate_plan: { about: 'simulationId', table: 'plan_simulations' },
  run_payouts: { about: 'runId', table: 'payout_runs' },
  reconcile: { about: 'reconciliationId', table: 'reconciliations' },
  recalculate_metrics: { about: 'tenantId' },
  evaluate_tiers: { about: 'tenantId' },
  rate_lines: { about: 'tenantId' },
} as const satisfies { readonly [Name in keyof Jobs]?: OwnJob & { readonly about: keyof Jobs[Name] } };

/** Enqueues in the caller's transaction: the job exists exactly when the change does. The same `key` replaces a waiting job.
 *  A session of one tenant starts only `ownJobs`. */
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
