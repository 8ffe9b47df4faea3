import { sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';

const AT_ONCE = 500;

/** Creates new jobs for payouts whose job died with its process, a limited number at a time. */
export async function resumePayouts({ em, tuning }: Pick<Context, 'em' | 'tuning'>): Promise<number> {
  const rows = await sql`
    select enqueue_send_payout(p.id)
    from payouts p
    where p.status in ('APPROVED', 'PROCESSING')
      and not exists (select from payout_attempts a where a.payout_id = p.id and a.lease_until >= now())
      and p.updated_at < now() - ${tuning.orphanedAfterMs} * interval '1 millisecond'
      and not job_waits(send_payout_key(p.id))
    limit ${AT_ONCE}`.execute(em);
  return rows.length;
}
