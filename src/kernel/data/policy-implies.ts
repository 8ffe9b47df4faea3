import type { Operand, Plan } from '../../ports/policy-decision.ts';
import { memo } from '../request/memo.ts';

/** The attributes that a foreign key makes equal in a row and in the row that it references. */
const ALIKE = new Set(['request.resource.attr.tenantId', 'request.resource.attr.partnerId']);

const known = new WeakMap<Plan, WeakMap<Plan, boolean>>();

/** True when the policy of the referenced row is implied by the policy of this row, so that joining it is safe. That is so
 *  if the second plan only repeats conditions of the first one on the tenant and partner that both rows share. */
export function policyImplies(row: Plan | undefined, pointedAt: Plan | undefined): boolean {
  if (!row || !pointedAt) return false;
  const answers = memo(known, row, () => new WeakMap<Plan, boolean>());
  return memo(answers, pointedAt, () => compare(row, pointedAt));
}

function compare(row: Plan, pointedAt: Plan): boolean {
  if (pointedAt.kind !== 'CONDITIONAL') return pointedAt.kind === 'ALWAYS_ALLOWED';
  if (row.kind !== 'CONDITIONAL') return false;
  const asked = new Set(partsOf(row.condition).map((part) => JSON.stringify(part)));
  return partsOf(pointedAt.condition).every((part) => isAlike(part) && asked.has(JSON.stringify(part)));
}

const partsOf = (operand: Operand): readonly Operand[] =>
  'operator' in operand && operand.operator === 'and' ? operand.operands.flatMap(partsOf) : [operand];

const isAlike = (part: Operand): boolean =>
  'operator' in part &&
  part.operator === 'eq' &&
  part.operands.every((operand) =>
    'variable' in operand ? ALIKE.has(operand.variable) : 'value' in operand,
  );
