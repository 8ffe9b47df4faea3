import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict } from '../../../domain/errors.ts';
import { afterRun } from '../../../domain/payout.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { reasonOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { lastBankStatus } from '../payout/public.ts';
import { loadTenantOfRun, lockRun } from './run-payouts.ts';

const BATCH = 500;

/** Cancels a run and its payouts that are not with the rail; their commissions are owed again. Returns the number of
 *  canceled payouts. Payouts in progress, paid or already canceled do not change,
 *  nor do payouts that this person must not cancel individually. */
export async function cancelPayoutRun(ctx: Context, id: string, text: string): Promise<number> {
  const reason = reasonOf(text);
  const tenantId = await loadTenantOfRun(ctx, id);
  await authorize(ctx, 'decide', { kind: 'payout', id: '(run)', attributes: { tenantId } });
  let canceled = 0;
  for (;;) {
    const count = await transact(ctx, async (em) => {
      const run = await lockRun(em, id);
      const before = { status: run.status };
      run.status = afterRun('cancel', run.status);
      run.finishedAt ??= ctx.clock.now();
      await em.flush();
      const ids = await cancelBatch(em, ctx, run.id, reason);
      if (before.status === 'DONE' && ids.length === 0)
        throw conflict('No payout of this run can be canceled any more.', { reason: 'NOTHING_TO_CANCEL' });
      if (canceled === 0 || ids.length)
        record(em, ctx, 'payouts.canceled', run, {
          before,
          after: { status: run.status, canceled: ids.length },
          reason,
          subjects: ids,
        });
      return ids.length;
    });
    canceled += count;
    if (count < BATCH) return canceled;
  }
}

async function cancelBatch(
  em: EntityManager,
  { actor, clock }: Context,
  runId: string,
  reason: string,
): Promise<string[]> {
  const rows = await sql<{ id: string }>`
    update payouts set status = 'CANCELED', failure_reason = ${reason}, released_at = ${clock.now()}::timestamptz
    where id in (select o.id from payouts o where o.run_id = ${runId} and (o.status in ('PENDING', 'APPROVED')
        or (o.status = 'FAILED' and o.released_at is null
          and not exists (select from (${lastBankStatus(sql`o.id`, actor.id)}) w where w.differs or w.mine)))
      order by o.id limit ${BATCH} for update)
    returning id`.execute(em);
  const ids = rows.map(({ id }) => id);
  await sql`
    update payout_items set voided_at = ${clock.now()}::timestamptz
    where payout_id in (select value::uuid from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)) and voided_at is null
  `.execute(em);
  return ids;
}
