import type { Rule } from '../../../domain/plan.ts';
import { type CommissionRule, ruleOf } from './commission-rule.entity.ts';

/** SQL expression: the rules for a sale of partner `p` at `at.instant`, from the partner and its plan, each in the version
 *  in force, as JSON for `rulesOf`. */
export const RULES_IN_FORCE = `
  (select json_agg(json_build_object('id', v.id, 'ruleKey', v.rule_key, 'name', v.name, 'version', v.version, 'partnerId', v.partner_id,
    'product', v.product, 'customerKind', v.customer_kind, 'countries', v.countries, 'types', v.types, 'currency', v.currency,
    'minimumMinor', v.minimum_minor::text, 'method', v.method, 'rateBps', v.rate_bps, 'perUnitMinor', v.per_unit_minor::text,
    'perOrderMinor', v.per_order_minor::text,
    'bandMode', v.band_mode, 'bandRows', v.band_rows, 'bandPeriod', v.band_period, 'firstPurchaseOnly', v.first_purchase_only,
    'recurringMonths', v.recurring_months, 'recurringCount', v.recurring_count, 'stepDownRateBps', v.step_down_rate_bps,
    'capMinor', v.cap_minor::text, 'capPer', v.cap_per, 'capPeriod', v.cap_period, 'effectiveAt', v.effective_at))
  from (
    select distinct on (u.rule_key) u.* from commission_rules u
    where u.tenant_id = p.tenant_id and u.effective_at <= at.instant and (u.partner_id = p.id or u.plan_id = coalesce(
      (select m.plan_id from plan_memberships m where m.partner_id = p.id and m.effective_at <= at.instant
       order by m.effective_at desc, m.id desc limit 1),
      (select n.id from commission_plans n where n.tenant_id = p.tenant_id and n.is_default)))
    order by u.rule_key, u.effective_at desc, u.version desc) v
  where not v.ended)`;

/** A rule as JSON from `RULES_IN_FORCE`. JSON has neither bigint nor dates. */
export type RuleJson = { readonly [K in keyof CommissionRule]: unknown };

export const rulesOf = (rows: readonly RuleJson[] | null): Rule[] =>
  (rows ?? []).map((row) =>
    ruleOf({
      ...row,
      minimumMinor: bigintOf(row.minimumMinor),
      perUnitMinor: bigintOf(row.perUnitMinor),
      perOrderMinor: bigintOf(row.perOrderMinor),
      capMinor: bigintOf(row.capMinor),
      effectiveAt: new Date(row.effectiveAt as string),
    } as CommissionRule),
  );

const bigintOf = (text: unknown): bigint | null => (text === null ? null : BigInt(text as string));
