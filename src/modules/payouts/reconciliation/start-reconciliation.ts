import { conflict, invalid } from '../../../domain/errors.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { record } from '../../foundation/audit/public.ts';
import { Reconciliation } from './reconciliation.entity.ts';
import type { StartReconciliationInput } from './reconciliation.inputs.ts';

const LONGEST_MS = 366 * 86_400_000;

export async function startReconciliation(
  ctx: Context,
  { method, from, to }: StartReconciliationInput,
): Promise<string> {
  if (to <= from) throw invalid('input.to', 'must be after input.from');
  if (to.getTime() - from.getTime() > LONGEST_MS)
    throw invalid('input.to', 'must be at most 366 days after input.from');
  const tenantId = ctx.actor.tenantId ?? '';
  await authorize(ctx, 'decide', { kind: 'payout', id: '(books)', attributes: { tenantId } });
  const rail = ctx.rail(method);
  if (!rail) throw conflict(`No payment rail is configured for ${method}.`, { reason: 'NO_RAIL' });
  return transact(ctx, async (em) => {
    const made = em.create(Reconciliation, {
      ...{ tenantId, method, rail: rail.name, from, to },
      startedBy: ctx.actor.id,
    });
    await em.flush();
    await enqueue(em, 'reconcile', { reconciliationId: made.id }, { key: `reconcile:${made.id}` });
    record(em, ctx, 'reconciliation.started', made, { after: { method, from, to } });
    return made.id;
  });
}
