import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { record } from '../../foundation/audit/public.ts';

/** Creates the runs that are due by the database's clock, for programs with `autoPayouts`: one per frequency and
 *  period, with any number of workers. Returns the number of runs. */
export async function scheduleRuns(ctx: Context): Promise<number> {
  return transact(ctx, async (em) => {
    const made = await sql<{ id: string; tenantId: string; frequency: string; periodEnd: string }>`
      insert into payout_runs (id, tenant_id, as_of, frequency, period_end, status, created_by, partner_count)
      select new_id(), d.tenant_id, d.as_of, d.frequency, d.period_end, 'RUNNING', ${ctx.actor.id}, d.partners from due_payout_runs(now()) d
      on conflict do nothing
      returning id, tenant_id as "tenantId", frequency, period_end::text as "periodEnd"`.execute(em);
    for (const { id, tenantId, frequency, periodEnd } of made) {
      await sql`select enqueue_job('run_payouts', json_build_object('runId', ${id}::text), 'run_payouts:' || ${id}, 0)
      `.execute(em);
      record(em, ctx, 'payouts.scheduled', { id, tenantId }, { after: { frequency, periodEnd } });
    }
    return made.length;
  });
}
