import { type EntityManager, sql } from '@mikro-orm/postgresql';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { announceMetrics } from '../../../kernel/request/metrics-topic.ts';
import { record } from '../../foundation/audit/public.ts';
import { about, findPartner, type Partner } from '../../partners/partner/public.ts';

/** Recalculates a partner's metrics from all rows. The result differs from the stored metrics only after an error. */
export async function calculateMetrics(ctx: Context, partnerId: string): Promise<Partner> {
  const partner = await transact(ctx, async (em) => {
    const partner = await findPartner(em, partnerId, 'partnerId');
    const before = await figuresOf(em, partner);
    await em.execute(sql`select recalculate_visible_metrics(array[${partner.id}]::uuid[])`);
    record(em, ctx, 'metrics.recalculated', about(partner), { before, after: await figuresOf(em, partner) });
    return partner;
  });
  announceMetrics(ctx, partner.id);
  return partner;
}

/** The partner's metrics to date, by currency. */
async function figuresOf(em: EntityManager, { id }: Partner): Promise<object> {
  const [row] = await em.execute<{ figures: object }[]>(sql`
    select coalesce(jsonb_object_agg(currency, to_jsonb(m) - 'updated_at'), '{}') as figures
    from partner_metrics m where partner_id = ${id}`);
  return row?.figures ?? {};
}

/** Adds the changes since the last fold to the daily metrics of the programs. */
export async function foldProgramMetrics(ctx: Context): Promise<void> {
  await transact(ctx, (em) => em.execute(sql`select fold_program_metrics()`));
}

const CHUNK = 500;

/** Recalculates the metrics of all partners of a tenant, a limited number per transaction. */
export async function calculateAllMetrics(ctx: Context, tenantId: string): Promise<void> {
  for (let last = '00000000-0000-0000-0000-000000000000'; ; ) {
    const ids = (
      await ctx.em.execute<{ id: string }[]>(sql`
      select id from partners where tenant_id = ${tenantId} and id > ${last} order by id limit ${CHUNK}`)
    ).map(({ id }) => id);
    if (ids.length === 0) return;
    await transact(ctx, (em) => em.execute(sql`select recalculate_visible_metrics(array[${ids}]::uuid[])`));
    ctx.log.info({ tenantId, partners: ids.length }, 'metrics recalculated');
    last = ids.at(-1) as string;
  }
}
