import type { GraphQLResolveInfo } from 'graphql';
import { type Condition, where } from '../../../kernel/data/condition.ts';
import { type Connection, type PageArgs, page } from '../../../kernel/data/paging.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type CommissionRule, commissionRuleTable } from './commission-rule.entity.ts';
import type { CommissionRuleFilter } from './plan.inputs.ts';

export const commissionRules = (
  ctx: Context,
  info: GraphQLResolveInfo,
  filter: CommissionRuleFilter | null,
  args: PageArgs,
): Promise<Connection<CommissionRule>> => page(ctx, info, commissionRuleTable, args, narrow(filter));

function narrow(filter: CommissionRuleFilter | null): Condition[] {
  const conditions: Condition[] = [];
  if (filter?.planId) conditions.push(where('u.plan_id = $', filter.planId));
  if (filter?.partnerId) conditions.push(where('u.partner_id = $', filter.partnerId));
  if (filter?.at)
    conditions.push(
      where('not u.ended and u.effective_at <= $', filter.at),
      where(
        `not exists (select from commission_rules later where later.rule_key = u.rule_key
          and later.effective_at <= $ and (later.effective_at, later.version) > (u.effective_at, u.version))`,
        filter.at,
      ),
    );
  return conditions;
}
