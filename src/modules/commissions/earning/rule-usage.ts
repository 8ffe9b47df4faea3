import {
  type ComputedLine,
  nothingBefore,
  type Past,
  type Rule,
  type RulePeriod,
} from '../../../domain/plan.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import type { RuleInForce } from '../plans/public.ts';
import type { EarningPartner } from './read-terms.ts';

interface Purchase {
  readonly customerId: string | null;
  readonly occurredAt: Date;
}

/** A counter of a rule: for bands per partner, for a cap per scope of the cap. */
interface Count {
  readonly scope: string;
  readonly period: RulePeriod;
}

const NO_SCOPE = 'all';
const BANDS = 'bands';

const bandCount = ({ terms }: Rule): Count | null =>
  terms.method === 'TIERED' ? { scope: BANDS, period: terms.period } : null;

const capCount = ({ cap }: Rule, { customerId }: Purchase): Count | null =>
  cap && cap.per !== 'SALE'
    ? { scope: cap.per === 'CUSTOMER' ? (customerId ?? NO_SCOPE) : NO_SCOPE, period: cap.period }
    : null;

/** Returns the earlier sales that affect a sale under its rule. The counter of the rule is locked, so that sales under it
 *  run one after the other. */
export async function loadPast(
  run: Run,
  partner: EarningPartner,
  purchase: Purchase,
  rule: RuleInForce | null,
): Promise<Past> {
  if (!rule) return nothingBefore;
  const { customerId, occurredAt } = purchase;
  const windowed = rule.firstPurchaseOnly || rule.recurringMonths !== null || rule.recurringCount !== null;
  const [purchases] =
    windowed && customerId
      ? await run<{ first: string | null; count: number }>(
          sql`select min(occurred_at) as first, count(distinct coalesce(order_id, conversion_id::text, id::text))::int as count from commissions
            where customer_id = ${customerId}::uuid and partner_id = ${partner.id}::uuid and occurred_at < ${occurredAt}::timestamptz
              and type not in ('REVERSAL', 'BONUS', 'TRUE_UP', 'ADJUSTMENT') and status <> 'REJECTED'`,
        )
      : [];
  const counted = async (count: Count | null) => {
    if (!count) return undefined;
    const [row] = await run<{ base_minor: string; earned_minor: string }>(
      sql`insert into rule_usage (tenant_id, partner_id, rule_key, scope, period_start)
        select g.tenant_id, ${partner.id}::uuid, ${rule.key}::uuid, ${count.scope},
          rule_period(${count.period}, ${occurredAt}::timestamptz at time zone g.time_zone)
        from programs g where g.tenant_id = ${partner.tenantId}
        on conflict (partner_id, rule_key, scope, period_start, tenant_id) do update set base_minor = rule_usage.base_minor
        returning base_minor, earned_minor`,
    );
    return row;
  };
  const bands = await counted(bandCount(rule));
  const cap = await counted(capCount(rule, purchase));
  return {
    firstPurchaseAt: purchases?.first ? new Date(purchases.first) : null,
    purchases: purchases?.count ?? 0,
    periodBase: BigInt(bands?.base_minor ?? 0),
    capUsed: BigInt(cap?.earned_minor ?? 0),
  };
}

/** Adds a sale to the counters of its rule. */
export async function use(
  run: Run,
  partner: EarningPartner,
  purchase: Purchase,
  rule: RuleInForce,
  { base, amount, trueUp }: ComputedLine,
): Promise<void> {
  for (const count of [bandCount(rule), capCount(rule, purchase)]) {
    if (!count) continue;
    await run(
      sql`update rule_usage u set base_minor = base_minor + ${base}::bigint, earned_minor = earned_minor + ${amount + trueUp}::bigint
        from programs g where g.tenant_id = ${partner.tenantId} and u.partner_id = ${partner.id}::uuid and u.rule_key = ${rule.key}::uuid and u.scope = ${count.scope}
          and u.period_start = rule_period(${count.period}, ${purchase.occurredAt}::timestamptz at time zone g.time_zone)`,
    );
  }
}
