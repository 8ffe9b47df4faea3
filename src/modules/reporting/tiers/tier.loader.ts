import type { GraphQLResolveInfo } from 'graphql';
import type { PartnerTier } from '../../../domain/partner.ts';
import { missingForNext, missingSentence } from '../../../domain/tier.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query } from '../../../kernel/data/rows.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import type { Partner } from '../../partners/partner/public.ts';
import { programOf } from '../../programs/program/public.ts';
import { loadMonth, loadThresholds, measure } from './tier-metrics.ts';

const MAX_ENTRIES = 100;

export interface TierHistoryRow {
  readonly tier: PartnerTier;
  readonly effectiveAt: Date;
  readonly changedBy: string | null;
  readonly reason: string | null;
}

/** The tiers of each partner, newest first. Of several rows for the same time the last one counts. */
export function loadTierHistory(
  ctx: Context,
  info: GraphQLResolveInfo,
  id: string,
): Promise<TierHistoryRow[]> {
  return loaderFor<string, TierHistoryRow[]>(ctx, info, async (ids) => {
    const rows = await query(
      ctx,
      sql<TierHistoryRow & { partnerId: string }>`
        select /* tiers.history */ partner_id as "partnerId", row.tier, changed_by as "changedBy", reason,
          case when effective_at = 'epoch' then partners.created_at else effective_at end as "effectiveAt" from (
          select *, lag(tier) over (partition by partner_id order by effective_at) as before,
            row_number() over (partition by partner_id order by effective_at desc) as nth
          from (select distinct on (partner_id, effective_at) partner_id, tier, effective_at, changed_by, reason
            from partner_history where partner_id = any(${ids}) order by partner_id, effective_at, id desc) row
        ) row join partners on partners.id = partner_id where row.tier is distinct from before and nth <= ${sql.raw(MAX_ENTRIES)} order by partner_id, effective_at desc`,
    );
    const lists = Map.groupBy(rows, (row) => row.partnerId);
    return ids.map((key) => lists.get(key) ?? []);
  }).load(id);
}

export interface TierProgressRow {
  readonly month: string;
  readonly nextTier: PartnerTier | null;
  readonly missingRevenue: MoneyColumn | null;
  readonly missingCustomers: number | null;
  readonly sentence: string;
}

/** What a partner needs in the current month for the next tier, by the current thresholds. */
export function loadTierProgress(
  ctx: Context,
  info: GraphQLResolveInfo,
  partner: Partner,
): Promise<TierProgressRow> {
  return loaderFor<Partner, TierProgressRow>(ctx, info, async (partners) => {
    const now = ctx.clock.now();
    const found = new Map<string, TierProgressRow>();
    for (const [tenantId, own] of Map.groupBy(partners, (each) => each.tenantId))
      await transact(ctx, async (em) => {
        const program = await programOf(em, tenantId);
        const day = new Intl.DateTimeFormat('en-CA', { timeZone: program.timeZone }).format(now);
        const month = await loadMonth(em, program, day);
        const thresholds = await loadThresholds(em, tenantId, now);
        const of = await measure(
          em,
          program,
          month,
          own.map(({ id }) => id),
        );
        for (const { id, tier } of own) {
          const result = of(id);
          const missing = 'blocked' in result ? null : missingForNext(thresholds, tier, result);
          const revenue = missing && new MoneyColumn({ minor: missing.revenue, currency: program.currency });
          found.set(id, {
            month: month.month,
            nextTier: missing?.tier ?? null,
            missingRevenue: revenue,
            missingCustomers: missing?.customers ?? null,
            sentence:
              'blocked' in result
                ? result.blocked
                : missingSentence(missing, `${revenue ? amountText(revenue) : ''} ${program.currency}`),
          });
        }
      });
    return partners.map(({ id }) => found.get(id) as TierProgressRow);
  }).load(partner);
}
