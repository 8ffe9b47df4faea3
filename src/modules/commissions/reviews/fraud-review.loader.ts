import type { GraphQLResolveInfo } from 'graphql';
import type { FraudRule } from '../../../domain/fraud.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query, scopeOf } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { type FraudHit, fraudReviewTable, stateSql } from './fraud-review.entity.ts';
import type { FraudReviewFilter } from './fraud-review.inputs.ts';

export function narrow(filter: FraudReviewFilter | null): Sql[] {
  if (!filter) return [];
  const { state, outcome, rule, partnerId, minScore } = filter;
  return [
    // Repeats a part of the state, so that the partial index of open reviews is used.
    ...(state === 'OPEN' ? [sql`v.decision is null and v.outcome = 'HELD'`] : []),
    ...(state ? [sql`${sql.raw(stateSql)} = ${state}`] : []),
    ...(outcome ? [sql`v.outcome = ${outcome}`] : []),
    ...(rule ? [sql`exists (select from fraud_hits t where t.review_id = v.id and t.rule = ${rule})`] : []),
    ...(partnerId ? [sql`v.partner_id = ${idOf(partnerId, 'filter.partnerId')}`] : []),
    ...(minScore != null ? [sql`v.shadow_score >= ${minScore}`] : []),
  ];
}

/** Returns the matched rules of a review, highest weight first. */
export function hitsOfReview(ctx: Context, info: GraphQLResolveInfo, id: string): Promise<FraudHit[]> {
  return loaderFor<string, FraudHit[]>(ctx, info, async (ids) => {
    const rows = await query(
      ctx,
      sql<FraudHit & { reviewId: string }>`
        select t.review_id as "reviewId", t.rule, t.mode, t.weight, t.evidence from fraud_hits t join fraud_reviews v on v.id = t.review_id
        where t.review_id = any(${ids}) and ${scopeOf(ctx.actor, fraudReviewTable)} order by t.weight desc, t.rule`,
    );
    const lists = Map.groupBy(rows, (row) => row.reviewId);
    return ids.map((key) => lists.get(key) ?? []);
  }).load(id);
}

export interface Figures {
  readonly rule: FraudRule | null;
  readonly noted: number;
  readonly wouldHold: number;
  readonly held: number;
  readonly blocked: number;
  readonly released: number;
  readonly confirmed: number;
  readonly wouldHoldAmounts: MoneyColumn[];
  readonly wouldHoldRefunded: MoneyColumn[];
  readonly heldAmounts: MoneyColumn[];
  readonly heldRefunded: MoneyColumn[];
}

/** Returns the results of the risk rules in a period of days in the program's time zone, in total and by rule. A sale that
 *  several rules matched counts under each of them, and once in the total. */
export async function loadReport(
  ctx: Context,
  { from, to }: { from: string; to: string },
): Promise<{ total: Figures; rules: Figures[] }> {
  const rows = await query(
    ctx,
    sql<ReportRow>`
      with /* fraud.report */ said as (
        select v.id, v.outcome, v.decision, v.amount_minor as minor, v.amount_currency as currency,
          (select coalesce(-sum(c.amount_minor), 0) from commissions c where c.reverses_id = v.commission_id and c.status <> 'REJECTED') as refunded
        from fraud_reviews v join programs g on g.tenant_id = v.tenant_id
        where v.assessed_at >= ${from}::date::timestamp at time zone g.time_zone
          and v.assessed_at < (${to}::date + 1)::timestamp at time zone g.time_zone
          and v.tenant_id = ${ctx.actor.tenantId} and ${scopeOf(ctx.actor, fraudReviewTable)}),
      each as (
        select null as rule, s.* from said s union all
        select t.rule, s.* from said s join fraud_hits t on t.review_id = s.id)
      select rule, currency,
        count(*) filter (where outcome = 'NOTED')::int as noted, count(*) filter (where outcome = 'WOULD_HOLD')::int as "wouldHold",
        count(*) filter (where outcome = 'HELD')::int as held, count(*) filter (where outcome = 'BLOCKED')::int as blocked,
        count(*) filter (where decision = 'RELEASED')::int as released, count(*) filter (where decision = 'FRAUD')::int as confirmed,
        coalesce(sum(minor) filter (where outcome = 'WOULD_HOLD'), 0)::bigint as "wouldHoldMinor",
        coalesce(sum(refunded) filter (where outcome = 'WOULD_HOLD'), 0)::bigint as "wouldHoldRefunded",
        coalesce(sum(minor) filter (where outcome = 'HELD'), 0)::bigint as "heldMinor",
        coalesce(sum(refunded) filter (where outcome = 'HELD'), 0)::bigint as "heldRefunded"
      from each group by rule, currency order by rule nulls first, currency`,
  );
  const byRule = Map.groupBy(rows, (row) => row.rule);
  const figures = (rule: FraudRule | null): Figures => {
    const own = byRule.get(rule) ?? [];
    const count = (name: Counted) => own.reduce((sum, row) => sum + row[name], 0);
    const amounts = (name: Summed, shown: Counted) =>
      own
        .filter((row) => row[shown] > 0)
        .map((row) => new MoneyColumn({ minor: row[name], currency: row.currency }));
    return {
      rule,
      noted: count('noted'),
      wouldHold: count('wouldHold'),
      held: count('held'),
      blocked: count('blocked'),
      released: count('released'),
      confirmed: count('confirmed'),
      wouldHoldAmounts: amounts('wouldHoldMinor', 'wouldHold'),
      wouldHoldRefunded: amounts('wouldHoldRefunded', 'wouldHold'),
      heldAmounts: amounts('heldMinor', 'held'),
      heldRefunded: amounts('heldRefunded', 'held'),
    };
  };
  const named = [...byRule.keys()].filter((rule) => rule !== null);
  return { total: figures(null), rules: named.map(figures) };
}

type Counted = 'noted' | 'wouldHold' | 'held' | 'blocked' | 'released' | 'confirmed';
type Summed = 'wouldHoldMinor' | 'wouldHoldRefunded' | 'heldMinor' | 'heldRefunded';
type ReportRow = Readonly<Record<Counted, number> & Record<Summed, bigint>> & {
  readonly rule: FraudRule | null;
  readonly currency: string;
};
