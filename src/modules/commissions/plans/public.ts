/** What other subjects and areas may import. */
export { CommissionPlan } from './commission-plan.entity.ts';
export { CommissionRule, commissionRuleTable, ruleOf } from './commission-rule.entity.ts';
export { CommissionRuleInput, CreateCommissionRuleInput, triedRule } from './rule-terms.ts';
export { RULES_IN_FORCE, type RuleJson, rulesOf } from './rules-in-force.ts';
