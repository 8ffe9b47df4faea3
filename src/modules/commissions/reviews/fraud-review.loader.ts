import type { GraphQLResolveInfo } from 'graphql';
import type { FraudRule } from '../../../domain/fraud.ts';
import { type Condition, where } from '../../../kernel/data/condition.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { query, Statement, scopeOf } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { idOf } from '../../../kernel/request/input.ts';
import { type FraudHit, fraudReviewTable, stateSql } from './fraud-review.entity.ts';
import type { FraudReviewFilter } from './fraud-review.inputs.ts';

export function narrow(filter: FraudReviewFilter | null): Condition[] {
  if (!filter) return [];
  const { state, outcome, rule, partnerId, minScore } = filter;
  return [
    // Repeats a part of the state, so that the partial index of open reviews is used.
    ...(state === 'OPEN' ? [where("v.decision is null and v.outcome = 'HELD'")] : []),
    ...(state ? [where(`${stateSql} = $`, state)] : []),
    ...(outcome ? [where('v.outcome = $', outcome)] : []),
    ...(rule
      ? [where('exists (select from fraud_hits t where t.review_id = v.id and t.rule = $)', rule)]
      : []),
    ...(partnerId ? [where('v.partner_id = $', idOf(partnerId, 'filter.partnerId'))] : []),
    ...(minScore != null ? [where('v.shadow_score >= $', minScore)] : []),
  ];
}

/** Returns the matched rules of a review, highest weight first. */
export function hitsOfReview(ctx: Context, info: GraphQLResolveInfo, id: string): Promise<FraudHit[]> {
  return loaderFor<string, FraudHit[]>(ctx, info, async (ids) => {
    const statement = new Statement()
      .add(
        `select t.review_id, t.rule, t.mode, t.weight, t.evidence from fraud_hits t join fraud_reviews v on v.id = t.review_id
         where t.review_id = any($)`,
        ids,
      )
      .and(scopeOf(ctx.actor, fraudReviewTable))
      .add(' order by t.weight desc, t.rule');
    const lists = Map.groupBy(await query(ctx, statement), ([review]) => review as string);
    return ids.map((key) =>
      (lists.get(key) ?? []).map(
        ([, rule, mode, weight, evidence]) => ({ rule, mode, weight, evidence }) as FraudHit,
      ),
    );
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
export async function reportOf(
  ctx: Context,
  { from, to }: { from: string; to: string },
): Promise<{ total: Figures; rules: Figures[] }> {
  const statement = new Statement()
    .add(
      `with said as (
        select v.id, v.outcome, v.decision, v.amount_minor as minor, v.amount_currency as currency,
          (select coalesce(-sum(c.amount_minor), 0) from commissions c where c.reverses_id = v.commission_id and c.status <> 'REJECTED') as refunded
        from fraud_reviews v join programs g on g.tenant_id = v.tenant_id
        where v.assessed_at >= $::date::timestamp at time zone g.time_zone and v.assessed_at < ($::date + 1)::timestamp at time zone g.time_zone`,
      from,
      to,
    )
    .and([where('v.tenant_id = $', ctx.actor.tenantId), ...scopeOf(ctx.actor, fraudReviewTable)])
    .add(`),
      each as (
        select null as rule, s.* from said s union all
        select t.rule, s.* from said s join fraud_hits t on t.review_id = s.id)
      select rule, currency,
        count(*) filter (where outcome = 'NOTED')::int, count(*) filter (where outcome = 'WOULD_HOLD')::int,
        count(*) filter (where outcome = 'HELD')::int, count(*) filter (where outcome = 'BLOCKED')::int,
        count(*) filter (where decision = 'RELEASED')::int, count(*) filter (where decision = 'FRAUD')::int,
        coalesce(sum(minor) filter (where outcome = 'WOULD_HOLD'), 0)::bigint, coalesce(sum(refunded) filter (where outcome = 'WOULD_HOLD'), 0)::bigint,
        coalesce(sum(minor) filter (where outcome = 'HELD'), 0)::bigint, coalesce(sum(refunded) filter (where outcome = 'HELD'), 0)::bigint
      from each group by rule, currency order by rule nulls first, currency`);
  const byRule = Map.groupBy(await query(ctx, statement), ([rule]) => rule as FraudRule | null);
  const figures = (rule: FraudRule | null): Figures => {
    const rows = byRule.get(rule) ?? [];
    const count = (at: number) => rows.reduce((sum, row) => sum + (row[at] as number), 0);
    const amounts = (at: number, shown: number) =>
      rows
        .filter((row) => (row[shown] as number) > 0)
        .map((row) => new MoneyColumn({ minor: row[at] as bigint, currency: row[1] as string }));
    return {
      rule,
      noted: count(2),
      wouldHold: count(3),
      held: count(4),
      blocked: count(5),
      released: count(6),
      confirmed: count(7),
      wouldHoldAmounts: amounts(8, 3),
      wouldHoldRefunded: amounts(9, 3),
      heldAmounts: amounts(10, 4),
      heldRefunded: amounts(11, 4),
    };
  };
  const named = [...byRule.keys()].filter((rule) => rule !== null);
  return { total: figures(null), rules: named.map(figures) };
}
