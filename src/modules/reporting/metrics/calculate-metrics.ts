import type { EntityManager } from '@mikro-orm/postgresql';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { about, findPartner, type Partner } from '../../partners/partner/public.ts';

/** Recalculates a partner's metrics from all rows. The result differs from the stored metrics only after an error. */
export async function calculateMetrics(ctx: Context, partnerId: string): Promise<Partner> {
  const partner = await transact(ctx, async (em) => {
    const partner = await findPartner(em, partnerId, 'partnerId');
    const before = await loadFigures(em, partner);
    await sql`select recalculate_visible_metrics(array[${partner.id}]::uuid[])`.execute(em);
    record(em, ctx, 'metrics.recalculated', about(partner), {
      before,
      after: await loadFigures(em, partner),
    });
    return partner;
  });
  announceMetrics(ctx, partner.id);
  return partner;
}

/** The partner's metrics to date, by currency. */
async function loadFigures(em: EntityManager, { id }: Partner): Promise<object> {
  const [row] = await sql<{ figures: object }>`
    select coalesce(jsonb_object_agg(currency, to_jsonb(m) - 'updated_at'), '{}') as figures
    from partner_metrics m where partner_id = ${id}`.execute(em);
  return row?.figures ?? {};
}

/** Adds the changes since the last fold to the daily metrics of the programs. */
export async function foldProgramMetrics(ctx: Context): Promise<void> {
  await transact(ctx, (em) => sql`select fold_program_metrics()`.execute(em));
}

const CHUNK = 500;

/** Recalculates the metrics of all partners of a tenant, a limited number per transaction. */
export async function calculateAllMetrics(ctx: Context, tenantId: string): Promise<void> {
  for (let last = '00000000-0000-0000-0000-000000000000'; ; ) {
    const ids = (
      await sql<{ id: string }>`
      select id from partners where tenant_id = ${tenantId} and id > ${last} order by id limit ${CHUNK}
      `.execute(ctx.em)
    ).map(({ id }) => id);
    if (ids.length === 0) return;
    await transact(ctx, (em) => sql`select recalculate_visible_metrics(${ids}::uuid[])`.execute(em));
    ctx.log.info({ tenantId, partners: ids.length }, 'metrics recalculated');
    last = ids.at(-1) as string;
  }
}
