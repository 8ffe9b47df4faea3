import type { GraphQLResolveInfo } from 'graphql';
import { type Connection, type PageArgs, page } from '../../../kernel/data/paging.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type CommissionRule, commissionRuleTable } from './commission-rule.entity.ts';
import type { CommissionRuleFilter } from './plan.inputs.ts';

export const commissionRules = (
  ctx: Context,
  info: GraphQLResolveInfo,
  filter: CommissionRuleFilter | null,
  args: PageArgs,
): Promise<Connection<CommissionRule>> => page(ctx, info, commissionRuleTable, args, narrow(filter));

function narrow(filter: CommissionRuleFilter | null): Sql[] {
  const conditions: Sql[] = [];
  if (filter?.planId) conditions.push(sql`u.plan_id = ${filter.planId}`);
  if (filter?.partnerId) conditions.push(sql`u.partner_id = ${filter.partnerId}`);
  if (filter?.at)
    conditions.push(
      sql`not u.ended and u.effective_at <= ${filter.at}`,
      sql`not exists (select from commission_rules later where later.rule_key = u.rule_key
          and later.effective_at <= ${filter.at} and (later.effective_at, later.version) > (u.effective_at, u.version))`,
    );
  return conditions;
}
