import { sql } from '@mikro-orm/postgresql';
import type { Context } from '../../../kernel/request/context.ts';

const AT_ONCE = 500;

/** Payouts that wait for a job which died with its process get a new one, some of them at a time; others are left alone. */
export async function resumePayouts({ em, tuning }: Pick<Context, 'em' | 'tuning'>): Promise<number> {
  const rows = await em.execute<object[]>(sql`
    select enqueue_send_payout(p.id)
    from payouts p
    where p.status in ('APPROVED', 'PROCESSING')
      and not exists (select from payout_attempts a where a.payout_id = p.id and a.lease_until >= now())
      and p.updated_at < now() - ${tuning.orphanedAfterMs} * interval '1 millisecond'
      and not job_waits(send_payout_key(p.id))
    limit ${AT_ONCE}`);
  return rows.length;
}
