import { v7 } from 'uuid';
import { defaultTiers } from '../../../domain/partner.ts';
import type { StatementPool } from '../../../kernel/request/bounds.ts';
import { ofTenant } from '../../../kernel/request/bounds.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { digits } from '../../../kernel/request/currency.ts';
import { memo } from '../../../kernel/request/memo.ts';
import { Program } from './program.entity.ts';

const known = new WeakMap<StatementPool, Set<string>>();

/** Creates the program of a new tenant, with default settings and tiers. */
export async function ensureProgram(pool: StatementPool, tenantId: string): Promise<void> {
  const tenants = memo(known, pool, () => new Set<string>());
  if (tenants.has(tenantId)) return;
  const scale = 10n ** BigInt(digits('USD'));
  await pool.query(ofTenant(tenantId), {
    text: `with made as (
       insert into programs (tenant_id) values ($1) on conflict do nothing returning tenant_id),
     tiers as (
       insert into partner_tier_configs (id, tenant_id, tier, min_monthly_revenue_minor, min_monthly_revenue_currency,
         min_customers, rate_bps, api_calls_per_hour, dedicated_manager, benefits)
       select t.id, made.tenant_id, t.tier, t.revenue, 'USD', t.customers, t.rate, t.calls, t.manager,
         array(select jsonb_array_elements_text(t.benefits))
       from made, jsonb_to_recordset($2) t (id uuid, tier text, revenue bigint, customers int, rate int, calls int,
         manager boolean, benefits jsonb)
       returning *)
     insert into tier_config_versions (id, tenant_id, tier, min_monthly_revenue_minor, min_monthly_revenue_currency,
       min_customers, rate_bps, effective_at, created_by)
     select gen_random_uuid(), tenant_id, tier, min_monthly_revenue_minor, min_monthly_revenue_currency,
       min_customers, rate_bps, to_timestamp(0), 'system' from tiers`,
    values: [
      tenantId,
      JSON.stringify(
        defaultTiers.map((tier) => ({
          id: v7(),
          tier: tier.tier,
          revenue: `${tier.minMonthlyRevenue * scale}`,
          customers: tier.minCustomers,
          rate: tier.rateBps,
          calls: tier.apiCallsPerHour,
          manager: tier.dedicatedManager,
          benefits: tier.benefits,
        })),
      ),
    ],
  });
  if (tenants.size > 100_000) tenants.clear();
  tenants.add(tenantId);
}

/** Loads the settings of a program, inside a transaction. */
export async function programOf(em: Context['em'], tenantId: string): Promise<Program> {
  return em.findOneOrFail(Program, { tenantId });
}
