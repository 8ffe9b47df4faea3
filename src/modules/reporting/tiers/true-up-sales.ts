import type { EntityManager } from '@mikro-orm/postgresql';
import type { Terms } from '../../../domain/owed.ts';
import type { PartnerTier } from '../../../domain/partner.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { itemsWhere, type StoredItem, settle } from '../../commissions/commission/public.ts';

interface Promotion {
  readonly tenantId: string;
  readonly since: Date;
  readonly promoted: readonly {
    readonly id: string;
    readonly before: PartnerTier;
    readonly after: PartnerTier;
    /** Time of a later tier that was set by hand. */
    readonly until: Date | null;
  }[];
}

/** Brings the sales since a back-dated promotion to the new tier's rate, by TRUE_UP commissions that are dated now, so that the
 *  next payout includes them. A lower rate changes nothing. */
export async function trueUpSales(
  em: EntityManager,
  ctx: Context,
  { tenantId, since, promoted }: Promotion,
): Promise<void> {
  if (promoted.length === 0) return;
  await em.flush();
  const run = within(em);
  // Items, not commissions: a sale that earns nothing now, or by a rule that is only for new customers, may earn by the tier later.
  const rates = await sql<{ id: string; tier: PartnerTier; rateBps: number }>`
    select i.id, w.after as tier, v.rate_bps as "rateBps"
    from jsonb_to_recordset(${JSON.stringify(promoted)}::jsonb) w (id uuid, before text, after text, until timestamptz)
    join sale_items i on i.tenant_id = ${tenantId} and i.partner_id = w.id and i.facts->>'tier' = w.before and i.occurred_at >= ${since}
      and i.day >= (${since}::timestamptz - interval '2 days')::date -- in any time zone; for the index
      and (w.until is null or i.occurred_at < w.until)
    cross join lateral (select rate_bps from tier_config_versions v where v.tenant_id = ${tenantId} and v.tier = w.after
      and v.effective_at <= i.occurred_at order by v.effective_at desc, v.id desc limit 1) v
    where 'TIER' in (i.terms->>'level', i.returning_terms->>'level') and i.facts->>'type' <> 'BONUS' and i.refused is null
  `.execute(em);
  for (const [tier, raised] of Map.groupBy(rates, (each) => each.tier)) {
    const rateOf = new Map(raised.map(({ id, rateBps }) => [id, rateBps]));
    const items = await itemsWhere(run, sql`i.id = any(${[...rateOf.keys()]}::uuid[])`);
    const changed = items.flatMap((item) => withRate(item, rateOf.get(item.id) ?? 0, tier));
    await settle(run, ctx, changed, { why: 'TIER', order: null, at: ctx.clock.now(), tier });
  }
}

function withRate(item: StoredItem, rateBps: number, tier: PartnerTier): StoredItem[] {
  const raised = (terms: Terms): Terms =>
    terms.level === 'TIER' && (terms.rateBps ?? 0) < rateBps ? { ...terms, rateBps } : terms;
  const { facts } = item;
  const [terms, returning] = [raised(item.terms), item.returning && raised(item.returning)];
  if (terms === item.terms && returning === item.returning) return [];
  return [{ ...item, terms, returning, facts: facts && { ...facts, tier } }];
}
