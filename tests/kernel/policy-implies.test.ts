import { expect, test } from 'vitest';
import { policyImplies } from '../../src/kernel/data/policy-implies.ts';
import type { Operand, Plan } from '../../src/ports/policy-decision.ts';

const eq = (name: string, value: string): Operand => ({
  operator: 'eq',
  operands: [{ variable: `request.resource.attr.${name}` }, { value }],
});
const all = (...operands: Operand[]): Plan => ({
  kind: 'CONDITIONAL',
  condition: operands.length === 1 ? (operands[0] as Operand) : { operator: 'and', operands },
});
const [tenant, partner, settled] = [eq('tenantId', 'acme'), eq('partnerId', 'p1'), eq('status', 'PAID')];
const everything: Plan = { kind: 'ALWAYS_ALLOWED' };
const nothing: Plan = { kind: 'ALWAYS_DENIED' };

test.each<[string, Plan | undefined, Plan | undefined, boolean]>([
  ['everything comes along with anything', all(tenant), everything, true],
  ["the tenant's with the partner's own", all(tenant, partner), all(tenant), true],
  ['the same with the same, in any order', all(tenant, partner), all(partner, tenant), true],
  ['nothing comes along', everything, nothing, false],
  ['what was never asked does not', everything, undefined, false],
  ['nor with what was never asked', undefined, everything, false],
  ["the tenant's does not with what is of all tenants", everything, all(tenant), false],
  ["the partner's own does not with the tenant's", all(tenant), all(tenant, partner), false],
  ["another partner's does not", all(tenant, partner), all(tenant, eq('partnerId', 'p2')), false],
  ['what depends on the row itself does not', all(tenant, settled), all(tenant, settled), false],
])('%s', (_, row, pointedAt, expected) => {
  expect(policyImplies(row, pointedAt)).toBe(expected);
});
